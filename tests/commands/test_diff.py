"""`/opencord diff`."""

import pytest

from app.commands import diff
from app.commands.diff import MEANING, Extent
from app.ids import ThreadId
from app.sandboxes.machine import State
from app.turns.errors import Refused, Retriable
from app.turns.progress import Change
from app.turns.routing import Policy, Refusal
from app.turns.workbench import Difference
from app.words.door import NO_THREAD, NOT_NOW, UNKNOWN_OPTION
from app.words.machine import MACHINE_GONE, NO_MACHINE
from app.words.session import NO_CHANGES, NO_PATCH, NOTHING_ASKED, OTHERS_AT_WORK, PATCH_ATTACHED
from tests.commands.rooms import IN_THREAD, THREAD, work_on
from tests.presses.pressing import THINKING, finished
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
PATCH = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"
CHANGED = Difference((Change("src/x.py", 1, 1), Change("y.py", 10, 0)), PATCH)


async def test_what_the_last_question_changed_is_counted_and_attached(door: Door) -> None:
    await finished(door, 501)
    await finished(door, 502, machine=False)
    door.bench.changed = CHANGED

    answer = await door.send(used("diff", IN_THREAD))

    assert answer == THINKING
    assert door.log == ["answered", "rouse", "difference", "edit"]
    assert door.bench.asked == [("difference", "ses_1", "502")]
    assert door.fake_replies.texts == [
        f"The last question changed 2 files (+11 −1).\n- `src/x.py` (+1 −1)\n- `y.py` (+10 −0)\n```diff\n{PATCH}```"
    ]
    assert [(file.name, file.content) for file in door.fake_replies.files] == [("changes.diff", PATCH.encode())]
    assert door.fake_replies.aloud == []


async def test_all_that_is_not_committed_is_shown_also_while_something_is_at_work(door: Door) -> None:
    await finished(door, 501)
    await work_on(door, 502)
    door.bench.left = Difference((Change("x", 1, 1),), PATCH)

    await door.send(used("diff", IN_THREAD, of="workspace"))

    assert door.fake_replies.texts == [f"Not committed: 1 file (+1 −1).\n- `x` (+1 −1)\n```diff\n{PATCH}```"]


@pytest.mark.parametrize(
    "patch",
    [PATCH + "+x\n" * 1_000, PATCH + "+```\n", PATCH + "+\u202etxt\n", PATCH + "+\ud83d\n"],
    ids=["long", "a fence in it", "hidden characters", "half a surrogate pair"],
)
async def test_a_patch_that_a_message_cannot_show_as_it_is_stands_in_the_file_alone(door: Door, patch: str) -> None:
    await finished(door)
    door.bench.changed = Difference((Change("x", 1, 1),), patch)

    await door.send(used("diff", IN_THREAD))

    (file,) = door.fake_replies.files
    assert door.fake_replies.texts == [f"The last question changed 1 file (+1 −1).\n- `x` (+1 −1)\n{PATCH_ATTACHED}"]
    assert (file.name, file.content) == ("changes.diff", patch.encode("utf-8", "replace"))


async def test_of_very_many_files_the_first_are_named(door: Door) -> None:
    await finished(door)
    door.bench.changed = Difference(tuple(Change(f"{'deep/' * 60}{n}", 1, 0) for n in range(1_000)), PATCH)

    await door.send(used("diff", IN_THREAD))

    (text,) = door.fake_replies.texts
    assert f"… and {1_000 - diff.FILES} more" in text
    assert len(text) < 2_000


@pytest.mark.parametrize("extent", list(MEANING))
async def test_where_nothing_differs_that_is_said(door: Door, extent: Extent) -> None:
    await finished(door)

    await door.send(used("diff", IN_THREAD, of=extent.value))

    assert (door.fake_replies.texts, door.fake_replies.files) == ([NO_CHANGES[extent]], [])


@pytest.mark.parametrize(("patch", "words"), [("", NO_PATCH), ("+x\n" * 1_000, diff.TOO_LARGE)])
async def test_a_patch_that_cannot_be_attached_is_told_in_words(
    door: Door, patch: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diff, "FILE_BYTES", 2_000)
    await finished(door)
    door.bench.changed = Difference((Change("a.png", 0, 0),), patch)

    await door.send(used("diff", IN_THREAD))

    assert door.fake_replies.texts == [f"The last question changed 1 file.\n- `a.png`\n{words}"]
    assert door.fake_replies.files == []


async def test_where_there_is_nothing_to_look_at_no_machine_is_woken(door: Door) -> None:
    answers = [await door.send(used("diff", IN_THREAD, **given)) for given in ({}, {"of": "workspace"})]
    await work_on(door, 501)
    answers.append(await door.send(used("diff", IN_THREAD)))

    words = [NOTHING_ASKED, NO_MACHINE, OTHERS_AT_WORK]
    assert [spoken(answer) for answer in answers] == [(one, True) for one in words]
    assert door.log == ["answered"] * 3


async def test_without_its_machine_a_question_has_no_diff_any_more(door: Door) -> None:
    await finished(door)
    await door.machines.destroy(ThreadId(THREAD))

    answer = await door.send(used("diff", IN_THREAD))

    assert spoken(answer) == (MACHINE_GONE, True)


@pytest.mark.parametrize("extent", list(MEANING))
async def test_a_machine_that_sleeps_is_woken(door: Door, extent: Extent) -> None:
    await finished(door)
    await door.machines.pause(ThreadId(THREAD))

    await door.send(used("diff", IN_THREAD, of=extent.value))

    sandbox = await door.shelf.sandbox_of(ThreadId(THREAD))
    assert sandbox is not None
    assert sandbox.state is State.ACTIVE


@pytest.mark.parametrize("extent", list(MEANING))
@pytest.mark.parametrize("where", ["machines", "bench"])
@pytest.mark.parametrize(("failure", "words"), [(Refused("Sorry, no."), "Sorry, no."), (Retriable("503"), NOT_NOW)])
async def test_a_failure_is_told_in_words(
    door: Door, extent: Extent, where: str, failure: Exception, words: str
) -> None:
    await finished(door)
    getattr(door, where).failure = failure

    await door.send(used("diff", IN_THREAD, of=extent.value))

    assert door.fake_replies.texts == [words]


async def test_it_is_about_a_thread_and_for_those_who_may_ask_in_it(door: Door) -> None:
    await finished(door)
    outside = await door.send(used("diff"))
    odd = await door.send(used("diff", IN_THREAD, of="moon"))
    pressed = await door.send(used("diff", IN_THREAD, of="turn"))
    door.policy = Policy(required_role="91")
    strangers = [await door.send(used("diff", IN_THREAD, of=extent.value)) for extent in MEANING]

    assert [spoken(one) for one in (outside, odd, pressed)] == [(NO_THREAD, True), *[(UNKNOWN_OPTION, True)] * 2]
    assert [spoken(one) for one in strangers] == [(Refusal.ROLE.value, True)] * 2
    assert set(door.log) == {"answered"}
