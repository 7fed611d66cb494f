"""What is looked at and tidied up between the turns, held against the real binary and against the fake that other tests
use."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from app.ids import SessionId, TurnId
from app.opencode.workbench import OpenCodeWorkbench
from app.sandboxes.ports import Machine
from app.turns.errors import Refused
from app.turns.ports import Prompt
from app.turns.progress import Change, Doing, Todo
from app.turns.workbench import Compacted, Rewound
from tests.contracts.agent_stage import IMPATIENT, World, last_prompt, staged, text_said, until
from tests.fakes.opencode_files import run

pytestmark = pytest.mark.anyio
MODEL = "playground/scripted"
SUM_UP = "Here is the conversation so far"  # so OpenCode begins when it asks the model for a summary


@pytest.fixture(scope="module", params=["fake", "real"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with staged(request.param, tmp_path_factory.mktemp(request.param)) as world:
        yield world


@pytest.fixture
def bench(world: World, request: pytest.FixtureRequest) -> OpenCodeWorkbench:
    return OpenCodeWorkbench(world.http, MODEL, time.time, IMPATIENT[request.node.callspec.params["world"]])


# --- what was changed


async def test_a_difference_counts_what_its_patch_shows(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "8001", "!write counted.txt one\\ntwo\\n")
    await world.ask(machine, session, "8002", "!bash printf 'one\\nthree\\nfour\\n' > counted.txt")

    difference = await bench.difference(machine, session, TurnId("8002"))

    assert difference.changes == (Change("counted.txt", 2, 1),)
    assert "-two\n+three\n+four\n" in difference.patch


async def test_the_diff_is_a_patch_that_git_applies(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "6101", "!write patched.txt one\\ntwo !write gone.txt one\\n")
    before = (world.workspace / "patched.txt").read_bytes()
    await world.ask(
        machine, session, "6102", "!bash rm gone.txt; printf 'one\\nthree\\n' > patched.txt; echo n > new.txt"
    )
    after = (world.workspace / "patched.txt").read_bytes()

    patch = (await bench.difference(machine, session, TurnId("6102"))).patch

    await run("rm -rf ../try && mkdir ../try && cd ../try && git init -q", world.workspace, {})
    (world.workspace.parent / "try" / "patched.txt").write_bytes(before)
    (world.workspace.parent / "try" / "gone.txt").write_text("one\n")
    (world.workspace.parent / "try.patch").write_text(patch)
    applied = await run("git apply ../try.patch && ls", world.workspace.parent / "try", {})
    assert (applied.exit_code, applied.output) == (0, "new.txt\npatched.txt\n")
    assert (world.workspace.parent / "try" / "patched.txt").read_bytes() == after


async def test_the_diff_of_a_long_file_is_what_was_changed_and_a_little_around_it(
    world: World, bench: OpenCodeWorkbench
) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "6111", "!bash seq 2000 > long.txt")
    await world.ask(machine, session, "6112", "!bash sed -i s/^1000$/changed/ long.txt")

    patch = (await bench.difference(machine, session, TurnId("6112"))).patch

    around = [" 997", " 998", " 999", "-1000", "+changed", " 1001", " 1002", " 1003"]
    assert patch.splitlines()[3:] == ["@@ -997,7 +997,7 @@", *around]


async def test_a_turn_that_changed_nothing_has_no_difference(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "8011", "!say Nothing.")

    found = [await bench.difference(machine, session, TurnId(turn)) for turn in ("8011", "8012")]

    assert [(one.changes, one.patch) for one in found] == [((), "")] * 2


async def test_what_is_not_committed_is_all_of_it_and_not_what_people_sent(
    world: World, bench: OpenCodeWorkbench
) -> None:
    machine, session = await world.opened()
    commit = "git add -A && git commit -qm x && echo two >> kept.txt && echo n > added.txt"
    await world.ask(
        machine, session, "8021", f"!bash mkdir -p inbox && echo x > inbox/x && echo one > kept.txt && {commit}"
    )

    difference = await bench.uncommitted(machine)

    assert difference.changes == (Change("added.txt", 1, 0), Change("kept.txt", 1, 0))
    assert "+two\n" in difference.patch
    assert "new file mode 100644" in difference.patch


async def test_a_workspace_that_is_committed_differs_in_nothing(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "8031", "!bash echo one > all.txt; git add -A && git commit -qm y")

    difference = await bench.uncommitted(machine)

    assert (difference.changes, difference.patch) == ((), "")


# --- what is planned, and what it costs


async def test_the_list_of_tasks_is_that_of_the_session(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    before = await bench.todos(machine, session)
    await world.ask(machine, session, "8101", "!todo look; do !say Done.")

    todos = await bench.todos(machine, session)

    assert list(before) == []
    assert list(todos) == [Todo("look", Doing.RUNNING), Todo("do", Doing.PENDING)]


async def test_the_window_fills_with_what_was_said_and_sub_agents_count(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    nothing = await bench.usage(machine, session)
    await world.ask(machine, session, "8111", "!say Hello.")
    little = await bench.usage(machine, session)
    await world.ask(machine, session, "8112", "!task Look !say Found it.")
    more = await bench.usage(machine, session)

    assert nothing is None
    assert little is not None
    assert more is not None
    assert (little.model, little.agent, little.window) == (MODEL, "build", 200_000)
    assert 0 < little.held == little.spent
    assert little.held < more.held < more.spent


async def test_what_was_undone_takes_no_room(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "8121", "!say Hello.")
    before = await bench.usage(machine, session)
    await world.ask(machine, session, "8122", f"!say {'word ' * 2000}")
    await world.agent.undo(machine, session, TurnId("8122"))

    after = await bench.usage(machine, session)

    assert before is not None
    assert after is not None
    assert after.held == before.held


# --- compacting


async def test_a_session_goes_on_from_its_summary(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "8201", "!write kept-on.txt one")

    came = await bench.compact(machine, session, None)
    end = await world.ask(machine, session, "8202", "!say Going on.")

    assert came is Compacted.DONE
    assert text_said(end) == "Going on."
    assert (world.workspace / "kept-on.txt").read_text() == "one"


async def test_compacting_makes_room(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "8211", f"!say {'word ' * 2000}")
    before = await bench.usage(machine, session)
    await bench.compact(machine, session, None)

    after = await bench.usage(machine, session)

    assert before is not None
    assert after is not None
    assert after.held < before.held / 5


async def test_a_session_without_a_word_has_nothing_to_sum_up(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()

    assert await bench.compact(machine, session, None) is Compacted.NOTHING


async def test_a_summary_takes_nobody_the_way_back_from_an_undo(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "8221", "!write taken-back.txt one")
    await world.agent.undo(machine, session, TurnId("8221"))

    came = await bench.compact(machine, session, None)
    redone = await world.agent.redo(machine, session)

    assert came is Compacted.UNDONE
    assert redone is Rewound.DONE
    assert (world.workspace / "taken-back.txt").read_text() == "one"
    assert await bench.compact(machine, session, None) is Compacted.DONE


async def test_a_session_at_work_is_not_compacted(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.agent.prompt(machine, session, Prompt(TurnId("8231"), "!bash sleep 60"))
    await world.once(machine, session, "8231", lambda seen: seen.tools)

    came = await bench.compact(machine, session, None)
    await world.agent.abort(machine, session)

    assert came is Compacted.BUSY


async def summing_up(world: World, bench: OpenCodeWorkbench, turn: str, means: str) -> tuple[Machine, SessionId]:
    """A session with something to sum up, and a model that does this about it from now on."""
    machine, session = await world.opened()
    await world.ask(machine, session, turn, "!say Hello.")
    await bench.compact(machine, session, None)
    await world.ask(machine, session, f"{turn}0", "!say Hello again.")
    wishes = {last_prompt(body).partition("\n\n")[0].strip() for body in world.model.requests}
    world.model.parts |= {wish: means for wish in wishes if wish.startswith(SUM_UP)}
    return machine, session


async def test_a_model_that_fails_to_sum_up_is_not_taken_for_done(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await summing_up(world, bench, "8241", "!fail 401")

    came = await bench.compact(machine, session, None)
    world.model.parts.clear()
    end = await world.ask(machine, session, "8242", "!say Still here.")

    assert came is Compacted.FAILED
    assert text_said(end) == "Still here."


async def test_a_question_goes_before_a_summary(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await summing_up(world, bench, "8251", "!slow 60 !say Too late.")

    compacting = asyncio.create_task(bench.compact(machine, session, None))
    await until(lambda: last_prompt(world.model.requests[-1]).startswith(SUM_UP))
    others = OpenCodeWorkbench(world.http, MODEL, time.time)  # in another process
    busy = [await one.is_busy(machine, session) for one in (bench, others)]
    world.model.parts.clear()
    second = await bench.compact(machine, session, None)
    end = await world.ask(machine, session, "8252", "!say In time.")

    assert second is Compacted.BUSY
    assert await compacting is Compacted.INTERRUPTED
    assert text_said(end) == "In time."
    assert busy == [True, True]
    assert not await bench.is_busy(machine, session)


async def test_a_model_that_nobody_knows_is_not_asked(world: World, bench: OpenCodeWorkbench) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "8261", "!say Hello.")

    with pytest.raises(Refused, match="unknown"):
        await bench.compact(machine, session, "playground/unknown")


async def test_a_session_that_is_gone_is_told_as_that(world: World, bench: OpenCodeWorkbench) -> None:
    machine, gone = world.machine(), SessionId("ses_gone")

    for look in (bench.todos, bench.usage):
        with pytest.raises(Refused, match="next question"):
            await look(machine, gone)
    with pytest.raises(Refused, match="next question"):
        await bench.difference(machine, gone, TurnId("8301"))
