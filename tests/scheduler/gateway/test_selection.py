"""Which events the app gets, and what of them."""

from typing import Any

import pytest

from scheduler.gateway.selection import select

BOT = "9"
ADA = {"id": "1"}
ROLE = "5"


def message(**more: Any) -> dict[str, Any]:
    """In a text channel, of a person, naming nobody."""
    plain = {"id": "100", "guild_id": "2", "channel_type": 0, "author": ADA, "mentions": [], "mention_roles": []}
    return {**plain, **more}


@pytest.mark.parametrize("name", ["MESSAGE_CREATE", "MESSAGE_UPDATE"])
@pytest.mark.parametrize(
    ("change", "relayed"),
    [
        ({}, False),
        ({"mentions": [{"id": BOT}]}, True),
        ({"mentions": [ADA, {"id": BOT}]}, True),
        ({"mentions": [ADA]}, False),
        ({"mention_roles": [ROLE]}, True),
        ({"mention_everyone": True}, False),
        ({"channel_type": 10}, True),
        ({"channel_type": 11}, True),
        ({"channel_type": 12}, True),
        ({"channel_type": 2}, False),
        ({"channel_type": 5}, False),
        ({"channel_type": 13}, False),
        ({"channel_type": 15}, False),
        ({"channel_type": 16}, False),
        ({"referenced_message": {"author": {"id": BOT}}}, True),
        ({"referenced_message": {"author": ADA}}, False),
        ({"referenced_message": None}, False),
        ({"referenced_message": {"author": None}}, False),
        ({"referenced_message": "9"}, False),
        ({"author": {"id": BOT}, "referenced_message": {"author": {"id": BOT}}}, False),
        ({"channel_type": None}, True),
        ({"guild_id": None, "mentions": [{"id": BOT}]}, False),
        ({"guild_id": None, "channel_type": 1}, False),
        ({"author": {"id": BOT}, "channel_type": 11}, False),
        ({"author": {"id": "3", "bot": True}, "channel_type": 11}, True),
        ({"author": None, "channel_type": 11}, True),
        ({"mentions": None}, False),
        ({"mentions": "9"}, False),
        ({"mentions": ["9", None]}, False),
        ({"author": "9", "channel_type": 11}, True),
    ],
)
def test_a_message_is_relayed_whole_or_not_at_all(name: str, change: dict[str, Any], relayed: bool) -> None:
    body = message(**change)

    assert select(name, body, BOT) == (body if relayed else None)


def test_a_message_that_does_not_say_where_it_stands_may_stand_in_a_thread() -> None:
    body = {"id": "100", "guild_id": "2", "channel_id": "7"}  # an update need not have more

    assert select("MESSAGE_UPDATE", body, BOT) == body


@pytest.mark.parametrize(
    "name",
    ["RESUMED", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE",
     "CHANNEL_DELETE", "GUILD_DELETE", "GUILD_ROLE_DELETE"],
)  # fmt: skip
def test_what_the_app_must_know_in_any_case_is_relayed_whole(name: str) -> None:
    assert select(name, {"id": "1", "anything": [1]}, BOT) == {"id": "1", "anything": [1]}


@pytest.mark.parametrize(
    "name",
    ["TYPING_START", "PRESENCE_UPDATE", "GUILD_UPDATE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "THREAD_LIST_SYNC",
     "INTERACTION_CREATE", "MESSAGE_REACTION_ADD", "HEARTBEAT", "", "ready"],
)  # fmt: skip
def test_everything_else_is_not(name: str) -> None:
    assert select(name, message(mentions=[{"id": BOT}]), BOT) is None


def test_of_ready_and_guild_create_only_what_is_small() -> None:
    ready = {
        "v": 10, "user": {"id": BOT}, "session_id": "s", "resume_gateway_url": "wss://x", "shard": [0, 1],
        "application": {"id": "8"}, "guilds": [{"id": "2", "unavailable": True, "members": [1]}, None],
        "private_channels": [], "user_settings": {},
    }  # fmt: skip
    guild = {"id": "2", "name": "G", "unavailable": False, "members": [ADA], "channels": [{}]}

    selected = select("READY", ready, BOT)

    assert selected == {
        "v": 10, "user": {"id": BOT}, "session_id": "s", "resume_gateway_url": "wss://x", "shard": [0, 1],
        "application": {"id": "8"}, "guilds": [{"id": "2"}],
    }  # fmt: skip
    assert select("GUILD_CREATE", guild, BOT) == {"id": "2", "name": "G", "unavailable": False}


@pytest.mark.parametrize("name", ["READY", "RESUMED", "MESSAGE_CREATE", "MESSAGE_DELETE", "GUILD_CREATE"])
@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_a_body_that_is_no_object_is_not_relayed(name: str, body: Any) -> None:
    assert select(name, body, BOT) is None
