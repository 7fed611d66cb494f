"""Reading what Discord sends, and nothing else."""

from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discord.interactions import Kind, Malformed, parse
from app.ids import UserId
from app.turns.records import Asker, Place

ASK: dict[str, Any] = {
    "version": 1,
    "type": 2,
    "id": "1300000000000000001",
    "application_id": "1200000000000000000",
    "token": "aW50ZXJhY3Rpb24tczNjcmV0",
    "guild_id": "1100000000000000001",
    "channel_id": "1100000000000000002",
    "channel": {"id": "1100000000000000002", "type": 0, "name": "general", "parent_id": "1100000000000000003"},
    "member": {
        "user": {"id": "1000000000000000001", "username": "ada", "global_name": "Ada"},
        "nick": "Countess",
        "roles": ["1100000000000000009"],
        "permissions": "2147483647",
    },
    "app_permissions": "377957239872",
    "locale": "en-GB",
    "data": {
        "id": "1200000000000000009",
        "type": 1,
        "name": "opencord",
        "options": [{"type": 1, "name": "ask", "options": [{"type": 3, "name": "prompt", "value": "list the files"}]}],
    },
    "entitlements": [],
    "a_field_of_next_year": {"x": 1},
}


def changed(**fields: Any) -> dict[str, Any]:
    payload = deepcopy(ASK) | fields
    return {key: value for key, value in payload.items() if value is not ...}


def test_a_command_is_read_whole() -> None:
    interaction = parse(ASK)
    assert interaction.kind is Kind.COMMAND
    assert interaction.command == ("opencord", "ask")
    assert interaction.options == {"prompt": "list the files"}
    assert interaction.member == Asker(UserId("1000000000000000001"), "Countess", ("1100000000000000009",))
    assert interaction.app_permissions == 377957239872
    assert interaction.place is not None
    assert interaction.place.category == "1100000000000000003"
    assert interaction.place.thread is None


def test_in_a_thread_the_place_is_its_channel_and_the_thread() -> None:
    thread = {"id": "1100000000000000008", "type": 11, "parent_id": "1100000000000000002"}
    place = parse(changed(channel=thread)).place
    assert isinstance(place, Place)
    assert (place.channel, place.thread, place.category) == ("1100000000000000002", "1100000000000000008", None)


def test_a_ping_needs_nothing_but_itself() -> None:
    interaction = parse({"type": 1, "id": "1", "token": "t", "application_id": "2"})
    assert interaction.kind is Kind.PING


def test_outside_of_a_server_there_is_no_place() -> None:
    interaction = parse(changed(guild_id=..., member=..., user={"id": "1", "username": "ada"}))
    assert interaction.place is None
    assert interaction.member is not None
    assert interaction.member.name == "ada"


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ({"user": {"id": "1", "username": "ada", "global_name": "Ada"}, "nick": None, "roles": []}, "Ada"),
        ({"user": {"id": "1", "username": "ada", "global_name": None}, "roles": []}, "ada"),
    ],
)
def test_the_name_is_the_one_that_others_see(member: dict[str, Any], name: str) -> None:
    interaction = parse(changed(member=member))
    assert interaction.member is not None
    assert interaction.member.name == name


def test_a_group_adds_to_the_path() -> None:
    options = [{"type": 2, "name": "sandbox", "options": [{"type": 1, "name": "stop"}]}]
    interaction = parse(changed(data={"name": "opencord", "options": options}))
    assert interaction.command == ("opencord", "sandbox", "stop")
    assert interaction.options == {}


def test_autocompletion_says_which_option_is_typed() -> None:
    typed = [{"type": 3, "name": "model", "value": "cla", "focused": True}, {"type": 4, "name": "n", "value": 3}]
    interaction = parse(changed(type=4, data={"name": "opencord", "options": typed}))
    assert interaction.focused == "model"
    assert interaction.options == {"model": "cla", "n": 3}


def test_a_pressed_component_carries_its_id_and_values() -> None:
    data = {"component_type": 3, "custom_id": "v1:answer", "values": ["a", "b"]}
    interaction = parse(changed(type=3, data=data))
    assert interaction.custom_id == "v1:answer"
    assert interaction.values == ("a", "b")


def test_a_pressed_component_says_on_which_message_it_is() -> None:
    data = {"component_type": 2, "custom_id": "stop:1"}

    pressed = parse(changed(type=3, data=data, message={"id": "1300000000000000005"}))

    assert pressed.message == "1300000000000000005"
    assert parse(ASK).message is None


@pytest.mark.parametrize(
    "components",
    [
        [
            {"type": 10, "content": "Why?"},
            {"type": 18, "id": 2, "component": {"type": 4, "id": 3, "custom_id": "reason", "value": "no"}},
            {"type": 18, "component": {"type": 4, "custom_id": "more", "value": ""}},
            {"type": 18, "component": {"type": 3, "custom_id": "colour", "values": ["0"]}},
        ],
        [
            {"type": 1, "components": [{"type": 4, "custom_id": "reason", "value": "no"}]},
            {"type": 1, "components": [{"type": 4, "custom_id": "more", "value": ""}]},
        ],
    ],
    ids=["in labels", "in rows"],
)
def test_a_modal_carries_what_was_written(components: list[dict[str, Any]]) -> None:
    written = parse(changed(type=5, data={"custom_id": "deny:1:per_1", "components": components}))

    assert written.custom_id == "deny:1:per_1"
    assert written.fields == {"reason": "no", "more": ""}


def test_the_size_that_files_may_have_is_read() -> None:
    assert parse(changed(attachment_size_limit=10_485_760)).attachment_size_limit == 10_485_760
    assert parse(ASK).attachment_size_limit is None


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(None, id="nothing"),
        pytest.param([], id="a list"),
        pytest.param("{}", id="a string"),
        pytest.param({}, id="empty"),
        pytest.param(changed(type=6), id="an unknown type"),
        pytest.param(changed(type="2"), id="a type in words"),
        pytest.param(changed(type=None), id="no type"),
        pytest.param(changed(id=...), id="no id"),
        pytest.param(changed(id="abc"), id="an id in words"),
        pytest.param(changed(id="١٢٣"), id="an id in other digits"),
        pytest.param(changed(id="1" * 21), id="an endless id"),
        pytest.param(changed(id=5), id="a number for an id"),
        pytest.param(changed(token=...), id="no token"),
        pytest.param(changed(data=...), id="no data"),
        pytest.param(changed(data={}), id="a command without a name"),
        pytest.param(changed(data={"name": "x", "options": {"a": 1}}), id="options that are no list"),
        pytest.param(changed(data={"name": "x", "options": ["a"]}), id="an option that is no object"),
        pytest.param(changed(data={"name": "x", "options": [{"name": "a", "type": 3}]}), id="an option without value"),
        pytest.param(changed(data={"name": "x", "options": [{"name": "a", "value": {}}]}), id="an object as value"),
        pytest.param(changed(type=3, data={}), id="a component without an id"),
        pytest.param(changed(type=5, data={"custom_id": "x", "components": {}}), id="fields that are no list"),
        pytest.param(changed(type=5, data={"custom_id": "x", "components": ["a"]}), id="a field that is no object"),
        pytest.param(changed(message={"content": "x"}), id="a message without an id"),
        pytest.param(changed(channel={"id": "1"}), id="a channel without a type"),
        pytest.param(changed(channel="1"), id="a channel that is no object"),
        pytest.param(changed(member={"user": {}}), id="a user without an id"),
        pytest.param(changed(app_permissions="all"), id="permissions in words"),
    ],
)
def test_anything_else_is_malformed(payload: object) -> None:
    with pytest.raises(Malformed):
        parse(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*sorted(ASK), "message"]), JSON, max_size=4))
def test_no_shape_makes_it_fail_otherwise(fields: dict[str, Any]) -> None:
    with suppress(Malformed):
        parse(deepcopy(ASK) | fields)


@given(JSON, st.sampled_from(["components", "component"]))
def test_no_shape_of_a_modal_makes_it_fail_otherwise(inside: Any, key: str) -> None:
    with suppress(Malformed):
        parse(changed(type=5, data={"custom_id": "x", "components": [{"type": 18, key: inside}, inside]}))


def test_a_record_does_not_show_its_token() -> None:
    assert ASK["token"] not in repr(parse(ASK))
