"""What we send has the shape that Discord wants, and pings nobody."""

import pytest
from hypothesis import given

from app.discord import payloads
from app.discord.limits import NONCE
from app.discord.payloads import Flag, View
from scripts.playground.discord.modals import check_modal
from tests.discord.oracle import check, texts


@pytest.mark.parametrize(
    "payload",
    [
        payloads.message("@everyone"),
        payloads.message("@everyone", nonce="1", reply_to="2", flags=4, file_names=["a"]),
        payloads.edit("@everyone"),
        payloads.told("@everyone")["data"],
        payloads.updated("@everyone")["data"],
    ],
)
def test_nobody_is_pinged_unless_it_is_said(payload: payloads.Payload) -> None:
    assert payload["allowed_mentions"] == {"parse": []}


def test_somebody_is_pinged_where_it_is_said() -> None:
    payload = payloads.message("<@1>", allowed_mentions={"users": ["1"]})
    assert payload["allowed_mentions"] == {"users": ["1"]}


def test_a_nonce_is_always_enforced() -> None:
    assert payloads.message("x", nonce="n")["enforce_nonce"] is True
    assert "enforce_nonce" not in payloads.message("x")


def test_a_reply_survives_the_deletion_of_what_it_replies_to() -> None:
    assert payloads.message("x", reply_to="9")["message_reference"] == {"message_id": "9", "fail_if_not_exists": False}


def test_a_nonce_depends_on_every_part_and_fits() -> None:
    nonces = {payloads.nonce_of("1", "ab"), payloads.nonce_of("1a", "b"), payloads.nonce_of("2", "ab")}
    assert len(nonces) == 3
    assert all(len(nonce) <= NONCE for nonce in nonces)
    assert payloads.nonce_of("1", "ab") in nonces


def test_the_nonce_of_a_turn_is_the_same_in_every_version() -> None:
    assert payloads.nonce_of("1300000000000000001", "hello") == "570cd10947d3fd742ac0a4c8"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("  two\n words ", "two words"), ("", "OpenCord"), ("\n", "OpenCord"), ("x" * 101, "x" * 99 + "…")],
)
def test_a_thread_has_a_name_that_discord_takes(name: str, shown: str) -> None:
    assert payloads.thread(name) == {"name": shown, "auto_archive_duration": 1440}


def test_callbacks_are_as_documented() -> None:
    assert payloads.pong() == {"type": 1}
    assert payloads.deferred() == {"type": 5}
    assert payloads.deferred(ephemeral=True) == {"type": 5, "data": {"flags": 64}}
    assert payloads.told("no")["data"]["flags"] == 64
    assert "flags" not in payloads.told("yes", ephemeral=False)["data"]
    assert payloads.suggested([]) == {"type": 8, "data": {"choices": []}}


def test_answers_to_a_press_are_as_documented() -> None:
    assert payloads.deferred_update() == {"type": 6}
    assert payloads.updated("done")["type"] == 7


def test_a_message_that_changes_after_a_press_loses_its_buttons_unless_it_gets_new_ones() -> None:
    again = payloads.row(payloads.button("Again", "again"))

    assert payloads.updated("done")["data"]["components"] == []
    assert payloads.updated("failed", components=[again])["data"]["components"] == [again]
    assert payloads.edit("done", components=[])["components"] == []
    assert "components" not in payloads.edit("as they were")


def test_buttons_stand_in_rows_of_a_message() -> None:
    yes = payloads.button("Yes", "answer:yes", payloads.Style.DANGER)
    no = payloads.button("x" * 100, "answer:no")

    data = payloads.told("Shall I?", components=[payloads.row(yes, no)])["data"]

    assert data["components"] == [{"type": 1, "components": [yes, no]}]
    assert yes == {"type": 2, "style": 4, "label": "Yes", "custom_id": "answer:yes"}
    assert (no["style"], len(no["label"])) == (2, 80)
    assert "components" not in payloads.told("no buttons")["data"]


def test_an_id_that_discord_would_refuse_is_a_defect() -> None:
    with pytest.raises(AssertionError):
        payloads.button("Yes", "x" * 101)


# --- selects, modals, files --------------------------------------------------------------------------------------


def test_a_select_is_as_documented() -> None:
    choices = [payloads.Choice("Red", "0", "warm"), payloads.Choice("Blue", "1")]

    one = payloads.select("choose", choices, placeholder="Choose one")
    several = payloads.select("choose", choices, most=25)

    assert one == {
        "type": 3,
        "custom_id": "choose",
        "options": [{"label": "Red", "value": "0", "description": "warm"}, {"label": "Blue", "value": "1"}],
        "min_values": 1,
        "max_values": 1,
        "placeholder": "Choose one",
    }
    assert several["max_values"] == 2
    assert "placeholder" not in several


def test_a_modal_asks_in_labels() -> None:
    reason = payloads.text_input("reason", "Reason", description="Optional.", required=False)

    modal = payloads.modal("deny:1", "Deny", reason)

    field = {"type": 4, "custom_id": "reason", "style": 2, "required": False, "max_length": 4000}
    label = {"type": 18, "label": "Reason", "description": "Optional.", "component": field}
    assert modal == {"type": 9, "data": {"custom_id": "deny:1", "title": "Deny", "components": [label]}}


def test_one_person_can_be_notified_and_a_message_can_be_silent() -> None:
    payload = payloads.message("<@1>", flags=Flag.SUPPRESS_NOTIFICATIONS, allowed_mentions=payloads.only("1"))

    assert payload["allowed_mentions"] == {"parse": [], "users": ["1"]}
    assert payload["flags"] == 1 << 12


def test_an_edit_leaves_the_files_alone_unless_it_says_which_there_are_to_be() -> None:
    assert "attachments" not in payloads.edit("x")
    assert payloads.edit("x", file_names=[])["attachments"] == []
    assert payloads.edit("x", file_names=["a"])["attachments"] == [{"id": "0", "filename": "a"}]


@pytest.mark.parametrize("count", [0, 26])
def test_a_list_that_discord_would_refuse_is_a_defect(count: int) -> None:
    with pytest.raises(AssertionError):
        payloads.select("choose", [payloads.Choice("x", str(number)) for number in range(count)])


@given(texts, texts, texts)
def test_whatever_is_written_on_them_discord_takes_buttons_selects_and_modals(one: str, two: str, three: str) -> None:
    choices = [payloads.Choice(one, "0", two), payloads.Choice(two, "1", three)]
    rows = (
        payloads.row(payloads.button(one, "a"), payloads.button(two, "b")),
        payloads.row(payloads.select("c", choices, placeholder=three)),
    )
    asked = payloads.text_input("d", one, description=two, placeholder=three)

    check(View("x", rows))
    check_modal(payloads.modal("e", three, asked)["data"])
