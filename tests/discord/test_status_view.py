"""What a status message says of a turn, line by line."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discord.payloads import View
from app.discord.status_view import closing, status, summary
from app.ids import TurnId
from app.turns.progress import Change, Doing, Progress, Report, Todo, Tool
from app.turns.status import Outcome, Phase, Status, Summary, Verbosity
from app.words.amounts import duration, price
from tests.discord.oracle import check, labels, texts

TURN = TurnId("1300000000000000001")
SINCE = 1_700_000_000.0
AGO = "<t:1700000000:R>"

TESTING = Tool("bash", "npm test", Doing.RUNNING)
BUSY = Progress(
    tools=(
        Tool("read", "README.md", Doing.DONE),
        Tool("grep", "TODO", Doing.DONE),
        Tool("edit", "src/app.py", Doing.DONE, 12, 3),
        Tool("todowrite", "3 todos", Doing.DONE),
        Tool("bash", "npm install", Doing.FAILED),
        TESTING,
    ),
    todos=(
        Todo("Read the code", Doing.DONE),
        Todo("Write tests", Doing.RUNNING),
        Todo("Say so", Doing.PENDING),
        Todo("Dance", Doing.FAILED),
    ),
)


def lines(view: View) -> list[str]:
    return view.content.split("\n")


def at(phase: Phase, verbosity: Verbosity = Verbosity.NORMAL, progress: Progress | None = None) -> Status:
    return Status(phase, SINCE, verbosity, progress or Progress())


def failed(reason: str) -> View:
    return summary(Summary(Outcome.FAILED, 12.0, reason=reason, verbosity=Verbosity.QUIET), TURN)


def test_why_a_turn_failed_is_said_below_how_it_ended() -> None:
    view = failed("Sorry, this thread is locked. *Please*\nask.")

    assert lines(view) == [
        "-# ❌ **Failed** after 12 s",
        "-# Sorry, this thread is locked. \\*Please\\* ask.",
    ]


def test_however_much_there_is_to_say_of_a_failure_it_fits() -> None:
    check(failed("*_" * 5_000))


# --- a turn at work ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "line"),
    [
        (Phase.QUEUED, f"-# 🕒 **Queued** · begins when what was asked before is done · asked {AGO}"),
        (Phase.NEXT, f"-# ⏳ **Next** · begins as soon as the question before it is done · asked {AGO}"),
        (Phase.STARTING, f"-# ⏳ **Starting a machine** · work begun {AGO}"),
        (Phase.WAKING, f"-# ⏳ **Waking the machine** · work begun {AGO}"),
        (Phase.CLONING, f"-# ⏳ **Cloning the repository** · work begun {AGO}"),
        (Phase.MOVING, f"-# 📦 **Moving in** · work begun {AGO}"),
        (Phase.THINKING, f"-# 🧠 **Thinking** · work begun {AGO}"),
    ],
)
@pytest.mark.parametrize("verbosity", list(Verbosity))
def test_every_phase_is_said_in_words(phase: Phase, line: str, verbosity: Verbosity) -> None:
    assert lines(status(at(phase, verbosity), TURN)) == [line]


def test_in_a_quiet_thread_nothing_is_said_of_the_tools() -> None:
    assert lines(status(at(Phase.THINKING, Verbosity.QUIET, BUSY), TURN)) == [f"-# 🧠 **Thinking** · work begun {AGO}"]


def test_normally_the_last_tools_and_the_tasks_ahead_are_shown() -> None:
    assert lines(status(at(Phase.THINKING, progress=BUSY), TURN)) == [
        f"-# ⚙️ **Running** `npm test` · work begun {AGO}",
        "-# 📋 **Tasks 1 of 4**",
        "-# ▶ now: Write tests",
        "-# ☐ to do: Say so",
        "-# ✖ given up: Dance",
        "-# 🔎 Searched for `TODO`",
        "-# ✏️ Edited `src/app.py`",
        "-# ❌ Ran `npm install`: failed",
    ]


def test_a_verbose_thread_sees_what_each_tool_changed_and_every_task() -> None:
    shown = lines(status(at(Phase.THINKING, Verbosity.VERBOSE, BUSY), TURN))

    assert "-# ✏️ Edited `src/app.py` (+12 −3)" in shown
    assert "-# 📖 Read `README.md`" in shown
    assert "-# ☑ done: Read the code" in shown


@pytest.mark.parametrize(
    ("verbosity", "done", "most", "last"),
    [
        (Verbosity.NORMAL, 0, 3, "-# … and 9 more"),
        (Verbosity.NORMAL, 5, 3, "-# … and 4 more"),
        (Verbosity.NORMAL, 9, 3, "-# ☐ to do: Step 11"),
        (Verbosity.VERBOSE, 0, 10, "-# … and 2 more"),
        (Verbosity.VERBOSE, 12, 10, "-# … and 2 more"),
    ],
)
def test_tasks_that_are_not_shown_are_counted(verbosity: Verbosity, done: int, most: int, last: str) -> None:
    todos = tuple(Todo(f"Step {number}", Doing.DONE if number < done else Doing.PENDING) for number in range(12))

    shown = lines(status(at(Phase.THINKING, verbosity, Progress(todos=todos)), TURN))

    assert shown[1] == f"-# 📋 **Tasks {done} of 12**"
    assert len([line for line in shown if "Step" in line]) == most
    assert shown[-1] == last


def test_of_a_long_path_the_name_of_the_file_is_seen() -> None:
    deep = "deep/" * 30 + "settings.toml"
    progress = Progress((Tool("read", deep, Doing.DONE), Tool("bash", deep, Doing.DONE)))

    _, read, ran = lines(status(at(Phase.THINKING, progress=progress), TURN))
    ended = lines(summary(Summary(Outcome.DONE, 1, Report(changes=(Change(deep, 1, 0),))), TURN))

    assert read.endswith("…/settings.toml`")
    assert ran.endswith("deep…`")
    assert ended[1].endswith("…/settings.toml` (+1 −0)")


def test_a_file_that_was_written_over_is_counted_by_the_lines_that_it_has_now() -> None:
    progress = Progress(
        (
            Tool("write", "a.py", Doing.DONE, rewritten=1_200),
            Tool("write", "b.py", Doing.DONE, rewritten=1),
            Tool("write", "c.py", Doing.DONE, 2),
        )
    )

    normal, verbose = (lines(status(at(Phase.THINKING, level, progress), TURN)) for level in list(Verbosity)[1:])

    assert normal[1:] == ["-# 📝 Wrote `a.py`", "-# 📝 Wrote `b.py`", "-# 📝 Wrote `c.py`"]
    assert verbose[1:] == [
        "-# 📝 Wrote `a.py` (1,200 lines)",
        "-# 📝 Wrote `b.py` (1 line)",
        "-# 📝 Wrote `c.py` (+2 −0)",
    ]


def test_what_a_sub_agent_does_stands_below_the_task_that_it_has() -> None:
    grep, shell = Tool("grep", "TODO", Doing.DONE), Tool("bash", "npm test", Doing.RUNNING)
    progress = Progress(
        tools=(
            Tool("task", "Look around", Doing.RUNNING, inside=grep),
            Tool("task", "Test it", Doing.RUNNING, inside=shell),
        ),
        todos=(Todo("Look", Doing.RUNNING),),
    )

    assert lines(status(at(Phase.THINKING, progress=progress), TURN)) == [
        f"-# 🤝 **Handing over** `Test it` · work begun {AGO}",
        "-# ↳ ⚙️ **Running** `npm test`",
        "-# 📋 **Tasks 0 of 1**",
        "-# ▶ now: Look",
        "-# 🤝 **Handing over** `Look around`",
        "-# ↳ 🔎 Searched for `TODO`",
    ]
    assert lines(status(at(Phase.THINKING, Verbosity.QUIET, progress), TURN)) == [
        f"-# 🧠 **Thinking** · work begun {AGO}"
    ]
    assert len(lines(status(at(Phase.WAITING, progress=progress), TURN))) == 3


def test_of_many_tools_the_last_are_shown_and_the_newest_that_runs_comes_first() -> None:
    tools = tuple(Tool("bash", f"step {number}", Doing.DONE) for number in range(2_000))
    beside = (Tool("webfetch", "https://example.com", Doing.RUNNING), TESTING, Tool("bash", "later", Doing.PENDING))

    normal = lines(status(at(Phase.THINKING, progress=Progress((*tools, *beside))), TURN))
    verbose = lines(status(at(Phase.THINKING, Verbosity.VERBOSE, Progress((*tools, *beside))), TURN))

    assert normal[0] == f"-# ⚙️ **Running** `npm test` · work begun {AGO}"
    assert normal[1:] == ["-# ⚙️ Ran `step 1998`", "-# ⚙️ Ran `step 1999`", "-# 🌐 **Fetching** `https://example.com`"]
    assert len(verbose) == 1 + 8


def test_a_tool_that_nobody_knows_is_called_by_its_name() -> None:
    progress = Progress((Tool("linear_create_issue", "", Doing.DONE), Tool("browse", "a page", Doing.RUNNING)))

    assert lines(status(at(Phase.THINKING, progress=progress), TURN)) == [
        f"-# 🔧 **Using** `browse` `a page` · work begun {AGO}",
        "-# 🔧 Used `linear_create_issue`",
    ]


def test_a_busy_provider_is_said_with_the_time_of_the_next_try() -> None:
    progress = Progress(tools=(TESTING,), retry_at=SINCE + 60)

    shown = lines(status(at(Phase.THINKING, Verbosity.QUIET, progress), TURN))

    assert shown == ["-# 🔁 **The model's provider is busy or in trouble**: trying again <t:1700000060:R>"]


def test_whoever_is_waited_for_reads_until_when() -> None:
    waiting = Status(Phase.WAITING, SINCE, expires_at=SINCE + 1_800)

    assert lines(status(waiting, TURN)) == ["-# ✋ **Waiting for an answer** until <t:1700001800:t>"]


def test_a_tool_that_waits_for_leave_is_not_said_to_run() -> None:
    progress = Progress((Tool("read", "package.json", Doing.DONE), TESTING))

    waiting = lines(status(at(Phase.WAITING, progress=progress), TURN))

    assert waiting[1:] == ["-# 📖 Read `package.json`"]


@pytest.mark.parametrize(
    ("phase", "buttons"),
    [
        (Phase.QUEUED, {"Run next": "next", "Interrupt now": "now", "Cancel": "cancel"}),
        (Phase.NEXT, {"Interrupt now": "now", "Cancel": "cancel"}),
        *((phase, {"Stop": "stop"}) for phase in Phase if phase not in (Phase.QUEUED, Phase.NEXT)),
    ],
)
def test_every_status_has_the_buttons_that_fit(phase: Phase, buttons: dict[str, str]) -> None:
    (row,) = status(at(phase), TURN).components

    assert {one["label"]: one["custom_id"] for one in row["components"]} == {
        label: f"{word}:{TURN}" for label, word in buttons.items()
    }


# --- a turn that is over -----------------------------------------------------------------------------------------

REPORT = Report(12_345, 0.0312, 5, (Change("app.py", 38, 2), Change("README.md", 2, 0), Change("logo.png", 0, 0)))


def test_a_turn_that_is_done_says_what_it_took_and_changed() -> None:
    assert lines(summary(Summary(Outcome.DONE, 41.3, REPORT), TURN)) == [
        "-# ✅ **Done** in 41 s · 12,345 tokens · $0.0312 · 3 files changed (+40 −2)",
        "-# ✏️ Changed `app.py` (+38 −2)",
        "-# ✏️ Changed `README.md` (+2 −0)",
        "-# ✏️ Changed `logo.png`",
    ]


def test_in_a_quiet_thread_changed_files_are_counted_and_not_named() -> None:
    report = Report(changes=(Change("src/app.py", 12, 3),))

    view = summary(Summary(Outcome.DONE, 5, report, verbosity=Verbosity.QUIET), TURN)

    assert lines(view) == ["-# ✅ **Done** in 5 s · 1 file changed (+12 −3)"]


def test_what_waits_for_a_permission_is_not_said_to_run() -> None:
    view = status(at(Phase.WAITING, progress=BUSY), TURN)

    assert "npm install" in view.content
    assert "npm test" not in view.content


def test_of_many_changed_files_the_first_are_named() -> None:
    report = Report(changes=tuple(Change(f"{number}.py", 1, 0) for number in range(1_200)))

    shown = lines(summary(Summary(Outcome.DONE, 1, report), TURN))

    assert shown[0].endswith("1,200 files changed (+1,200 −0)")
    assert shown[-1] == "-# … and 1,195 more"
    assert len(shown) == 7


@pytest.mark.parametrize(
    ("ended", "line"),
    [
        (Summary(Outcome.DONE, 1.0, Report()), "-# ✅ **Done** in 1 s"),
        (Summary(Outcome.DONE, None, None, by="alice"), "-# ✅ **Done**"),
        (Summary(Outcome.DONE, 0.2, Report(1, 0.0, 0, (Change("a", 1, 1),))), "-# ✅ **Done** in less than a second"),
        (Summary(Outcome.STOPPED, 12, by="alice"), "-# ⏹️ **Stopped** by alice after 12 s"),
        (Summary(Outcome.STOPPED, 12), "-# ⏹️ **Stopped** after 12 s"),
        (Summary(Outcome.FAILED, 75), "-# ❌ **Failed** after 1 min 15 s"),
        (Summary(Outcome.EXPIRED, 3_725), "-# ⌛ **Expired** after 1 h 2 min: nobody answered in time"),
        (Summary(Outcome.WITHDRAWN, by="a*b"), "-# 🗑️ **Withdrawn** by a\\*b before it began"),
        (Summary(Outcome.RESET, 5, by="bob"), "-# ♻️ **Ended** by bob after 5 s: the machine was reset"),
    ],
)
def test_every_ending_is_said_in_words(ended: Summary, line: str) -> None:
    assert lines(summary(ended, TURN))[0].startswith(line)


@pytest.mark.parametrize(
    ("outcome", "buttons"),
    [
        (Outcome.DONE, ["Diff", "Undo", "Continue"]),
        (Outcome.STOPPED, ["Diff", "Undo", "Continue", "Retry"]),
        (Outcome.FAILED, ["Diff", "Undo", "Retry"]),
        (Outcome.EXPIRED, ["Diff", "Undo", "Retry"]),
        (Outcome.RESET, []),
    ],
)
def test_a_summary_offers_what_can_be_done_now(outcome: Outcome, buttons: list[str]) -> None:
    changed = summary(Summary(outcome, 1, REPORT), TURN)
    unchanged = summary(Summary(outcome, 1, Report(5)), TURN)

    assert labels(changed) == buttons
    assert labels(unchanged) == [label for label in buttons if label not in ("Diff", "Undo")]


def test_what_was_undone_can_be_done_again() -> None:
    (row,) = closing(Outcome.DONE, TURN, changed=True, undone=True)

    assert [one["custom_id"] for one in row["components"]] == [
        f"diff:{TURN}",
        f"redo:{TURN}",
        f"continue:{TURN}",
    ]


def test_a_question_that_never_began_leaves_no_buttons() -> None:
    assert summary(Summary(Outcome.WITHDRAWN), TURN).components == ()


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1, "less than a second"), (59.9, "59 s"), (60, "1 min 0 s"), (7_325, "2 h 2 min")]
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("dollars", "words"), [(0.00001, "less than $0.0001"), (0.5, "$0.5000"), (1234.5, "$1,234.50")]
)
def test_prices_are_as_exact_as_it_takes(dollars: float, words: str) -> None:
    assert price(dollars) == words


# --- whatever it is ----------------------------------------------------------------------------------------------

doing = st.sampled_from(Doing)
many = st.integers(0, 10**9)
used = st.builds(Tool, texts | st.just("bash"), texts, doing, many, many, many)
tools = st.lists(st.builds(replace, used, inside=st.none() | used), max_size=12).map(tuple)
todos = st.lists(st.builds(Todo, texts, doing), max_size=15).map(tuple)
times = st.floats(0, 4e9)
states = st.builds(
    Status,
    st.sampled_from(Phase),
    times,
    st.sampled_from(Verbosity),
    st.builds(Progress, tools, todos, retry_at=st.none() | times),
    st.none() | times,
)
reports = st.builds(Report, many, st.floats(0, 1e6), many, st.lists(st.builds(Change, texts, many, many)).map(tuple))
endings = st.builds(
    Summary, st.sampled_from(Outcome), st.none() | st.floats(0, 1e7), st.none() | reports, st.none() | texts
)


@given(states.map(lambda state: status(state, TURN)) | endings.map(lambda ended: summary(ended, TURN)))
def test_every_status_is_a_message_in_small_print_that_mentions_nobody(view: View) -> None:
    check(view)
    assert all(line.startswith("-# ") for line in lines(view))
    outside_code = re.sub(r"(`+).+?(?<!`)\1(?!`)", "", view.content)
    assert not re.search(r"(?<!\\)<[@#]|(?<!\\)@(everyone|here)", outside_code)
