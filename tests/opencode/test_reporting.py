from typing import Any

from app.opencode.chronicle import Chronicle
from app.opencode.reporting import children_of, report_of
from app.turns.progress import Change, Report
from tests.opencode.samples import Message
from tests.opencode.test_chronicle import ONE, ROOT, step, told, use

FINISHED = {"type": "step-finish"}
TOKENS = {"total": 0, "input": 1, "output": 2, "reasoning": 4, "cache": {"read": 8, "write": 16}}


def spent(message: Message, cost: float) -> Message:
    message["info"] |= {"tokens": TOKENS, "cost": cost}
    return message


def row(file: str, status: str, patch: str = "", added: int = 0, removed: int = 0) -> dict[str, Any]:
    return {"file": file, "status": status, "patch": patch, "additions": added, "deletions": removed}


def test_all_tokens_of_all_steps_and_all_sub_agents_are_counted() -> None:
    chronicle = told(spent(step("msg_1", use(), FINISHED), 0.25), spent(step("msg_2", finish="stop"), 0.5))

    report = report_of(chronicle, [{"tokens": TOKENS, "cost": 1.0}], [])

    assert report == Report(tokens=3 * 31, cost=1.75, tools=1)


def test_changes_are_those_of_the_diff() -> None:
    rows = [row("a.txt", "added", added=2), row("b.txt", "modified", added=1, removed=3)]

    report = report_of(told(step("msg_1", use("write", filePath=f"{ROOT}/gone.txt"), FINISHED)), [], rows)

    assert report.changes == (Change("a.txt", 2, 0), Change("b.txt", 1, 3))


def test_a_step_that_was_aborted_adds_what_it_wrote() -> None:
    write = use("write", filePath=f"{ROOT}/late.txt", content="1\n2\n")
    write["state"]["metadata"] = {"exists": False}
    failed = use("edit", "error", filePath=f"{ROOT}/never.txt")

    patch = {"type": "patch", "files": [f"{ROOT}/late.txt", f"{ROOT}/printed.txt"]}
    last = step("msg_1", write, failed, use(), patch, finish=None)

    report = report_of(told(last), [], [row("a.txt", "added")])

    assert report.changes == (Change("a.txt", 0, 0), Change("late.txt", 2, 0), Change("printed.txt", 0, 0))


def test_a_turn_that_nobody_knows_has_cost_nothing() -> None:
    assert report_of(Chronicle(ONE), [], []) == Report()


def test_the_sessions_of_sub_agents_are_known_by_the_tools_that_began_them() -> None:
    task, again = use("task"), use("task")
    for part in (task, again):
        part["state"]["metadata"] = {"sessionId": "ses_2"}

    assert children_of(told(step("msg_1", use(), task, again))) == ["ses_2"]


def test_what_was_changed_twice_counts_once_and_what_came_and_went_not_at_all() -> None:
    rows = [
        row("a.txt", "added", "@@ -0,0 +1,2 @@\n+one\n+two\n", added=2),
        row("b.txt", "added", "@@ -0,0 +1,1 @@\n+one\n", added=1),
        row("logo.png", "modified", added=1),
        row("a.txt", "modified", "@@ -1,2 +1,2 @@\n one\n-two\n+three\n", added=1, removed=1),
        row("b.txt", "deleted", "@@ -1,1 +0,0 @@\n-one\n", removed=1),
        row("logo.png", "modified", added=1, removed=1),
    ]

    report = report_of(told(), [], rows)

    assert report.changes == (Change("a.txt", 2, 0), Change("logo.png", 2, 1))
