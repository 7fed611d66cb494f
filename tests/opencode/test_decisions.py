"""By what it did, a decision is known that nobody waits for any more."""

from typing import Any

import pytest

from app.ids import AskId
from app.opencode.decisions import was_taken
from app.turns.progress import Allowed, Ask, Decision, Denied, Permission

PUBLISH = Ask(AskId("per_207150477001bbbb"), Permission("bash", "npm publish"))
WRITE = Ask(AskId("per_207150477001bbbb"), Permission("edit", "shop.py"))
BEFORE, ASKING, AFTER = "prt_207150100001cccc", "prt_207150425001aaaa", "prt_207150900001aaaa"
ONCE, NEVER = Allowed(always=False), Denied()
REJECTED = "The user rejected permission to use this specific tool call."


def bash(id: str, status: str, **state: Any) -> dict[str, Any]:
    return {"id": id, "type": "tool", "tool": "bash", "state": {"status": status, "input": GIVEN, **state}}


GIVEN = {"command": "npm publish"}
WAITS = bash(ASKING, "running")
RUNS = bash(ASKING, "running", metadata={"output": ""})
RAN = bash(ASKING, "completed", metadata={"output": "+ shop@1.4.0"})
TURNED_DOWN = bash(ASKING, "error", error=REJECTED)


@pytest.mark.parametrize(
    ("tool", "decision", "taken"),
    [
        (RUNS, ONCE, True),
        (RAN, ONCE, True),
        (WAITS, ONCE, False),
        (TURNED_DOWN, ONCE, False),
        (TURNED_DOWN, NEVER, True),
        (RAN, NEVER, False),
        (WAITS, NEVER, False),
    ],
)
def test_what_a_tool_does_says_what_was_decided(tool: dict[str, Any], decision: Decision, taken: bool) -> None:
    assert was_taken([tool], PUBLISH, decision) is taken


def test_a_change_of_a_file_that_waits_has_not_been_allowed() -> None:
    state = {"status": "running", "input": {"filePath": "/home/user/workspace/shop.py"}}
    tool = {"id": ASKING, "type": "tool", "tool": "write", "state": state}

    assert not was_taken([tool], WRITE, ONCE)
    assert was_taken([{**tool, "state": {**state, "status": "completed"}}], WRITE, ONCE)


@pytest.mark.parametrize("status", ["running", "completed"])
def test_what_the_same_command_does_later_is_another_decision(status: str) -> None:
    """The server was killed while it waited, the prompt was sent again, and it was allowed then."""
    later = bash(AFTER, status, metadata={"output": ""})

    assert not was_taken([WAITS, later], PUBLISH, ONCE)


def test_what_the_same_command_did_earlier_is_another_decision_wherever_it_did_it() -> None:
    earlier = bash(BEFORE, "completed")

    assert not was_taken([WAITS, earlier], PUBLISH, ONCE)
    assert was_taken([RUNS, earlier], PUBLISH, ONCE)


def test_what_nobody_used_was_not_decided() -> None:
    assert not was_taken([], PUBLISH, ONCE)
    assert not was_taken([bash(AFTER, "completed")], PUBLISH, ONCE)
