"""How turns of a thread follow each other: stopped, queued, changed, taken back, failed, asked again. Each test is a
conversation, and what its people see is kept in `threads/`."""

import pytest

from tests.conversation.acting import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

TESTS = "!bash npm test\n!say All 12 tests pass."


async def busy(thread: Scene) -> None:
    """Something is at work, and does not end by itself."""
    thread.people.hold()
    await thread.mention("run the tests", means=TESTS)
    await thread.look("Running")


async def test_stop_ends_a_turn_and_keeps_what_was_done(thread: Scene) -> None:
    thread.people.hold()
    await thread.mention("set up the shop", means=f"!write shop.py price = 12\\n\n!say The shop is there.\n{TESTS}")
    await thread.look("The shop is there.", "Running")
    await thread.press("Stop", who=thread.people.bob)
    await thread.over()
    thread.plays("Continue.", "!say All 12 tests pass.")
    await thread.press("Continue")
    await thread.over()

    thread.end()


async def test_what_is_asked_meanwhile_waits_its_turn(thread: Scene) -> None:
    await busy(thread)
    await thread.write("tell me more please", means="!say There is no more.", who=thread.people.bob)
    await thread.look("**Next**")
    thread.people.release()
    await thread.over()

    thread.end()


async def test_run_next_puts_a_question_before_the_others(thread: Scene) -> None:
    await busy(thread)
    await thread.write("tell me more please", means="!say There is no more.")
    await thread.look("**Next**")
    await thread.write("what time is it?", means="!say Time for tea.", who=thread.people.bob)
    await thread.look("Queued")
    await thread.press("Run next", who=thread.people.bob)
    thread.people.release()
    await thread.over()

    thread.end()


async def test_interrupt_now_stops_what_is_in_the_way(thread: Scene) -> None:
    await busy(thread)
    await thread.write("what time is it?", means="!say Time for tea.", who=thread.people.bob)
    await thread.look("**Next**")
    await thread.press("Interrupt now", who=thread.people.bob)
    await thread.over()

    thread.end()


async def test_what_waits_can_be_changed_and_taken_back(thread: Scene) -> None:
    await busy(thread)
    changed = await thread.write("what time is it?", means="!say Time for tea.")
    await thread.look("**Next**")
    deleted = await thread.write("tell me more please", means="!say There is no more.")
    await thread.look("Queued")
    await thread.write("show me the shop", means="!say Here it is.", who=thread.people.bob)
    await thread.look("Queued")
    await thread.press("Cancel", who=thread.people.bob)
    await thread.look("Withdrawn")
    await thread.delete(deleted)
    await thread.look("Withdrawn")
    await thread.edit(changed, "what day is it?", means="!say Friday.")
    thread.people.release()
    await thread.over()

    thread.end()


async def test_a_failure_is_told_in_words_and_can_be_tried_again(thread: Scene) -> None:
    await thread.mention("what time is it?", means="!fail 401 1\n!say Time for tea.")
    await thread.over()
    await thread.press("Retry", who=thread.people.bob)
    await thread.over()
    await thread.write("what day is it?", means="!limit 3600")
    await thread.over()
    await thread.write("which year is it?", means="!fail 418")
    await thread.over()

    thread.end()


async def test_a_provider_that_is_busy_is_waited_for(thread: Scene) -> None:
    await thread.mention("what time is it?", means="!fail 503 2\n!say Time for tea.")
    await thread.look("provider is busy")
    await thread.over()

    thread.end()


async def test_old_buttons_do_nothing_and_say_why(thread: Scene) -> None:
    await thread.mention("write shop.py", means="!slow 2\n!write shop.py price = 12\\n\n!say It is there.")
    await thread.look("Thinking")
    status = thread.newest("Thinking")
    await thread.over()
    await thread.write("what time is it?", means="!say Time for tea.")
    await thread.over()
    await thread.press("Undo")
    await thread.press("Stop", on=status)

    thread.end()


async def test_a_thread_outlives_its_machine(thread: Scene) -> None:
    await thread.ask("write shop.py", means="!write shop.py price = 12\\n\n!say It is there.")
    await thread.over()
    await thread.command("reset")
    await thread.press("Reset")
    await thread.look("reset the machine", "Done")
    await thread.press("Diff")
    await thread.ask("what did I ask before?", means="!say You wanted a shop.")
    await thread.over()

    thread.end()
