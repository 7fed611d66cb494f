"""What people do between two questions: they look at what was changed, planned and spent, take it back, and make room.
Each test is a conversation, and what its people see is kept in `threads/`."""

import re

import pytest

from tests.conversation.acting import Scene
from tests.conversation.stage import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


async def test_the_last_question_is_compared_undone_and_redone_by_command(thread: Scene) -> None:
    await thread.mention("write shop.py", means="!write shop.py price = 12\\n\n!say I wrote it.")
    await thread.over()
    await thread.write("fix the price please", means="!edit shop.py 12 => 14\n!say It is 14 now.")
    await thread.over()
    await thread.command("diff")
    await thread.command("undo")
    await thread.look("took the last question back")
    await thread.command("undo")
    await thread.command("diff", of="workspace")
    await thread.command("redo")
    await thread.look("brought the last question back")
    await thread.command("redo")

    thread.end()


async def test_tasks_are_listed_and_room_is_made_also_when_the_machine_sleeps(thread: Scene) -> None:
    await thread.mention("plan the shop", means="!todo read the code; run the tests !say That is the plan.")
    await thread.over()
    await thread.command("pause")
    await thread.command("todo")
    await thread.command("compact")
    await thread.look("summed up")
    await thread.write("go on then", means="!say I know the plan.")
    await thread.over()

    thread.end()


async def test_how_full_the_window_is_can_be_asked_at_any_time(thread: Scene) -> None:
    await thread.mention("what time is it?", means="!say Time for tea.")
    await thread.over()
    assert thread.thread is not None

    sent = await thread.people.alice.command(thread.thread.id, "opencord", {"context": {}})
    await sent.wait_message(within=PATIENCE)

    assert sent.original is not None
    window, spent, last = sent.original.content.split("\n")
    assert re.fullmatch(r"Window: about [\d,]+ of [\d,]+ tokens are taken \(\d+%\)", window)
    assert re.fullmatch(r"This session so far: [\d,]+ tokens, \$\d+\.\d{4}; sub-agents included", spent)
    assert last.startswith("Last answer: model `")


async def test_a_command_of_opencodes_own_is_a_question_like_any_other(thread: Scene) -> None:
    await thread.mention("write shop.py", means="!write shop.py price = 12\\n\n!say I wrote it.")
    await thread.over()
    await thread.command("command", name="inti")
    await thread.command("command", name="init", arguments="!say I know this project now.")
    await thread.over()

    thread.end()
