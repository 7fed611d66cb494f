import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ids import TurnId
from app.opencode.chronicle import Chronicle
from app.opencode.slimming import slim
from app.opencode.transcript import Fate, message_id
from app.turns.progress import Doing, Text, Todo, Tool
from tests.opencode.samples import Message, assistant, failed, user

ONE, TWO = message_id(TurnId("1")), message_id(TurnId("2"))
ROOT = "/home/workspace"


def step(id: str, *parts: dict[str, Any], finish: str | None = "tool-calls", parent: str = ONE) -> Message:
    message = assistant(parent, finish=finish, path={"cwd": ROOT, "root": ROOT})
    message["info"]["id"] = id
    message["parts"] = list(parts)
    return message


def text(words: str, id: str = "prt_t") -> dict[str, Any]:
    return {"id": id, "type": "text", "text": words}


def use(name: str = "bash", status: str = "completed", **given: Any) -> dict[str, Any]:
    return {"type": "tool", "tool": name, "state": {"status": status, "input": given, "metadata": {}, "output": "x"}}


def told(*messages: Message) -> Chronicle:
    chronicle = Chronicle(ONE)
    chronicle.take([slim(one) for one in (user(ONE, "hi"), *messages)])
    return chronicle


def task(child: str, status: str = "running", **given: Any) -> dict[str, Any]:
    """A sub-agent, whose session is `child`."""
    part = use("task", status, **given)
    part["state"]["metadata"] = {"sessionId": child}
    return part


def texts(chronicle: Chronicle, *, over: bool = False) -> list[str]:
    return [one.text for one in chronicle.texts(over=over)]


# --- what is held back


def test_a_text_that_nothing_has_followed_yet_may_be_the_end() -> None:
    chronicle = told(step("msg_1", text("First."), use(), text("Then.")))

    assert (texts(chronicle), texts(chronicle, over=True)) == (["First."], ["First.", "Then."])


def test_a_tool_that_follows_a_text_settles_it_though_it_still_runs() -> None:
    assert texts(told(step("msg_1", text("First."), use(status="running"), finish=None))) == ["First."]


def test_a_later_step_settles_what_was_said_before_it() -> None:
    assert texts(told(step("msg_1", text("First.")), step("msg_2", finish=None))) == ["First."]


def test_a_text_that_streams_is_not_shown_yet() -> None:
    assert texts(told(step("msg_1", text(""), finish=None)), over=True) == []


def test_the_beginning_of_an_answer_that_was_cut_off_goes_when_it_is_given_again() -> None:
    cut = step("msg_1", text("Shown.", "prt_1"), use(status="running"), text("Begun.", "prt_2"), finish=None)
    again = step("msg_2", text("Begun and ended.", "prt_3"), finish="stop")

    assert texts(told(cut, again), over=True) == ["Shown.", "Begun and ended."]


def test_a_text_keeps_its_part_for_ever() -> None:
    chronicle = told(step("msg_1", text("First.", "prt_7"), use()))

    assert chronicle.texts(over=False) == chronicle.texts(over=True) == (Text("prt_7", "First."),)


def test_what_was_said_before_a_failure_is_kept() -> None:
    chronicle = told(step("msg_1", text("First."), use()), failed(ONE, "APIError", "Half"))

    assert texts(chronicle, over=True) == ["First.", "Half"]


# --- tools, todos, files


@pytest.mark.parametrize(
    ("part", "tool"),
    [
        (use("bash", command="make test"), Tool("bash", "make test", Doing.DONE)),
        (use("bash", "running", command="make"), Tool("bash", "make", Doing.RUNNING)),
        (use("bash", "pending"), Tool("bash", "", Doing.PENDING)),
        (use("read", filePath=f"{ROOT}/src/a.py"), Tool("read", "src/a.py", Doing.DONE)),
        (use("read", filePath="/etc/hosts"), Tool("read", "/etc/hosts", Doing.DONE)),
        (use("grep", pattern="x.*y", path=ROOT), Tool("grep", "x.*y", Doing.DONE)),
        (use("webfetch", url="https://example.org"), Tool("webfetch", "https://example.org", Doing.DONE)),
        (use("task", description="Look around"), Tool("task", "Look around", Doing.DONE)),
        (use("question", questions=[{"question": "Why?"}]), Tool("question", "Why?", Doing.DONE)),
        (use("question", questions=[]), Tool("question", "", Doing.DONE)),
        (use("todowrite", todos=[]), Tool("todowrite", "", Doing.DONE)),
        (use("invalid", tool="shell", error="?"), Tool("invalid", "shell", Doing.FAILED)),
        (use("bash", "error", command="make"), Tool("bash", "make", Doing.FAILED)),
    ],
)
def test_a_tool_says_what_it_is_used_on(part: dict[str, Any], tool: Tool) -> None:
    assert told(step("msg_1", part, finish=None)).tools(over=False) == (tool,)


def test_a_tool_that_we_do_not_know_goes_by_its_title() -> None:
    part = use("weather_today", place="Rome")
    part["state"]["title"] = "Weather in Rome"

    assert told(step("msg_1", part)).tools(over=False) == (Tool("weather_today", "Weather in Rome", Doing.DONE),)


def test_a_tool_that_a_stopped_server_has_left_running_has_failed() -> None:
    cut = step("msg_1", use(status="running", command="make"), finish=None)

    (again,) = told(cut, step("msg_2", finish=None)).tools(over=False)
    (ended,) = told(cut).tools(over=True)

    assert (again.doing, ended.doing) == (Doing.FAILED, Doing.FAILED)


def test_edits_count_their_lines_and_so_do_files_that_are_new() -> None:
    edit, write = use("edit", filePath="a"), use("write", filePath="b", content="1\n2\n")
    edit["state"]["metadata"] = {"filediff": {"additions": 3, "deletions": 1, "patch": "x"}}
    write["state"]["metadata"] = {"exists": False}

    tools = told(step("msg_1", edit, write)).tools(over=False)

    assert [(tool.added, tool.removed, tool.rewritten) for tool in tools] == [(3, 1, 0), (2, 0, 0)]


def test_of_a_file_that_is_written_over_only_the_lines_that_it_has_now_are_known() -> None:
    over, late = use("write", filePath="b", content="1\n2\n"), use("write", "running", filePath="b", content="1\n")
    over["state"]["metadata"] = {"exists": True}

    tools = told(step("msg_1", over, late, finish=None)).tools(over=False)

    assert [(tool.added, tool.removed, tool.rewritten) for tool in tools] == [(0, 0, 2), (0, 0, 0)]


def test_a_patch_of_several_files_names_them_and_counts_them_together() -> None:
    patch = use("apply_patch", patchText="*** Begin Patch")
    rows = [{"relativePath": "a.py", "additions": 2, "deletions": 1, "patch": "x"}, {"relativePath": "b.py"}]
    patch["state"]["metadata"] = {"diff": "x", "files": rows}

    assert told(step("msg_1", patch)).tools(over=False) == (Tool("apply_patch", "a.py, b.py", Doing.DONE, 2, 1),)


READING = Tool("read", "a.py", Doing.RUNNING)


def test_what_a_sub_agent_does_is_shown_in_the_tool_that_began_it() -> None:
    chronicle = told(step("msg_1", use(), task("ses_2"), task("ses_3"), finish=None))

    shell, shown, waiting = chronicle.tools(over=False, inside={"ses_2": READING, "ses_9": READING})

    assert (shell.inside, shown.inside, waiting.inside) == (None, READING, None)
    assert {tool.inside for tool in chronicle.tools(over=True, inside={"ses_2": READING})} == {None}


@pytest.mark.parametrize("status", ["pending", "completed", "error"])
def test_what_a_sub_agent_has_done_is_not_shown_any_more_once_it_is_over(status: str) -> None:
    """Others beside it still work, so its step goes on."""
    chronicle = told(step("msg_1", task("ses_2", status), task("ses_3"), finish=None))

    over, working = chronicle.tools(over=False, inside={"ses_2": READING, "ses_3": READING})

    assert (over.inside, working.inside) == (None, READING)


def test_only_sub_agents_that_run_are_at_work_and_each_once() -> None:
    """One that is called twice goes on with both in one session."""
    parts = [task("ses_2", "completed"), task("ses_3"), task("ses_4"), task("ses_3"), task("ses_5", "error"), use()]

    assert told(step("msg_1", *parts, finish=None)).at_work == ["ses_3", "ses_4"]


def test_a_sub_agent_of_a_step_that_is_over_is_not_at_work() -> None:
    at_work = task("ses_2")

    ended, followed = told(step("msg_1", at_work)), told(step("msg_1", at_work, finish=None), step("msg_2"))

    assert ended.at_work == followed.at_work == []


def test_the_todo_list_is_the_last_that_was_written() -> None:
    first = use("todowrite", todos=[{"content": "a", "status": "pending"}])
    rows = [("a", "completed"), ("b", "in_progress"), ("c", "cancelled"), ("d", "?")]
    second = use("todowrite", todos=[{"content": task, "status": status} for task, status in rows])

    chronicle = told(step("msg_1", first), step("msg_2", second), step("msg_3", use("todowrite", "pending")))

    doings = (Doing.DONE, Doing.RUNNING, Doing.FAILED, Doing.PENDING)
    assert chronicle.todos() == tuple(Todo(task, doing) for task, doing in zip("abcd", doings, strict=True))


def test_files_are_named_once_and_from_the_workspace() -> None:
    patch = {"type": "patch", "files": [f"{ROOT}/a.txt", f"{ROOT}/b/c.txt"]}

    chronicle = told(step("msg_1", use("write", filePath=f"{ROOT}/a.txt"), patch))

    assert chronicle.made() == ("a.txt", "b/c.txt")


# --- how it grows


def test_a_prompt_that_is_gone_leaves_nothing() -> None:
    chronicle = told(step("msg_1", text("First.")))

    chronicle.take([slim(user(TWO, "something else"))])

    assert (chronicle.messages, chronicle.outcome().fate) == ([], Fate.ABSENT)


def test_a_page_without_anything_known_does_not_join() -> None:
    chronicle = told(step("msg_1"))

    assert not chronicle.joins([step("msg_3"), step("msg_4")])
    assert chronicle.joins([step("msg_1"), step("msg_2")])
    assert Chronicle(ONE).joins([user(ONE, "hi")])


@given(st.lists(st.integers(1, 5), max_size=6), st.integers(0, 3))
def test_however_it_is_read_it_becomes_the_whole_turn(growths: list[int], earlier: int) -> None:
    """Between two looks some messages come, and the last one there was is completed."""
    session = [step(f"msg_before{number}", parent=TWO) for number in range(earlier)] + [user(ONE, "hi")]
    chronicle = Chronicle(ONE)
    for growth in growths:
        if session[-1]["info"]["role"] == "assistant":
            session[-1] = step(
                session[-1]["info"]["id"], text("done"), use(), wrote(len(session)), listed(len(session))
            )
        number = len(session)
        session += [step(f"msg_{number + more}", text("done"), use()) for more in range(growth - 1)]
        session.append(step(f"msg_{number + growth - 1}", text("begun"), use(status="running"), finish=None))

        read(chronicle, session)

        own = session[earlier:]
        assert [one["info"]["id"] for one in chronicle.messages] == [one["info"]["id"] for one in own]
        assert len(chronicle.parts) == sum(len(one["parts"]) for one in own[1:])
        assert everything(chronicle) == everything(told(*own[1:]))


def wrote(number: int) -> dict[str, Any]:
    return use("write", filePath=f"{ROOT}/{number}.txt")


def listed(number: int) -> dict[str, Any]:
    return use("todowrite", todos=[{"content": f"{number}", "status": "pending"}])


def everything(chronicle: Chronicle) -> tuple[object, ...]:
    running, over = [(chronicle.tools(over=over), chronicle.texts(over=over)) for over in (False, True)]
    return running, over, chronicle.todos(), chronicle.made(), chronicle.outcome(), chronicle.root


def test_a_look_at_a_long_turn_costs_a_fraction_of_the_first() -> None:
    """Everybody's turns wait while one is read. Measured: a tenth; as much, if everything were read again."""
    turn = [user(ONE, "hi"), *(step(f"msg_{number}", *busy()) for number in range(1_000))]
    first = min(look(chronicle := Chronicle(ONE), turn) for _ in range(3))

    later = [look(chronicle, [step("msg_999", text(f"{number}"), *busy())]) for number in range(5)]

    assert min(later) < 0.4 * first


def busy() -> list[dict[str, Any]]:
    return [text("Next."), use(command="make"), listed(1), wrote(1)]


def look(chronicle: Chronicle, page: list[Message]) -> float:
    begun = time.perf_counter()
    if chronicle.joins(page):
        chronicle.take([slim(one) for one in page])
    everything(chronicle)
    return time.perf_counter() - begun


def read(chronicle: Chronicle, session: list[Message]) -> None:
    """Back from the end, as far as need be."""
    size = 1
    while size < len(session) and not chronicle.joins(session[-size:]):
        size += 1
    chronicle.take([slim(one) for one in session[-size:]])
