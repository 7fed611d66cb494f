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
