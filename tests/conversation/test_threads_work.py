"""What a thread shows of the work: tools, tasks, files, long answers and tables. Each test is a conversation, and what
its people see is kept in `threads/`."""

import json

import pytest

from scripts.playground.discord.records import Upload
from tests.conversation.acting import Scene
from tests.conversation.company import IMAGE

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

TABLE = """\
| Module | Lines | Tests |
|:--|--:|--:|
| `cart.py` | 120 | 14 |
| `checkout.py` | 88 | 0 |"""
WIDE = """\
| Module | What it is for | What is wrong with it |
|---|---|---|
| `cart.py` | Keeps what somebody is going to buy, with its price at that moment | Nothing: it is small and tested |
| `checkout.py` | Takes the money, by whichever of the three providers was chosen | It is not tested at all |"""
REVIEW = f"""\
# Review
Two modules, in short:

{TABLE}

And at length:

{WIDE}

## What to do
1. Test `checkout.py`
   - a payment that is refused
   - one that never comes back
     - with a retry
2. Say [what went wrong](https://example.com/errors)

- [x] read it all
- [ ] fix it

```python
def pay(cart):
    return provider.charge(cart.total)
```

Ask @everyone or <@1234567890123456789> before you deploy."""


def saying(text: str) -> str:
    return "!say " + text.replace("\n", "\\n")


def tasks(*states: str) -> str:
    names = ("read the code", "run the tests", "write it down")
    todos = [
        {"content": name, "status": state, "priority": "medium"} for name, state in zip(names, states, strict=True)
    ]
    return f"!tool todowrite {json.dumps({'todos': todos})}"


async def test_a_command_is_shown_while_it_runs(thread: Scene) -> None:
    thread.people.hold()
    await thread.mention("run the tests", means="!bash npm test\n!say All 12 tests pass.")
    await thread.look("Running")
    thread.people.release()
    await thread.over()

    thread.end()


async def test_what_is_said_between_two_tools_is_sent_at_once(thread: Scene) -> None:
    thread.people.hold()
    means = "!say I run the tests first.\n!bash npm test\n!write notes.md All well.\n!say They pass, see notes.md."
    await thread.mention("check the shop", means=means)
    await thread.look("Running", "I run the tests first.")
    thread.people.release()
    await thread.over()

    thread.end()


async def test_tasks_are_ticked_off(thread: Scene) -> None:
    thread.people.hold()
    before, after = tasks("completed", "in_progress", "pending"), tasks("completed", "completed", "completed")
    await thread.mention("review the shop", means=f"{before}\n!bash npm test\n{after}\n!say It is fine.")
    await thread.look("Running", "Tasks")
    thread.people.release()
    await thread.over()

    thread.end()


async def test_a_sub_agent_works_within_the_same_turn(thread: Scene) -> None:
    thread.people.hold()
    means = "!task Checks the tests !bash npm test !say They pass.\n!say My helper says that the tests pass."
    await thread.mention("let somebody else run the tests", means=means)
    await thread.look("Running")
    thread.people.release()
    await thread.over()

    thread.end()


async def test_a_quiet_thread_shows_that_there_is_work_and_a_verbose_one_all_of_it(thread: Scene) -> None:
    means = "!write a.py x = 1\\ny = 2\n!edit a.py x = 1 => x = 3\n!read a.py\n!bash npm test\n!say There you are."
    await thread.mention("say hello", means="!say Hello!")
    await thread.over()
    await thread.command("verbosity", level="quiet")
    await thread.look("set verbosity")
    thread.people.hold()
    await thread.write("write a.py quietly", means=means)
    await thread.look("Thinking")
    thread.people.release()
    await thread.over()
    await thread.command("verbosity", level="verbose")
    await thread.look("set verbosity")
    thread.people.hold()
    await thread.write("write a.py again", means=means.replace("x = 1\\n", "x = 1\\n\\n"))
    await thread.look("Running")
    thread.people.release()
    await thread.over()

    thread.end()


async def test_files_come_in(thread: Scene) -> None:
    text, other = Upload("todo.txt", b"buy milk\n", "text/plain"), Upload("backup.zip", b"PK\3\4" + bytes(96))
    await thread.mention("look at these", files=[IMAGE, text, other], means="!bash ls inbox\n!say I have all three.")
    await thread.over()
    await thread.ask("and at this one", "!say It is a list.", file=Upload("list.csv", b"a,b\n1,2\n", "text/csv"))
    await thread.over()

    thread.end()


async def test_files_go_out_once(thread: Scene) -> None:
    means = "!write outbox/sales.csv month,euros\\nMay,1200\n!bash plot outbox/sales.png\n!say Here are the numbers."
    await thread.mention("draw the sales", means=means)
    await thread.over()
    await thread.write("thanks, now tell me more please", means="!say There is no more to tell.")
    await thread.over()

    thread.end()


async def test_a_long_answer_comes_in_several_messages(thread: Scene) -> None:
    await thread.mention("explain it at length", means="!code python\n!long 2400\n!say That was it.")
    await thread.over()

    thread.end()


async def test_a_very_long_answer_comes_as_a_file(thread: Scene) -> None:
    await thread.mention("explain all of it", means="!long 8000\n!say That was it.")
    await thread.over()

    thread.end()


async def test_tables_code_and_lists_can_be_read(thread: Scene) -> None:
    await thread.mention("review the code", means=saying(REVIEW))
    await thread.over()

    thread.end()


async def test_what_was_changed_is_shown_taken_back_and_done_again(thread: Scene) -> None:
    means = "!write shop.py price = 12\\n\n!say I wrote it."
    await thread.mention("write shop.py", means=means)
    await thread.over()
    await thread.write("fix the price please", means="!edit shop.py 12 => 14\n!say It is 14 now.")
    await thread.over()
    await thread.press("Diff")
    await thread.press("Undo")
    await thread.look("took the last question back")
    await thread.press("Diff")
    await thread.press("Redo")
    await thread.look("brought the last question back")

    thread.end()
