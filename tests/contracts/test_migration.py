"""A conversation that moves from one server to another, held against two of the real binary and against the fakes."""

import json
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest

from app.background import meanwhile
from app.ids import SessionId, TurnId
from app.opencode.migration import OpenCodeMigration
from app.opencode.workbench import OpenCodeWorkbench
from app.sandboxes.ports import Machine
from app.turns.carriers import Carried, Uncarried
from app.turns.workbench import Rewound
from app.words.forking import EARLIER_SESSION, NO_SESSION, NOT_TAKEN, TOO_LONG
from tests.contracts.agent_stage import IMPATIENT, World, staged, text_said
from tests.fakes.opencode import OneMachine

pytestmark = pytest.mark.anyio
MODEL = "playground/scripted"


@dataclass(slots=True)
class Pair:
    """Two servers that know nothing of each other."""

    old: World
    new: World
    migration: OpenCodeMigration
    kind: str

    async def asked(self, *turns: str) -> Machine:
        """A thread of the old server, in which these were asked. Directives begin with the number of the turn."""
        machine, session = await self.old.opened()
        for turn in turns:
            number, _, text = turn.partition(" ")
            await self.old.ask(machine, session, number, text)
        return replace(machine, session=session)

    def shown(self, text: str) -> list[str]:
        """All that the model of the new server was shown, with this question."""
        return [str(message.get("content")) for message in self.new.requests_about(text)[-1]["messages"]]

    async def arrived(self, machine: Machine, carried: Carried, turn: str) -> None:
        await self.migration.settle(machine, carried.session, TurnId(turn), "a fork", f"note {turn}", f"told {turn}")


@pytest.fixture(scope="module", params=["fake", "real"])
async def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        worlds = []
        for name in ("old", "new"):
            folder = tmp_path_factory.mktemp(f"{request.param}-{name}")
            worlds.append(await stack.enter_async_context(staged(request.param, folder)))
        old, new = worlds
        new.threads = 1_000  # theirs are others
        yield Pair(old, new, OpenCodeMigration(old.http, MODEL, IMPATIENT[request.param]), request.param)


async def test_all_that_was_said_goes_on_there_and_stays_where_it_was(pair: Pair) -> None:
    old = await pair.asked("9001 !write one.txt one\\n\n!say I wrote it.", "9002 !say Hello again.")
    new = pair.new.machine()

    carried = await pair.migration.carry(old, new, None)
    await pair.arrived(new, carried, "9003")
    last = await pair.new.ask(new, carried.session, "9004", "!write two.txt two\\n\n!say I wrote another.")

    assert (carried.questions, carried.tree, carried.is_cut_short, carried.is_undone) == (2, "", False, False)
    assert text_said(last) == "I wrote another."
    shown = "\n".join(pair.shown("!write two.txt"))
    assert shown.index("I wrote it.") < shown.index("Hello again.") < shown.index("!write two.txt")
    if pair.kind == "real":  # the fake shows its scripts nothing that is none of theirs
        assert shown.index("Hello again.") < shown.index("note 9003") < shown.index("!write two.txt")
    assert (pair.new.workspace / "two.txt").exists()
    assert not (pair.old.workspace / "two.txt").exists()
    assert old.session is not None
    assert carried.session != old.session
    assert text_said(await pair.old.ask(old, old.session, "9005", "!say Still here.")) == "Still here."
    assert "two.txt" not in json.dumps(pair.old.model.requests[-1]["messages"][1:])


async def test_what_is_asked_there_can_be_looked_at_and_undone(pair: Pair) -> None:
    old = await pair.asked("9011 !write a.txt a\\n\n!say One.")
    new = pair.new.machine()
    carried = await pair.migration.carry(old, new, None)
    await pair.arrived(new, carried, "9012")
    await pair.new.ask(new, carried.session, "9013", "!write b.txt b\\n\n!say Two.")
    bench = OpenCodeWorkbench(pair.new.http, MODEL, time.time, IMPATIENT[pair.kind])

    difference = await bench.difference(new, carried.session, TurnId("9013"))
    undone = await pair.new.agent.undo(new, carried.session, TurnId("9013"))
    again = await pair.new.agent.undo(new, carried.session, TurnId("9011"))

    assert [change.file for change in difference.changes] == ["b.txt"]
    assert undone is Rewound.DONE
    assert not (pair.new.workspace / "b.txt").exists()
    assert again is Rewound.NOTHING


async def test_it_can_be_cut_behind_any_turn(pair: Pair) -> None:
    old = await pair.asked("9021 !say First.", "9022 !write c.txt c\\n\n!say Second.", "9023 !say Third.")

    found = []
    for number, last in enumerate(("9021", "9022", "9023")):
        new = pair.new.machine()
        carried = await pair.migration.carry(old, new, TurnId(last))
        found.append(carried.questions)
        await pair.new.ask(new, carried.session, f"903{number}", f"!say Cut {number}.")
        shown = "\n".join(pair.shown(f"!say Cut {number}."))
        assert [word in shown for word in ("First.", "Second.", "Third.")] == [at <= number for at in range(3)]
        if pair.kind == "real":
            assert bool(carried.tree) is (last != "9023")

    assert found == [1, 2, 3]


async def test_a_fork_can_be_forked_from_its_first_message_and_from_later_ones(pair: Pair) -> None:
    old = await pair.asked("9041 !say Grandparent.")
    between = pair.new.machine()
    carried = await pair.migration.carry(old, between, None)
    await pair.arrived(between, carried, "9042")
    await pair.new.ask(between, carried.session, "9043", "!say Parent.")
    between = replace(between, session=carried.session)

    whole = await pair.migration.carry(between, pair.old.machine(), None)
    first = await pair.migration.carry(between, pair.old.machine(), TurnId("9042"))
    last = await pair.migration.carry(between, pair.old.machine(), TurnId("9043"))

    assert [one.questions for one in (whole, first, last)] == [2, 1, 2]


async def test_what_was_undone_stays_behind(pair: Pair) -> None:
    old = await pair.asked("9051 !say Kept.", "9052 !write d.txt d\\n\n!say Undone.")
    assert old.session is not None
    assert await pair.old.agent.undo(old, old.session, TurnId("9052")) is Rewound.DONE
    new = pair.new.machine()

    carried = await pair.migration.carry(old, new, None)
    await pair.new.ask(new, carried.session, "9053", "!say What is left.")

    assert (carried.questions, carried.is_undone) == (1, True)
    assert "Undone." not in "\n".join(pair.shown("!say What is left."))
    assert await pair.old.agent.redo(old, old.session) is Rewound.DONE


async def test_what_is_at_work_is_left_out(pair: Pair) -> None:
    old = await pair.asked("9061 !say Done.")
    assert old.session is not None
    asking = pair.old.ask(old, old.session, "9062", "!bash sleep 3\n!say Slept.")
    async with meanwhile(_waited(asking)):
        await pair.old.once(old, old.session, "9062", lambda progress: progress.tools)

        carried = await pair.migration.carry(old, pair.new.machine(), None)

    assert (carried.questions, carried.is_cut_short) == (1, True)


async def _waited(asking: Awaitable[object]) -> None:
    await asking


async def test_what_has_arrived_is_known_when_all_of_it_has_and_the_same_twice_is_once(pair: Pair) -> None:
    old = await pair.asked("9071 !say Something.")
    new = pair.new.machine()
    nothing = await pair.migration.arrival(new)
    carried = await pair.migration.carry(old, new, None)
    half = await pair.migration.arrival(new)

    for _ in range(2):
        await pair.arrived(new, carried, "9072")
    whole = [await pair.migration.arrival(one) for one in (new, replace(new, session=carried.session))]

    assert nothing is None
    assert half is None
    assert [(one.session, one.told) for one in whole if one] == [(carried.session, "told 9072")] * 2
    await pair.new.ask(new, carried.session, "9073", "!say Once.")
    assert "\n".join(pair.shown("!say Once.")).count("note 9072") == (pair.kind == "real")


async def test_a_session_into_which_nothing_has_moved_says_so(pair: Pair) -> None:
    new = pair.new.machine()
    session = await pair.new.agent.open_session(new, "a thread")

    arrival = await pair.migration.arrival(replace(new, session=session))

    assert arrival is not None
    assert (arrival.session, arrival.told) == (session, None)


async def test_what_cannot_be_carried_says_why(pair: Pair) -> None:
    old = await pair.asked("9081 !say Short.")
    small = OpenCodeMigration(pair.old.http, MODEL, IMPATIENT[pair.kind], most=1_000)
    gone = replace(old, session=SessionId("ses_gone"))
    cases = [
        (pair.migration, old, TurnId("9999"), EARLIER_SESSION),
        (small, old, None, TOO_LONG),
        (pair.migration, replace(old, session=None), None, NO_SESSION),
        (pair.migration, gone, None, NO_SESSION),
    ]

    for migration, machine, last, reason in cases:
        with pytest.raises(Uncarried) as refused:
            await migration.carry(machine, pair.new.machine(), last)
        assert refused.value.reason == reason


async def test_a_long_history_goes_in_several_pieces(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.opencode.migration.BATCH_EVENTS", 3)
    old = await pair.asked("9091 !say One.", "9092 !bash for i in 1 2 3 4; do echo $i; sleep 0.1; done\n!say Two.")
    new = pair.new.machine()

    carried = await pair.migration.carry(old, new, None)

    await pair.new.ask(new, carried.session, "9093", "!say Whole.")
    assert "Two." in "\n".join(pair.shown("!say Whole."))


@pytest.mark.parametrize("fault", ["moves", "takes_replays"])
async def test_a_server_without_these_routes_or_that_does_not_take_it_is_a_no(
    tmp_path_factory: pytest.TempPathFactory, fault: str
) -> None:
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(staged("fake", tmp_path_factory.mktemp("old")))
        new = await stack.enter_async_context(staged("fake", tmp_path_factory.mktemp("new")))
        assert isinstance(new.provider, OneMachine)
        new.provider.faults = {fault: False}
        await new.boot()
        machine, session = await old.opened()
        await old.ask(machine, session, "9101", "!say Hello.")
        migration = OpenCodeMigration(old.http, MODEL, IMPATIENT["fake"])

        with pytest.raises(Uncarried) as refused:
            await migration.carry(replace(machine, session=session), new.machine(), None)

    assert refused.value.reason == NOT_TAKEN
