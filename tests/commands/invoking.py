"""Whatever can be run, as Discord sends it, and what Discord would say to the answer. Nothing here names a command."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from app.discord.payloads import Callback
from app.discord.permissions import ADMINISTRATOR
from scripts.document_commands import Runnable, runnables
from scripts.playground.discord.checks import check_message
from scripts.playground.discord.modals import check_modal
from tests.web.door import used

ALL = runnables()
SLASH = [one for one in ALL if not one.is_menu]
each = pytest.mark.parametrize("one", ALL, ids=lambda one: one.title)
MENU = 3

IN_CHANNEL: Mapping[str, Any] = {"id": "200", "type": 0, "parent_id": "40"}
MESSAGE = {"id": "700", "channel_id": "200", "type": 0, "content": "look", "author": {"id": "301", "username": "bob"}}
numbers = itertools.count(9_000)


def asked(one: Runnable, channel: Mapping[str, Any] | None = IN_CHANNEL, **options: object) -> dict[str, Any]:
    """As Discord sends it, each time anew."""
    sent = used("", dict(channel) if channel else None) | {"id": str(next(numbers))}
    if channel is None:
        del sent["channel"]
    if one.is_menu:
        sent["data"] = {"id": "9", "type": MENU, "name": one.path[0], "target_id": MESSAGE["id"]}
        sent["data"]["resolved"] = {"messages": {MESSAGE["id"]: MESSAGE}}
        return sent
    types = {option["name"]: option["type"] for option in one.options}
    tree: list[dict[str, Any]] = [{"name": n, "type": types.get(n, 3), "value": v} for n, v in options.items()]
    for depth, name in enumerate(reversed(one.path[1:])):
        tree = [{"name": name, "type": 1 + bool(depth), "options": tree}]
    sent["data"]["options"] = tree
    return sent


def by_operator(sent: dict[str, Any]) -> dict[str, Any]:
    """Who may do everything."""
    return sent | {"member": {**sent["member"], "permissions": str(ADMINISTRATOR)}}


def judge(answer: Any) -> None:
    """Raises what Discord would refuse it with. Modals and messages, and nothing that a command cannot be answered
    with."""
    kind, data = Callback(answer["type"]), answer.get("data") or {}
    assert kind in (Callback.MESSAGE, Callback.DEFERRED, Callback.MODAL)
    if kind is Callback.MESSAGE:
        assert "allowed_mentions" in data
        assert data["content"].strip()
        check_message(data, (), limit=1, ephemeral_allowed=True)
    elif kind is Callback.MODAL:
        check_modal(data)


def typing(sent: dict[str, Any]) -> dict[str, Any]:
    """The same while its first option is being typed."""
    within = sent["data"]["options"]
    while within[0]["type"] <= 2:
        within = within[0]["options"]
    within[0]["focused"] = True
    return sent | {"type": 4}
