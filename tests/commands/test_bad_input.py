"""Whatever goes wrong around a command, it is answered with one plain sentence, and nothing is half done: in the wrong
place, on a machine that sleeps or is gone, with options of another kind, twice at once, too late.

All of it holds for whatever is registered. Where a case does not apply to a command, a table says why. Who may run what
is in `test_every_command`.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.commands import REGISTRATION
from app.discord.identity import Application, Identity
from app.discord.payloads import Callback, Payload
from app.discord.replies import Replies
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.ids import ChannelId, GuildId, ThreadId
from app.inbox import channels
from app.sandboxes.console import Ran
from app.sandboxes.machine import State
from app.store.sqlite import Sqlite
from app.turns.progress import Change, Doing, Todo
from app.turns.records import Place
from app.turns.workbench import Difference, Usage
from app.words.door import BUSY, DEFECT, LATE, NO_THREAD, NOT_NOW, OTHER_OPTION, TOO_LONG, UNKNOWN_COMMAND, UNSHOWN
from app.words.machine import AWAKE
from scripts.document_commands import Runnable
from scripts.playground.discord import Rules, Simulator
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.people import Person
from scripts.register_commands import register
from tests.commands.invoking import IN_CHANNEL, SLASH, asked, by_operator, each, judge
from tests.commands.rooms import IN_THREAD, THREAD, state
from tests.fakes.machines import ENSURE, ROUSE
from tests.presses.pressing import finished
from tests.web.door import Door

pytestmark = pytest.mark.anyio

Path = tuple[str, ...]
BEGINS_A_QUESTION: Mapping[Path, str] = {
    ("ask",): "a question may be asked anywhere: it opens a thread, or makes one its own",
    ("command",): "it is a question",
}
BEGINS_A_TURN: Mapping[Path, str] = {**BEGINS_A_QUESTION, ("fork",): "its turn says it, in the new thread"}
slash = pytest.mark.parametrize("one", SLASH, ids=lambda one: one.title)
SAYING = [one for one in SLASH if one.path[1:] not in BEGINS_A_TURN]
saying = pytest.mark.parametrize("one", SAYING, ids=lambda one: one.title)
LOOKS_UP: Mapping[Path, Sequence[str]] = {("sessions",): ("seen_by", "edit")}  # who may see a thread, Discord knows
refusing = pytest.mark.parametrize(
    "one", [one for one in SAYING if one.path[1:] not in LOOKS_UP], ids=lambda one: one.title
)
NEEDS_NO_MACHINE: Mapping[Path, str] = {
    **dict.fromkeys(BEGINS_A_TURN, "it is written down; the turn wakes the machine"),
    **dict.fromkeys([("help",), ("status",), ("stop",)], "the store knows it"),
    ("sessions",): "the store knows it, and Discord who may see it",
    **dict.fromkeys([("queue", "list"), ("queue", "clear"), ("queue", "move")], "the queue is in the store"),
    **dict.fromkeys([("model",), ("agent",), ("verbosity",)], "what is settled is in the store"),
    **dict.fromkeys([("config", "show"), ("config", "channel"), ("config", "thread")], "so is that"),
    ("pause",): "it is asleep already, and says so",
    ("reset",): "it asks first: what is in a machine that sleeps is not known",
    ("preview",): "nothing runs in a machine that sleeps, and it says how to change that",
}
MAKES_ONE_ANEW: Mapping[Path, str] = {("resume",): "whoever wakes a machine that turns out to be gone wants another"}
FITTING: Mapping[str, Any] = {"path": "src/main.py", "port": 3000, "name": "review", "command": "git status"}
MISFITS: Mapping[int, Sequence[Any]] = {
    3: (5, True, 1.5),
    4: ("x", "3", True, 1.5, -1),
    5: ("yes", 1, 0),
    8: (91, True),
    11: (7, False),
}
UNFIT_WORDS = (NOT_NOW, BUSY, TOO_LONG, DEFECT)
RAW = re.compile(r"[0-9]{9,}|\b(ses|msg|prt|per)_|Traceback|Error\b|[a-z]+\.[a-z]+\.[A-Z]")
SECRET = "canary"
LOST = "the answer got lost"


def fitting(one: Runnable) -> dict[str, Any]:
    """What the command cannot do without."""
    return {option["name"]: value_of(option) for option in one.options if option.get("required")}


def value_of(option: Payload) -> Any:
    if choices := option.get("choices"):
        return choices[0]["value"]
    kinds = {3: "something", 4: option.get("min_value", 1), 5: True}
    return FITTING.get(option["name"], kinds.get(option["type"], "91"))


async def contents(sqlite: Sqlite) -> list[str]:
    """Everything that is written down."""
    return await sqlite.read(lambda db: list(db.conn.iterdump()))


def furnish(door: Door) -> None:
    """What is to be seen on the machine, and in each of it something that is nobody else's business."""
    door.console.files = {"src/main.py": SECRET.encode(), f"{SECRET}.txt": b"x"}
    door.console.listening = {3000}
    door.console.said, door.console.logged = Ran(0, SECRET, is_cut=False), f"{SECRET}\n"
    door.bench.changed = Difference((Change(f"{SECRET}.txt", 1, 0),), f"+{SECRET}\n")
    door.bench.tasks = [Todo(SECRET, Doing.PENDING)]
    door.bench.used = Usage(f"{SECRET}/model", SECRET, 10, 100, 20, 0.5)


def words_of(door: Door, answer: Any) -> str:
    """What the person reads in the end. Nothing where that is a form, or a turn's to say."""
    if answer["type"] == Callback.MESSAGE:
        return str(answer["data"]["content"])
    return door.fake_replies.texts[-1] if door.fake_replies.texts else ""


def check_words(words: str) -> None:
    assert words.strip()
    assert not any(unfit in words for unfit in UNFIT_WORDS), words


def check_refused(door: Door, answer: Any) -> None:
    """At once, in a sentence or two, to the asker alone."""
    judge(answer)
    assert answer["type"] == Callback.MESSAGE
    assert answer["data"]["flags"] & 64
    check_words(words_of(door, answer))
    assert door.log == ["answered"]


# in the wrong place


@pytest.mark.parametrize(
    "one",
    [one for one in SLASH if one.path[1:] not in {*BEGINS_A_QUESTION, *LOOKS_UP}],
    ids=lambda one: one.title,
)
@pytest.mark.parametrize("channel", [IN_CHANNEL, IN_THREAD], ids=["in no thread", "in a thread of others"])
async def test_where_nothing_was_asked_nothing_is_done(
    door: Door, sqlite: Sqlite, one: Runnable, channel: Mapping[str, Any]
) -> None:
    before = await contents(sqlite)

    answer = await door.send(by_operator(asked(one, channel, **fitting(one))))

    check_refused(door, answer)
    assert not RAW.search(words_of(door, answer))
    assert await contents(sqlite) == before
    assert channel is IN_CHANNEL or words_of(door, answer) != NO_THREAD


@pytest.mark.parametrize("one", [one for one in SLASH if one.path[1:] in BEGINS_A_QUESTION], ids=lambda one: one.title)
@pytest.mark.parametrize("channel", [IN_CHANNEL, IN_THREAD], ids=["in no thread", "in a thread of others"])
async def test_a_question_may_be_begun_anywhere(door: Door, one: Runnable, channel: Mapping[str, Any]) -> None:
    answer = await door.send(by_operator(asked(one, channel, **fitting(one))))

    assert answer["type"] in (Callback.DEFERRED, Callback.MODAL)
    assert door.log == ["answered"]


@each
async def test_in_a_thread_that_was_deleted_nothing_is_begun_on_its_machine(door: Door, one: Runnable) -> None:
    await finished(door)
    await channels.forget_thread(THREAD, door.desk.inbox())
    await door.machines.destroy(THREAD)
    door.log.clear()

    answer = await door.send(by_operator(asked(one, IN_THREAD, **fitting(one))))

    judge(answer)
    assert door.log == ["answered", *LOOKS_UP.get(one.path[1:], ())]
    assert await state(door) is State.DESTROYED


# on a machine that is not there


@slash
async def test_a_machine_that_sleeps_is_woken_where_it_is_needed(door: Door, one: Runnable) -> None:
    furnish(door)
    await finished(door)
    await door.machines.pause(THREAD)
    door.log.clear()

    answer = await door.send(by_operator(asked(one, IN_THREAD, **fitting(one))))

    is_woken = ROUSE in door.log or ENSURE in door.log
    assert is_woken is (one.path[1:] not in NEEDS_NO_MACHINE)
    assert await state(door) is (State.ACTIVE if is_woken else State.PAUSED)
    if one in SAYING:
        check_words(words_of(door, answer))


@refusing
async def test_a_machine_that_is_gone_is_said_to_be_gone_and_not_made_anew(
    door: Door, sqlite: Sqlite, one: Runnable
) -> None:
    await finished(door)
    await door.machines.destroy(THREAD)
    door.log.clear()
    before = await contents(sqlite)

    answer = await door.send(by_operator(asked(one, IN_THREAD, **fitting(one))))

    check_refused(door, answer)
    assert await contents(sqlite) == before
    assert await state(door) is State.DESTROYED


@saying
async def test_a_machine_that_goes_while_it_is_waited_for_is_said_to_be_gone(door: Door, one: Runnable) -> None:
    furnish(door)
    await finished(door)

    async def destroy(answer: Any) -> None:
        await door.machines.destroy(THREAD)

    door.before_work = destroy
    answer = await door.send(by_operator(asked(one, IN_THREAD, **fitting(one))))

    check_words(words_of(door, answer))
    assert await state(door) is (State.ACTIVE if one.path[1:] in MAKES_ONE_ANEW else State.DESTROYED)


# with options of another kind


def misfits(one: Runnable) -> Iterator[dict[str, Any]]:
    """Each option in turn with what it does not take; and each that is needed left out."""
    whole = fitting(one)
    for option in one.options:
        yield from ({**whole, option["name"]: wrong} for wrong in MISFITS[option["type"]])
    yield from ({key: value for key, value in whole.items() if key != missing} for missing in whole)


@pytest.mark.parametrize("one", [one for one in SLASH if one.options], ids=lambda one: one.title)
async def test_an_option_of_another_kind_is_turned_away_and_so_is_one_that_is_missing(
    door: Door, sqlite: Sqlite, one: Runnable
) -> None:
    furnish(door)
    await finished(door)
    for options in misfits(one):
        before = await contents(sqlite)
        door.log.clear()

        answer = await door.send(by_operator(asked(one, IN_THREAD, **options)))

        check_refused(door, answer)
        assert await contents(sqlite) == before, options


KNOWN = {one.path for one in SLASH}
STALE = {path[:depth] for path in KNOWN for depth in (1, 2)} | {(*path[:2], "gone") for path in KNOWN}


@pytest.mark.parametrize("path", sorted(STALE - KNOWN), ids="/".join)
async def test_what_is_registered_no_more_is_said_to_be_unknown(door: Door, sqlite: Sqlite, path: Path) -> None:
    before = await contents(sqlite)

    answer = await door.send(by_operator(asked(Runnable(path, ""), IN_THREAD)))

    check_refused(door, answer)
    assert words_of(door, answer) == UNKNOWN_COMMAND
    assert await contents(sqlite) == before


@pytest.mark.parametrize("name", ["Gone", "opencord"])
async def test_a_menu_that_is_registered_no_more_is_said_to_be_unknown(door: Door, name: str) -> None:
    answer = await door.send(asked(Runnable((name,), "", is_menu=True), IN_THREAD))

    assert words_of(door, answer) == UNKNOWN_COMMAND


@pytest.mark.parametrize("value", [5, True, 1.5])
async def test_a_text_that_is_none_is_said_to_be_of_another_kind(door: Door, value: object) -> None:
    (ask,) = [one for one in SLASH if one.path[1:] == ("ask",)]

    answer = await door.send(asked(ask, IN_THREAD, prompt=value))

    assert words_of(door, answer) == OTHER_OPTION


# twice at once


@slash
async def test_two_people_who_do_the_same_at_the_same_moment_are_both_answered(door: Door, one: Runnable) -> None:
    furnish(door)
    await finished(door)
    bob = {"user": {"id": "301", "username": "bob"}, "roles": [], "permissions": "8"}
    first = by_operator(asked(one, IN_THREAD, **fitting(one)))
    second = asked(one, IN_THREAD, **fitting(one)) | {"member": bob}

    answers = await asyncio.gather(door.send(first), door.send(second))

    for answer in answers:
        judge(answer)
    if one in SAYING:
        for words in (*door.fake_replies.texts, *(words_of(door, answer) for answer in answers)):
            check_words(words)
    sandbox = await door.shelf.sandbox_of(THREAD)
    assert sandbox is not None
    assert sandbox.state in (State.ACTIVE, State.PAUSED, State.DESTROYED)
    assert sandbox.holder is None


@pytest.mark.parametrize("name", ["undo", "reset"])
async def test_what_two_people_do_at_the_same_moment_is_done_once(door: Door, name: str) -> None:
    (one,) = [one for one in SLASH if one.path[1:] == (name,)]
    await finished(door)

    await asyncio.gather(*(door.send(by_operator(asked(one, IN_THREAD))) for _ in range(2)))

    assert len(door.fake_replies.aloud) == 1
    assert len(set(door.fake_replies.texts)) == 2


# too late


@dataclass(slots=True)
class Scene:
    """A thread on a Discord that keeps its rules, where something was asked."""

    discord: Simulator
    door: Door
    ada: Person
    bob: Person
    warden: Person
    thread: ThreadId
    is_heard: bool = True  # whether the first answer gets to Discord
    meanwhile: Callable[[], Awaitable[None]] = field(init=False)  # between the first answer and the work

    def __post_init__(self) -> None:
        self.meanwhile = self.wait

    async def use(self, one: Runnable) -> Interaction:
        tree: Mapping[str, Any] = fitting(one)
        for name in reversed(one.path[1:]):
            tree = {name: tree}
        sent = await self.ada.command(self.thread, one.path[0], tree)

        async def arrive(answer: Any) -> None:
            if self.is_heard:
                sent.answer(answer)
            else:
                sent.fail(LOST)
            await self.meanwhile()

        self.door.before_work = arrive
        await self.door.send(sent.payload)
        return sent

    async def wait(self) -> None:
        """Until Discord takes no answer any more."""
        self.discord.clock.advance(15 * 60)

    async def pause(self, seconds: float = 1.0) -> None:
        self.discord.clock.advance(seconds)

    async def delete(self) -> None:
        await self.warden.delete_thread(self.thread)

    def read_by(self, person: Person) -> list[str]:
        return [message["content"] for message in person.messages(self.thread)]


async def unasked() -> Application:
    raise AssertionError("everything is known")


@pytest.fixture
async def here(sqlite: Sqlite) -> AsyncIterator[Scene]:
    async with Simulator(rules=Rules(window=0.02)) as discord, httpx.AsyncClient() as http:
        rest = Rest(Transport(http, discord.api_url, discord.token))
        identity = Identity(unasked, discord.clock.now, discord.application_id, discord.public_key)
        door = Door(sqlite)
        furnish(door)
        await register(rest, discord.application_id, None, REGISTRATION)
        ada = discord.add_person("Ada", permissions=8)
        bob, warden = discord.add_person("Bob"), discord.add_person("warden", permissions=8)
        general = discord.channel("general").id
        thread = ThreadId((await ada.start_thread(general, "files"))["id"])
        await finished(door, place=Place(GuildId(discord.guild), ChannelId(general), thread))
        scene = Scene(discord, door, ada, bob, warden, thread)
        door.replies = Replies(rest, identity, clock=discord.clock.now, sleep=scene.pause)
        yield scene
        assert [one for one in discord.violations if ": 404 " not in one and LOST not in one] == []


@saying
async def test_what_comes_too_late_is_said_to_everybody_unless_it_is_for_one_person(here: Scene, one: Runnable) -> None:
    before = here.read_by(here.bob)

    sent = await here.use(one)

    said = here.read_by(here.bob)[len(before) :]
    if sent.callback is not None and sent.callback["type"] == Callback.DEFERRED and here.door.log[1:]:
        assert len(said) == 1, "it is said once, in the channel"
    for words in said:
        check_words(words)
        assert SECRET not in words
        assert "example.org" not in words, "nobody else is shown the way in"


@pytest.mark.parametrize("name", ["ssh", "preview"])
async def test_of_a_way_into_the_machine_it_is_said_only_that_it_could_not_be_shown(here: Scene, name: str) -> None:
    (one,) = [one for one in SLASH if one.path[1:] == (name,)]

    await here.use(one)

    assert here.read_by(here.bob)[-1] == UNSHOWN.format(name="**Ada**")


@pytest.mark.parametrize(("name", "words"), [("ssh", UNSHOWN), ("resume", LATE)])
async def test_what_comes_of_a_first_answer_that_got_lost_is_told_as_well(here: Scene, name: str, words: str) -> None:
    (one,) = [one for one in SLASH if one.path[1:] == (name,)]
    here.is_heard, here.meanwhile = False, here.pause

    await here.use(one)

    assert here.read_by(here.bob)[-1] == words.format(name="**Ada**", text=AWAKE)


@slash
async def test_a_thread_that_is_deleted_meanwhile_breaks_nothing(here: Scene, one: Runnable) -> None:
    here.meanwhile = here.delete

    with capture_logs() as logs:
        sent = await here.use(one)

    assert sent.callback is not None
    judge(sent.callback)
    assert [line for line in logs if "defect" in line["event"] or line["log_level"] == "error"] == []
