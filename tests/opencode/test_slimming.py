from typing import Any

import pytest

from app.ids import TurnId
from app.opencode.chronicle import Chronicle
from app.opencode.slimming import slim
from app.opencode.transcript import message_id
from app.turns.progress import Doing, Todo, Tool
from tests.opencode.samples import Message, assistant, user

PROMPT = message_id(TurnId("1"))
MUCH = "x" * 1_000
MANY = {"patch": MUCH, "additions": 1, "deletions": 2}


def use(name: str, given: dict[str, Any], **state: Any) -> dict[str, Any]:
    return {"id": "prt_1", "type": "tool", "tool": name, "state": {"status": "completed", "input": given, **state}}


def answer(*parts: dict[str, Any]) -> Message:
    message = assistant(PROMPT, finish="tool-calls")
    message["parts"] = list(parts)
    return message


@pytest.mark.parametrize(
    "part",
    [
        {"type": "reasoning", "text": MUCH},
        {"type": "snapshot", "snapshot": MUCH},
        {"type": "text", "text": "Hi", "metadata": {"provider": MUCH}},
        use("bash", {"command": "ls"}, output=MUCH, metadata={"output": MUCH}),
        use("bash", {"command": "ls"}, status="error", error=MUCH),
        use("bash", {"command": "ls"}) | {"metadata": {"provider": MUCH}},
        use("write", {"filePath": "a", "content": MUCH}, metadata={"exists": False, "diagnostics": MUCH}),
        use("edit", {"filePath": "a", "oldString": MUCH, "newString": MUCH}, metadata={"diff": MUCH, "filediff": MANY}),
        use("apply_patch", {"patchText": MUCH}, metadata={"files": [{"relativePath": "a", **MANY}, None]}),
        use("question", {"questions": [{"question": "Why?", "options": [{"label": MUCH}]}]}),
        use("task", {"description": "Look", "prompt": MUCH}),
        use("weather", {"place": MUCH}, title="Weather"),
    ],
)
def test_what_is_read_printed_written_or_thought_is_not_kept(part: dict[str, Any]) -> None:
    assert MUCH[:500] not in str(slim(answer(part)))


def test_what_came_with_the_prompt_is_not_kept() -> None:
    prompt = user(PROMPT, "hi")
    prompt["parts"].append({"type": "file", "url": MUCH})
    prompt["info"]["summary"] = {"diffs": [MUCH]}

    assert slim(prompt) == {"info": {"id": PROMPT, "role": "user", "time": {"created": 1}}, "parts": []}


def test_everything_that_is_shown_of_a_tool_is_kept() -> None:
    given = {"questions": [{"question": "Why?", "options": []}, "odd"]}
    parts = [
        use("write", {"filePath": "/w/a", "content": "1\n2\n3"}, metadata={"exists": False}),
        use("write", {"filePath": "/w/b", "content": ""}, metadata={"exists": True}),
        use("edit", {"filePath": "/w/c", "oldString": "1", "newString": "2"}, metadata={"filediff": MANY}),
        use("question", given),
        use("weather", {"place": "Rome"}, title="Weather in Rome"),
        use("todowrite", {"todos": [{"content": "a", "status": "pending", "priority": "high"}, None]}),
    ]
    chronicle = Chronicle(PROMPT)

    chronicle.take([slim(user(PROMPT, "hi")), slim(answer(*parts))])

    assert chronicle.todos() == (Todo("a", Doing.PENDING),)
    assert chronicle.tools(over=True)[:-1] == (
        Tool("write", "/w/a", Doing.DONE, added=3),
        Tool("write", "/w/b", Doing.DONE),
        Tool("edit", "/w/c", Doing.DONE, added=1, removed=2),
        Tool("question", "Why?", Doing.DONE),
        Tool("weather", "Weather in Rome", Doing.DONE),
    )
