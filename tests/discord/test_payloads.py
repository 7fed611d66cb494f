"""What we send has the shape that Discord wants, and pings nobody."""

import pytest

from app.discord import payloads
from app.discord.limits import NONCE


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
    assert payloads.no_choices() == {"type": 8, "data": {"choices": []}}


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
