"""What is said of that which came along into a fork."""

import pytest

from app.ids import SessionId
from app.sandboxes.cargo import Item, Left
from app.turns.belongings import HERE, NOT_HERE, PARTLY, TRANSCRIPT, Belongings, remark, report
from app.turns.carriers import Carried
from app.turns.history import Said
from app.words.forking import MACHINE_GONE

ORIGIN = "[that thread](https://example.org)"
ALL = Carried(SessionId("ses_1"), 3)
CUT = Carried(SessionId("ses_1"), 1, "abc")
MAIN = Item(".", "main", "abc1234", 2, 0)


def lines(belongings: Belongings, *, has_transcript: bool = False) -> list[str]:
    return report(belongings, "alice", ORIGIN, has_transcript).split("\n")


def files(*items: Item) -> list[str]:
    return lines(Belongings(ALL, items=items))[2:]


def test_it_says_who_forked_what_and_what_came_along() -> None:
    assert lines(Belongings(ALL, items=(MAIN,))) == [
        f"alice forked this from {ORIGIN}. What is done here changes nothing there.",
        "- Conversation: 3 questions, as it was.",
        "- Files: branch `main` at `abc1234`, 2 files uncommitted.",
    ]


@pytest.mark.parametrize(
    ("carried", "expected"),
    [
        (Carried(SessionId("s"), 1), "1 question, as it was."),
        (Carried(SessionId("s"), 0), "0 questions, as it was."),
        (Carried(SessionId("s"), 2, is_cut_short=True), "2 questions, as it was; without what is at work there now."),
        (Carried(SessionId("s"), 2, is_undone=True), "2 questions, as it was; without what was undone there."),
        (
            Carried(SessionId("s"), 2, is_cut_short=True, is_undone=True),
            "2 questions, as it was; without what is at work there now and what was undone there.",
        ),
    ],
)
def test_what_was_left_out_of_the_conversation_is_said(carried: Carried, expected: str) -> None:
    assert lines(Belongings(carried, items=(MAIN,)))[1] == f"- Conversation: {expected}"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item(".", "main", "abc1234", 0, 0), "branch `main` at `abc1234`, nothing uncommitted"),
        (
            Item(".", "main", "abc1234", 2, 0, is_unfinished=True),
            "branch `main` at `abc1234`, 2 files uncommitted; the merge or rebase that is under way there did not come",
        ),
        (Item(".", "", "abc1234", 1, 0), "commit `abc1234`, 1 file uncommitted"),
        (Item(".", "", "", 1_234, 0), "1,234 files, without a git history"),
        (Item(".", "a`b\nc", "abc1234", 1, 0), "branch `a'b c` at `abc1234`, 1 file uncommitted"),
    ],
)
def test_what_the_files_are_is_said(item: Item, expected: str) -> None:
    assert files(item) == [f"- Files: {expected}."]


def test_repositories_inside_of_the_workspace_are_told_apart_and_not_all_of_many() -> None:
    nested = [Item(f"shop{number}", "main", "abc1234", 0, number) for number in range(1, 7)]
    left = Item("trees/side", "", "", 2, -1, left=Left.WORKTREE)

    told = files(MAIN, *nested, left)

    assert told[1] == (
        "- In `trees/side`: left behind, since it is another worktree: what is committed in it came along; "
        "2 files uncommitted in it did not come."
    )
    assert told[2] == "- In `shop1`: branch `main` at `abc1234`, nothing uncommitted."
    assert told[-1] == "- … and 3 more repositories inside of the workspace."
    assert len(told) == 6


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item("x", "", "", 0, -1, left=Left.UNREADABLE), "In `x`: left behind, since it could not be packed."),
        (Item("x", "", "", 0, -1, left=Left.WORKTREE), "what is committed in it came along."),
        (Item("x", "", "", 1, -1, left=Left.SUBMODULE), "pushed; 1 file uncommitted in it did not come."),
        (
            Item("", "", "", 4, -1, left=Left.BEYOND),
            "Repositories inside of the workspace that were left behind, since there are more than 20: 4.",
        ),
    ],
)
def test_what_was_left_behind_is_said_with_its_reason(item: Item, expected: str) -> None:
    told = files(MAIN, item)

    assert len(told) == 2
    assert told[1].endswith(expected)


@pytest.mark.parametrize(
    ("carried", "is_earlier", "end"),
    [
        (CUT, True, ", as they were at that message."),
        (CUT, False, "; as they are now, not as they were at that message."),
        (ALL, False, ", as they were at that message."),  # nothing was asked since
        (None, False, "; as they are now, not as they were at that message."),
        (Carried(SessionId("s"), 1, None), False, "; as they are now, not as they were at that message."),
    ],
)
def test_at_a_message_it_says_from_when_the_files_are(carried: Carried | None, is_earlier: bool, end: str) -> None:
    item = Item(".", "main", "abc1234", 2, 0, is_earlier)

    told = lines(Belongings(carried, "" if carried else "so", (item,), is_cut=True))

    assert told[0].startswith(f"alice forked this up to {ORIGIN}.")
    assert told[2] == f"- Files: branch `main` at `abc1234`, 2 files uncommitted{end}"


def test_at_a_message_that_was_undone_it_says_that_it_is_not_there() -> None:
    item = Item(".", "main", "abc1234", 0, 0, is_earlier=True)

    told = lines(Belongings(Carried(SessionId("s"), 1, "abc", is_undone=True), items=(item,), is_cut=True))

    assert told[0].startswith(f"alice forked this from before {ORIGIN}, which was undone. ")
    assert told[2] == "- Files: branch `main` at `abc1234`, nothing uncommitted."


@pytest.mark.parametrize("has_transcript", [True, False])
def test_what_did_not_come_along_is_said_with_its_reason(has_transcript: bool) -> None:
    told = lines(Belongings(unsaid=MACHINE_GONE, unmoved=MACHINE_GONE), has_transcript=has_transcript)

    rest = "OpenCode was told what was said there lately." if has_transcript else "It begins anew."
    assert told[1:] == [
        f"- Conversation: not as it was, since the machine of that thread is gone. {rest}",
        "- Files: none, since the machine of that thread is gone.",
    ]


@pytest.mark.parametrize(
    ("belongings", "words"),
    [
        (Belongings(ALL, items=(MAIN,)), HERE),
        (Belongings(CUT, items=(MAIN,), is_cut=True), PARTLY),
        (Belongings(Carried(SessionId("s"), 1, None), items=(MAIN,), is_cut=True), PARTLY),
        (Belongings(ALL, unmoved="so"), NOT_HERE),
    ],
)
def test_the_model_is_told_what_the_files_are(belongings: Belongings, words: str) -> None:
    assert words in remark(belongings, ())


def test_without_the_conversation_the_model_is_told_what_was_said_before_it_is_told_where_it_is() -> None:
    told = remark(Belongings(unsaid="so", unmoved="so"), [Said("alice", "hello"), Said("OpenCode", "good day")])

    assert told.startswith(f"{TRANSCRIPT}\n\nalice: hello\n\nOpenCode: good day\n\n(From here on")
