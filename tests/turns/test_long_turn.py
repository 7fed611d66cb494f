"""A turn of ten minutes in which two thousand things happen, and what of it reaches Discord.

All pauses and limits are the real ones: time is that of a `LeapingLoop`.
"""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from app.background import meanwhile
from app.connections import open_http
from app.discord.chat import DiscordChat
from app.discord.downloads import Downloads
from app.discord.identity import Application, Identity
from app.discord.rest import Rest
from app.discord.speech import Speech
from app.discord.threads import DiscordThreads
from app.discord.transport import Transport
from app.ids import ChannelId, GuildId, SessionId, TurnId, UserId
from app.sandboxes.keeper import Keeper
from app.sandboxes.ports import Machine
from app.sandboxes.waking import Patience
from app.store.asks import SqliteAsks
from app.store.ledger import SqliteLedger
from app.store.parcels import SqliteParcels
from app.store.preferences import SqlitePreferences
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.books import Books
from app.turns.display import PAUSES
from app.turns.engine import Engine, Habits, World
from app.turns.ports import Prompt
from app.turns.progress import Ask, Decision, Doing, Progress, Report, Text, Todo, Tool
from app.turns.records import Asker, Place, Request, Source
from app.turns.routing import Policy
from app.turns.work import TYPING_SECONDS
from scripts.playground.discord import Clock, Rules, Simulator
from scripts.playground.discord.people import Person
from tests.fakes.files import FakeFiles
from tests.fakes.leaping import LeapingLoop
from tests.fakes.moving import FakeFreight, FakeMigration
from tests.fakes.provider import FakeProvider
from tests.fakes.server import FakeServer
from tests.samples import spoken

pytestmark = pytest.mark.anyio

SECONDS = 600.0
EVENTS = 2_000  # every tool begins and ends
TODOS = 20
TEXTS = 30
AT_ONCE = 6  # texts, which is more than Discord takes at once
BEGUN = 1_800_000_000.0  # epoch seconds, when the loop's time is 0
LAST_WORDS = "That was all."
STEPS = 2  # of a turn that paint: each begins with the shortest pause

EDIT = "PATCH /channels/{channel}/messages/{message}"
POST = "POST /channels/{channel}/messages"
TYPING = "POST /channels/{channel}/typing"


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": LeapingLoop}


class LoopClock(Clock):
    """Also for those who look at it from another thread."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        return BEGUN + self._loop.time()


@dataclass(slots=True)
class BusyAgent:
    """Reports every single event. It ends when `finish` is set."""

    finish: asyncio.Event = field(default_factory=asyncio.Event)

    async def open_session(self, machine: Machine, title: str) -> SessionId:
        return SessionId("ses_1")

    async def prompt(self, machine: Machine, session: SessionId, prompt: Prompt) -> None:
        return

    async def follow(self, machine: Machine, session: SessionId, turn: TurnId) -> AsyncGenerator[Progress, None]:
        tools: list[Tool] = []
        for event in range(1, EVENTS + 1):
            use(tools, event)
            yield Progress(tuple(tools), todos(event), texts(event))
            await asyncio.sleep(SECONDS / EVENTS)
        await self.finish.wait()
        said = (*texts(EVENTS), Text("prt_end", LAST_WORDS))
        yield Progress(tuple(tools), todos(EVENTS), said, ended=True)

    async def reply(self, machine: Machine, ask: Ask, decision: Decision) -> bool:
        raise AssertionError("it asks nothing")

    async def report(self, machine: Machine, session: SessionId, turn: TurnId) -> Report:
        return Report(tokens=1_000_000, tools=EVENTS // 2)

    async def abort(self, machine: Machine, session: SessionId) -> None:
        raise AssertionError("nobody stops it")


def use(tools: list[Tool], event: int) -> None:
    number = (event + 1) // 2
    if event % 2:
        tools.append(Tool("bash", f"step {number}", Doing.RUNNING))
    else:
        tools[-1] = Tool("bash", f"step {number}", Doing.DONE)


def todos(event: int) -> tuple[Todo, ...]:
    done = TODOS * event // EVENTS
    return tuple(Todo(f"task {n}", Doing.DONE if n < done else Doing.PENDING) for n in range(TODOS))


def texts(event: int) -> tuple[Text, ...]:
    bursts = TEXTS // AT_ONCE
    said = bursts * event // EVENTS * AT_ONCE
    return tuple(Text(f"prt_{n}", f"Text {n} of many.") for n in range(said))


@dataclass(frozen=True, slots=True)
class Course:
    """What came of it. `last` is the status message as it was before the agent had finished."""

    calls: Counter[str]
    throttled: int
    offences: list[str]
    seconds: float
    last: str
    summary: str
    said: list[str]


@dataclass(slots=True)
class Scene:
    discord: Simulator
    ada: Person
    ledger: SqliteLedger
    agent: BusyAgent
    thread: str = ""

    async def ask(self) -> None:
        """By a message, on which the thread will hang."""
        channel = self.discord.channel("general").id
        self.thread = (await self.ada.write(channel, "do a lot"))["id"]
        place = Place(GuildId(self.discord.guild), ChannelId(channel))
        asker = Asker(UserId(self.ada.id), "Ada")
        request = Request(TurnId(self.thread), Source.MESSAGE, place, asker, "do a lot")
        await self.ledger.admit(request, self.discord.clock.now())

    def ours(self) -> list[str]:
        """What we said in the thread, the status message first."""
        messages = self.ada.messages(self.thread) if self.thread in self.discord.world.channels else []
        return [one["content"] for one in messages if one["content"] and one["author"]["id"] != self.ada.id]

    async def shown(self, words: str, within: float) -> str:
        """The status message, once the words are in it."""
        return str(
            await self.discord.wait_for(
                lambda: next((status for status in self.ours()[:1] if words in status), None), within
            )
        )

    async def play(self) -> Course:
        began = self.discord.clock.now()
        await self.ask()
        last = await self.shown(f"Ran `step {EVENTS // 2}`", within=2 * SECONDS)
        self.agent.finish.set()
        summary = await self.shown("**Done**", within=60.0)
        discord, seconds = self.discord, self.discord.clock.now() - began
        return Course(discord.calls, discord.throttled, discord.offences, seconds, last, summary, self.ours()[1:])


@asynccontextmanager
async def scene(sqlite: Sqlite) -> AsyncIterator[Scene]:
    # Nobody is to see two edits of one message sooner after each other than the display promises.
    rules = Rules(edit_seconds=min(pause for _, pause in PAUSES) - 0.001)
    async with Simulator(rules=rules, clock=LoopClock()) as discord, open_http() as http:
        clock, agent = discord.clock.now, BusyAgent()
        ledger = SqliteLedger(sqlite, clock)
        books = Books(ledger, SqliteParcels(sqlite), SqliteAsks(sqlite), SqlitePreferences(sqlite))
        keeper = Keeper(FakeProvider(), FakeServer(), SqliteShelf(sqlite), clock, Patience())
        world = World(*chat_to(discord, http), agent, keeper, FakeFiles(), FakeMigration(), FakeFreight())
        engine = Engine(books, world, Policy(), Habits(patience=1_800.0), clock)
        async with meanwhile(engine.run()):
            yield Scene(discord, discord.add_person("Ada"), ledger, agent)


def chat_to(discord: Simulator, http: httpx.AsyncClient) -> tuple[DiscordThreads, DiscordChat]:
    async def asked() -> Application:
        return Application(discord.application_id, discord.public_key, discord.application_id)

    rest = Rest(Transport(http, discord.api_url, discord.token, now=asyncio.get_running_loop().time))
    identity = Identity(asked, discord.clock.now, discord.application_id, discord.public_key)
    speech = Speech(rest, identity, clock=discord.clock.now)
    downloads = Downloads(http, discord.api_url, rest)
    return DiscordThreads(rest, identity, speech), DiscordChat(rest, identity, downloads, speech)


@pytest.fixture(scope="module")
async def course(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Course]:
    """One for all tests of this module."""
    sqlite = Sqlite(tmp_path_factory.mktemp("long") / "turns.sqlite")
    await sqlite.open()
    async with scene(sqlite) as played:
        yield await played.play()
    await sqlite.close()


def most_edits(seconds: float) -> int:
    """Of one message that is painted for so long."""
    edits, until = 0, seconds
    for least, pause in PAUSES:
        edits += math.ceil(max(0.0, until - least) / pause)
        until = min(until, least)
    return edits


async def test_ten_busy_minutes_cost_few_requests(course: Course) -> None:
    calls = Counter(course.calls)

    edits, typing, posts = (calls.pop(route) for route in (EDIT, TYPING, POST))

    assert course.seconds > SECONDS
    assert edits <= most_edits(course.seconds) + STEPS
    assert typing <= course.seconds / TYPING_SECONDS + 1
    assert posts == 1 + TEXTS + 1  # the status, the texts, the last words
    assert sum(calls.values()) <= 2  # the thread, and a look whether its status is there already


async def test_discord_never_has_to_slow_us_down(course: Course) -> None:
    assert course.throttled == 0
    assert course.offences == []


async def test_a_status_is_edited_as_often_as_it_may_be(course: Course) -> None:
    """Else the bounds above would say nothing."""
    assert course.calls[EDIT] > 0.9 * most_edits(course.seconds)


async def test_the_last_state_is_shown(course: Course) -> None:
    assert f"Tasks {TODOS} of {TODOS}" in course.last
    assert course.summary.startswith("-# ✅ **Done** in 10 min")


async def test_whatever_was_said_is_there_once_and_in_order(course: Course) -> None:
    words = [text.text for text in texts(EVENTS)]

    assert [spoken(one) for one in course.said] == [*words, LAST_WORDS]
