"""What of a session is carried: by its events, as the real server writes them."""

from typing import Any

import pytest

from app.ids import TurnId
from app.opencode.past import Extent, Unheard, condensed, extent, messages_of, note_id, reverted_in
from app.opencode.transcript import message_id

HOME = {"directory": "/new/workspace", "projectID": "new"}
Json = dict[str, Any]


def row(number: int, kind: str, session: str = "ses_1", **content: Any) -> Json:
    return {"id": f"evt_{number}", "aggregate_id": session, "seq": number, "type": f"{kind}.1", "data": content}


def session_info(**more: Any) -> Json:
    return {"id": "ses_1", "directory": "/old/workspace", "projectID": "old", "title": "t"} | more


def part(message: str, id: str, text: str) -> Json:
    return {"id": id, "messageID": message, "type": "text", "text": text}


def said(id: str, role: str = "user", **more: Any) -> Json:
    """A message as it is listed."""
    parts = more.pop("parts", [{"type": "text", "text": "x"}])
    return {"info": {"id": id, "role": role, "time": {"created": 1, "completed": 2}, **more}, "parts": parts}


def turn(number: str, tree: str = "", finish: str = "stop") -> list[Json]:
    asked = message_id(TurnId(number))
    began = {"type": "step-start", "snapshot": f"before {tree}"}
    steps = [began, {"type": "text"}, {"type": "step-finish", "snapshot": tree}] if tree else [{"type": "x"}]
    return [said(asked), said(f"msg_a{number}", "assistant", parentID=asked, finish=finish, parts=steps)]


def test_of_everything_the_last_state_is_carried_where_the_first_stood_and_numbered_anew() -> None:
    rows = [
        row(0, "session.created", info=session_info()),
        row(1, "message.updated", info={"id": "m1", "role": "user"}),
        row(2, "message.part.updated", part=part("m1", "p1", "")),
        row(3, "message.updated", session="ses_2", info={"id": "m9", "role": "user"}),
        row(4, "message.part.updated", part=part("m1", "p1", "whole")),
        row(5, "message.part.updated", part=part("m1", "p2", "gone")),
        row(6, "message.part.removed", messageID="m1", partID="p2"),
        row(7, "message.updated", info={"id": "m2", "role": "user"}),
        row(8, "message.part.updated", part=part("m2", "p3", "gone too")),
        row(9, "message.removed", messageID="m2"),
        row(10, "something.else", x=1),
        row(11, "message.updated", info={"id": "m1", "role": "user", "more": 1}),
    ]

    events = condensed(rows, "ses_1", HOME)

    assert [(event["seq"], event["id"]) for event in events] == [
        (0, "evt_0"),
        (1, "evt_11"),
        (2, "evt_4"),
        (3, "evt_10"),
    ]
    assert {event["aggregateID"] for event in events} == {"ses_1"}
    (message,) = messages_of(events)
    assert (message["info"]["more"], [one["text"] for one in message["parts"]]) == (1, ["whole"])


def test_a_session_belongs_to_where_it_goes() -> None:
    rows = [row(0, "session.created", info=session_info()), row(1, "session.updated", info=session_info(revert=None))]

    events = condensed(rows, "ses_1", HOME)

    assert [event["data"]["info"]["directory"] for event in events] == ["/new/workspace"] * 2
    assert [event["data"]["info"]["projectID"] for event in events] == ["new"] * 2
    assert rows[0]["data"]["info"]["directory"] == "/old/workspace"


def test_what_is_undone_is_what_the_last_word_says() -> None:
    undone = session_info(revert={"messageID": "m2"})
    rows = [row(0, "session.created", info=session_info()), row(1, "session.updated", info=undone)]

    assert reverted_in(condensed(rows, "ses_1", HOME)) == "m2"
    assert reverted_in(condensed([*rows, row(2, "session.updated", info=session_info())], "ses_1", HOME)) is None


def test_all_of_an_idle_session_goes() -> None:
    found = extent([*turn("1"), *turn("2", "tree")], None, None, is_busy=False)

    assert found == Extent(None, 2, "", is_cut_short=False, is_undone=False)


def test_it_is_cut_before_the_prompt_that_follows_and_the_files_are_those_of_the_last_step() -> None:
    messages = [*turn("1", "first"), said("msg_x", parts=[{"type": "compaction"}]), *turn("2", "second"), *turn("3")]

    cuts = [extent(messages, None, TurnId(last), is_busy=False) for last in "123"]

    assert [(cut.before, cut.questions, cut.tree) for cut in cuts] == [
        ("msg_dc2", 1, "first"),
        ("msg_dc3", 2, "second"),
        (None, 3, ""),
    ]


def broken_off(number: str) -> list[Json]:
    asked, answer = turn(number, "?")
    return [asked, {**answer, "parts": answer["parts"][:-1]}]


@pytest.mark.parametrize(
    ("first", "second", "tree"),
    [
        (turn("1"), turn("2", "second"), "before second"),  # it failed at the model
        (broken_off("1"), turn("2", "second"), "before second"),
        (broken_off("1"), turn("2"), None),
        (turn("1"), turn("2"), None),
    ],
)
def test_where_a_turn_did_not_end_the_files_are_those_the_next_began_with_or_nobody_knows(
    first: list[Json], second: list[Json], tree: str | None
) -> None:
    assert extent([*first, *second], None, TurnId("1"), is_busy=False).tree == tree


@pytest.mark.parametrize(
    ("last", "reverted", "is_busy", "expected"),
    [
        ("1", "msg_dc2", False, (1, False, False)),  # would not have come along anyway
        ("1", None, True, (1, False, False)),
        ("2", "msg_dc2", False, (1, False, True)),
        ("2", "msg_dc1", False, (0, False, True)),
    ],
)
def test_up_to_a_message_what_is_missing_is_what_would_have_come_along(
    last: str, reverted: str | None, is_busy: bool, expected: tuple[int, bool, bool]
) -> None:
    messages = [*turn("1", "a"), *turn("2", "b"), *turn("3", finish="tool-calls")]

    found = extent(messages, reverted, TurnId(last), is_busy=is_busy)

    assert (found.questions, found.is_cut_short, found.is_undone) == expected


def test_a_remark_of_ours_is_no_question_and_begins_what_came_after_it() -> None:
    remark = said(note_id(TurnId("5")), parts=[{"type": "text", "text": "note", "synthetic": True}])
    messages = [said("msg_1"), said("msg_2", "assistant"), remark, *turn("6")]

    cut = extent(messages, None, TurnId("5"), is_busy=False)

    assert (cut.before, cut.questions) == ("msg_dc6", 1)


@pytest.mark.parametrize(
    ("reverted", "is_busy", "expected"),
    [
        (None, True, Extent("msg_dc2", 1, "", is_cut_short=True, is_undone=False)),
        ("msg_dc2", False, Extent("msg_dc2", 1, "", is_cut_short=False, is_undone=True)),
        ("msg_dc1", True, Extent("msg_dc1", 0, "", is_cut_short=True, is_undone=True)),
    ],
)
def test_what_is_at_work_or_undone_stays_behind(reverted: str | None, is_busy: bool, expected: Extent) -> None:
    messages = [*turn("1"), *turn("2", finish="tool-calls")]

    assert extent(messages, reverted, None, is_busy=is_busy) == expected


def test_a_session_that_is_being_compacted_keeps_the_turn_before() -> None:
    wish = said("msg_x", parts=[{"type": "compaction"}])

    found = extent(
        [*turn("1"), wish, said("msg_y", "assistant", parentID="msg_x", summary=True)], None, None, is_busy=True
    )

    assert (found.before, found.questions) == ("msg_x", 1)


def test_a_turn_that_the_session_does_not_have_is_unheard() -> None:
    with pytest.raises(Unheard):
        extent(turn("1"), None, TurnId("2"), is_busy=False)
