"""Presses as people see them, on a Discord that keeps its rules and accuses whoever breaks them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.discord import ask_view, payloads, status_view
from app.discord.identity import Application, Identity
from app.discord.payloads import View
from app.discord.replies import Replies
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.ids import ChannelId, GuildId, MessageId, SessionId, ThreadId, TurnId, UserId
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.machine import Event, Stage
from app.turns.progress import Allowed, Answered, Ask, Change, Denied, Report
from app.turns.records import Asker, Place, Request, Source
from app.turns.status import Outcome, Phase, Status, Summary
from app.turns.workbench import Difference, Rewound
from app.words.session import NOT_NEWEST, PATCH_ATTACHED, UNDONE
from scripts.playground.discord import Rules, Simulator
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.people import Person
from tests.presses.pressing import RUN, WISHES
from tests.web.door import Door

pytestmark = pytest.mark.anyio
TURN = TurnId("501")
CHANGED = Report(tokens=12, changes=(Change("x", 1, 1),))


@dataclass(slots=True)
class Scene:
    discord: Simulator
    door: Door
    rest: Rest
    ada: Person
    bob: Person
    thread: ThreadId

    async def begin(self) -> None:
        """A turn is at the model."""
        await self.admit(TURN)
        for event in (Event.ACCEPTED, Event.THREAD_OPENED, Event.PROMPT_SENT):
            await self.door.ledger.claim("holder", self.door.now, self.door.now + 15)
            await self.door.ledger.record(TURN, "holder", event, Facts(session=SessionId("ses_1")))

    async def admit(self, turn: TurnId) -> None:
        channel = ChannelId(self.discord.channel("general").id)
        place = Place(GuildId(self.discord.guild), channel, self.thread)
        request = Request(turn, Source.MESSAGE, place, Asker(UserId(self.ada.id), "Ada"), "look")
        await self.door.ledger.admit(request, self.door.now)

    async def end(self) -> None:
        await self.door.machines.make(self.thread)
        await self.door.shelf.remember_session(self.thread, SessionId("ses_1"))
        self.door.machines.session = SessionId("ses_1")
        for event in (Event.ANSWER_TAKEN, Event.DELIVERED):
            await self.door.ledger.record(TURN, "holder", event, Facts(answer="yes"))

    async def ask(self, ask: Ask) -> dict[str, Any]:
        """The message that asks it."""
        asked = await self.door.asks.note(TURN, "holder", ask, self.door.now, self.door.now + 600)
        shown = await self.post(ask_view.ask(asked))
        await self.door.asks.note_message(TURN, "holder", ask.id, MessageId(shown["id"]))
        return shown

    async def post(self, view: View) -> dict[str, Any]:
        return await self.rest.create_message(self.thread, payloads.message(view.content, components=view.components))

    async def press(self, person: Person, label: str, message: Mapping[str, Any], *values: str) -> Interaction:
        pressed = await person.press(self.now(message), label, values)
        await self.bring(pressed)
        return pressed

    async def submit(self, person: Person, opened: Interaction, **written: str) -> None:
        await self.bring(await person.submit(opened, written))

    async def bring(self, interaction: Interaction) -> None:
        """To the app; its answer goes to Discord before it goes on."""

        async def arrive(answer: Any) -> None:
            interaction.answer(answer)

        self.door.before_work = arrive
        await self.door.send(interaction.payload)

    def now(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return next(one for one in self.ada.messages(self.thread) if one["id"] == message["id"])

    def labels(self, message: Mapping[str, Any]) -> list[str]:
        return [one.get("label", "") for row in self.now(message)["components"] for one in row["components"]]

    def last(self, person: Person) -> dict[str, Any]:
        return person.messages(self.thread)[-1]


async def unasked() -> Application:
    raise AssertionError("everything is known")


@pytest.fixture
async def here(sqlite: Sqlite) -> AsyncIterator[Scene]:
    async with Simulator(rules=Rules(window=0.02)) as discord, httpx.AsyncClient() as http:
        rest = Rest(Transport(http, discord.api_url, discord.token))
        identity = Identity(unasked, discord.clock.now, discord.application_id, discord.public_key)
        door = Door(sqlite)
        door.replies, door.messages = Replies(rest, identity, clock=discord.clock.now), rest
        ada, bob = discord.add_person("Ada"), discord.add_person("Bob")
        thread = await ada.start_thread(discord.channel("general").id, "files")
        scene = Scene(discord, door, rest, ada, bob, ThreadId(thread["id"]))
        await scene.begin()
        yield scene
        assert discord.violations == []


async def test_a_permission_is_given_and_everybody_sees_by_whom(here: Scene) -> None:
    shown = await here.ask(RUN)

    await here.press(here.bob, "Always allow", shown)

    asked = await here.door.asks.asked(TURN, RUN.id)
    assert asked is not None
    assert (asked.decision, asked.by) == (Allowed(always=True), "Bob")
    assert "Bob" in here.now(shown)["content"]
    assert here.labels(shown) == []


async def test_a_denial_takes_its_reason_from_a_modal(here: Scene) -> None:
    shown = await here.ask(RUN)

    opened = await here.press(here.ada, "Deny", shown)
    await here.submit(here.ada, opened, reason="Use the other folder.")

    asked = await here.door.asks.asked(TURN, RUN.id)
    assert asked is not None
    assert asked.decision == Denied("Use the other folder.")
    assert "Use the other folder." in here.now(shown)["content"]


async def test_a_modal_that_is_sent_too_late_is_told_to_its_sender_alone(here: Scene) -> None:
    shown = await here.ask(RUN)
    opened = await here.press(here.ada, "Deny", shown)
    await here.press(here.bob, "Allow once", shown)

    await here.submit(here.ada, opened, reason="no")

    assert here.last(here.ada)["content"] == "This has been answered already, by **Bob**."
    assert here.last(here.ada)["flags"] & 64
    assert here.last(here.bob)["id"] == shown["id"]


async def test_questions_are_answered_by_a_modal_and_by_a_list_in_one_message(here: Scene) -> None:
    shown = await here.ask(WISHES)

    opened = await here.press(here.ada, "Other…", shown)
    await here.submit(here.ada, opened, answer="a warm green")
    between = here.now(shown)["content"]
    (row,) = here.now(shown)["components"]
    await here.press(here.bob, row["components"][0]["custom_id"], shown, "S", "L")

    asked = await here.door.asks.asked(TURN, WISHES.id)
    assert asked is not None
    assert asked.decision == Answered((("a warm green",), ("S", "L")))
    assert "Which sizes?" in between
    assert here.labels(shown) == []


async def test_stop_leaves_the_message_to_whoever_works_on_the_turn(here: Scene) -> None:
    shown = await here.post(status_view.status(Status(Phase.THINKING, here.door.now), TURN))

    await here.press(here.bob, "Stop", shown)

    turn = await here.door.ledger.turn(TURN)
    assert turn is not None
    assert (turn.stage, turn.stopped_by) == (Stage.PROMPTED, "Bob")
    assert here.now(shown)["content"] == shown["content"]
    assert here.last(here.ada)["id"] == shown["id"]


async def test_undo_and_redo_change_places_below_a_summary_that_stays(here: Scene) -> None:
    await here.end()
    shown = await here.post(status_view.summary(Summary(Outcome.DONE, 2.0, CHANGED), TURN))

    await here.press(here.bob, "Undo", shown)
    after_undo, aloud = here.labels(shown), here.last(here.ada)
    await here.press(here.ada, "Redo", shown)

    assert (after_undo, here.labels(shown)) == (["Diff", "Redo", "Continue"], ["Diff", "Undo", "Continue"])
    assert here.now(shown)["content"] == shown["content"]
    assert aloud["content"] == "-# ↩️ **Bob** took the last question back, and with it whatever it changed."
    assert aloud["flags"] & (1 << 12)
    assert [one["content"] for one in here.bob.messages(here.thread)].count(UNDONE) == 1
    assert UNDONE not in [one["content"] for one in here.ada.messages(here.thread)]


@pytest.mark.parametrize("patch", ["-old\n+new\n", "+long\n" * 1_000], ids=["short", "long"])
async def test_a_diff_is_between_the_presser_and_us(here: Scene, patch: str) -> None:
    await here.end()
    here.door.bench.changed = Difference((Change("x", 1, 1),), patch)
    shown = await here.post(status_view.summary(Summary(Outcome.DONE, 2.0, CHANGED), TURN))

    await here.press(here.bob, "Diff", shown)

    told = here.last(here.bob)
    assert told["flags"] & 64
    assert here.last(here.ada)["id"] == shown["id"]
    assert told["content"].endswith(PATCH_ATTACHED if len(patch) > 1_000 else f"```diff\n{patch}```")
    assert [file["filename"] for file in told["attachments"]] == ["changes.diff"]


async def test_continue_and_retry_ask_again(here: Scene) -> None:
    await here.end()
    done = await here.post(status_view.summary(Summary(Outcome.DONE, 2.0), TURN))
    failed = await here.post(status_view.summary(Summary(Outcome.FAILED, 2.0), TURN))

    await here.press(here.bob, "Continue", done)
    turns = [*await here.door.ledger.live_turns()]
    await here.door.ledger.end_all(thread=ThreadId(here.thread))
    await here.press(here.ada, "Retry", failed)

    turns += await here.door.ledger.live_turns()
    assert [(turn.prompt, turn.asker.name) for turn in turns] == [("Continue.", "Bob"), ("look", "Ada")]


async def test_what_is_put_next_says_so_in_its_own_message(here: Scene) -> None:
    waiting = TurnId("502")
    await here.admit(waiting)
    for event in (Event.ACCEPTED, Event.THREAD_OPENED):
        await here.door.ledger.claim("opening", here.door.now, here.door.now + 15)
        await here.door.ledger.record(waiting, "opening", event, Facts())
    shown = await here.post(status_view.status(Status(Phase.QUEUED, 1.0), waiting))

    await here.press(here.bob, "Run next", shown)

    assert here.now(shown)["content"].startswith("-# ⏳ **Next**")
    assert here.labels(shown) == ["Interrupt now", "Cancel"]


async def test_redo_goes_when_it_can_only_be_refused_any_more(here: Scene) -> None:
    await here.end()
    done = View("Done", status_view.closing(Outcome.DONE, TURN, changed=True, undone=True))
    shown = await here.post(done)
    here.door.agent.obstacle = Rewound.NEWER

    await here.press(here.bob, "Redo", shown)

    assert here.last(here.bob)["content"] == NOT_NEWEST
    assert here.labels(shown) == ["Continue"]
