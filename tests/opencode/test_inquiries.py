from typing import Any

import pytest

from app.ids import AskId, SessionId
from app.opencode.inquiries import Inquiry, Telling, inquiries_of, telling
from app.turns.progress import Allowed, Answered, Ask, Decision, Denied, Option, Permission, Question

TOOL = {"messageID": "msg_1", "callID": "call_1"}


def permission(id: str = "per_1", **row: Any) -> dict[str, Any]:
    shape = {"id": id, "sessionID": "ses_1", "permission": "bash", "patterns": ["ls"], "metadata": {}, "always": []}
    return {**shape, "tool": TOOL, **row}


def question(id: str = "que_1", *rows: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "sessionID": "ses_1", "questions": list(rows or [{"question": "Why?"}]), "tool": TOOL}


def test_a_permission_to_run_something_shows_all_of_it() -> None:
    row = permission(patterns=["ls", "rm x"], metadata={"command": "ls && rm x"}, always=["ls *", "rm *"])

    (found,) = inquiries_of([row], [])

    ask = Ask(AskId("per_1"), Permission("bash", "ls && rm x", "", ("ls *", "rm *")))
    assert found == Inquiry(ask, SessionId("ses_1"), "msg_1")


def test_other_permissions_show_their_patterns_and_the_change() -> None:
    rows = [
        permission("per_1", permission="edit", patterns=["a.txt"], metadata={"diff": "+x"}),
        permission("per_2", permission="external_directory", patterns=["/etc/*", "/usr/*"]),
    ]

    edit, folder = (one.ask.about for one in inquiries_of(rows, []))

    assert edit == Permission("edit", "a.txt", "+x")
    assert folder == Permission("external_directory", "/etc/*\n/usr/*")


def test_a_tool_that_goes_round_in_circles_is_shown_with_what_it_does() -> None:
    """It comes without a tool, though it is about one."""
    known = {"tool": "bash", "input": {"command": "make"}}
    row = permission(permission="doom_loop", patterns=["bash"], metadata=known, tool=None)
    other = permission(
        "per_2", permission="doom_loop", metadata={"tool": "read", "input": {"filePath": "é"}}, tool=None
    )

    found = inquiries_of([row, other], [])

    assert [(one.ask.about.subject, one.message) for one in found if isinstance(one.ask.about, Permission)] == [
        ("make", None),
        ('read {"filePath": "é"}', None),
    ]


def test_questions_keep_their_order_their_options_and_what_they_allow() -> None:
    options = [{"label": "A", "description": "first"}, {"label": "B"}]
    row = question(
        "que_1", {"question": "One?", "header": "One", "options": options, "multiple": True}, {"custom": False}
    )

    (found,) = inquiries_of([], [row])

    assert found.ask.about == (
        Question("One?", "One", (Option("A", "first"), Option("B")), multiple=True, custom=True),
        Question("", "", (), multiple=False, custom=False),
    )


def test_what_was_asked_first_comes_first() -> None:
    found = inquiries_of([permission("per_3"), permission("per_1")], [question("que_2")])

    assert [one.ask.id for one in found] == ["per_1", "que_2", "per_3"]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"id": "per_1"},
        {"id": "per_1", "permission": "bash"},
        {"id": 7, "sessionID": "ses_1", "permission": "bash"},
        {"id": "que_1", "sessionID": "ses_1", "questions": []},
        {"id": "que_1", "sessionID": "ses_1", "questions": ["what"]},
        {"id": "per_1", "sessionID": "ses_1", "permission": "bash", "metadata": "odd"},
        {"id": "que_1", "sessionID": "ses_1", "questions": [{"options": ["Red", "Green"]}]},
        {"id": "que_1", "sessionID": "ses_1", "questions": [{"options": 7}]},
    ],
)
def test_a_row_that_makes_no_sense_is_passed_over(odd: dict[str, Any]) -> None:
    assert [one.ask.id for one in inquiries_of([odd, permission("per_2")], [odd])] == ["per_2"]


@pytest.mark.parametrize(
    ("decision", "body"),
    [
        (Allowed(always=False), {"reply": "once"}),
        (Allowed(always=True), {"reply": "always"}),
        (Denied(), {"reply": "reject"}),
        (Denied("use make"), {"reply": "reject", "message": "use make"}),
    ],
)
def test_a_decision_about_a_permission_is_told_in_opencodes_words(decision: Decision, body: dict[str, str]) -> None:
    assert telling(Ask(AskId("per_1"), Permission("bash", "ls")), decision) == Telling("/permission/per_1/reply", body)


def test_answers_are_told_and_so_is_that_there_are_none() -> None:
    ask = Ask(AskId("que_1"), (Question("Why?", "Why", ()),))

    assert telling(ask, Answered((("Because",), ()))) == Telling(
        "/question/que_1/reply", {"answers": [["Because"], []]}
    )
    assert telling(ask, Denied("no time")) == Telling("/question/que_1/reject")


def test_a_decision_about_something_else_is_a_defect() -> None:
    with pytest.raises(ValueError, match="per_1"):
        telling(Ask(AskId("per_1"), Permission("bash", "ls")), Answered((("yes",),)))
