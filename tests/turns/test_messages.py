"""What becomes of messages, with everything but Discord, OpenCode and the machines real."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.ids import ChannelId, ThreadId, TurnId
from app.sandboxes.machine import State
from app.turns.books import Facts
from app.turns.errors import Refused, Retriable
from app.turns.history import Said
from app.turns.machine import Event, Stage
from app.turns.preferences import Preference
from app.turns.records import Addressed, Place, Request, Turn
from app.turns.routing import Policy, Verdict
from app.turns.status import Outcome, Summary
from app.words.asking import HINT, HINT_IN_THREAD
from tests.samples import CHANNEL, GUILD, message
from tests.turns.engine import World, world

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000001")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def beside(number: int, prompt: str, addressed: Addressed = Addressed.NOBODY) -> Request:
    """Written in the thread without a word to us."""
    return message(number, prompt, THREAD, addressed)


def vague(request: Request, thread: ThreadId | None) -> Request:
    channel = ChannelId(thread or CHANNEL)
    place = Place(GUILD, channel, thread, vague=True)
    return Request(request.id, request.source, place, request.asker, request.prompt, addressed=request.addressed)


async def ended(here: World, *requests: Request) -> list[Turn]:
    """What became of them, one after the other."""
    turns = []
    for request in requests:
        await here.ledger.admit(request, here.now)
        await here.live()
        turn = await here.ledger.turn(request.id)
        assert turn is not None
        turns.append(turn)
    return turns


async def test_in_a_thread_of_ours_what_is_for_us_is_answered_and_small_talk_is_not(here: World) -> None:
    asked, chatter, question, elsewhere = await ended(
        here,
        message(1, "make a file", THREAD),
        beside(2, "thanks!"),
        beside(3, "what is in it?"),
        beside(4, "can you look at this?", Addressed.OTHERS),
    )

    assert (asked.stage, question.stage) == (Stage.DELIVERED, Stage.DELIVERED)
    assert (chatter.stage, chatter.failure) == (Stage.IGNORED, "small talk")
    assert elsewhere.stage is Stage.IGNORED
    assert here.chat.told == []


async def test_with_routing_switched_off_everything_in_a_thread_of_ours_is_answered(here: World) -> None:
    here.operator = {Preference.ROUTING: "off"}

    turns = await ended(here, message(1, "make a file", THREAD), beside(2, "thanks!"))

    assert [turn.stage for turn in turns] == [Stage.DELIVERED, Stage.DELIVERED]


async def test_somebody_elses_thread_is_ours_once_something_was_taken_there(here: World) -> None:
    before, refused, asked, after = await ended(
        here, beside(1, "what is this?"), message(2, "", THREAD), message(3, "look", THREAD), beside(4, "what is this?")
    )

    assert (before.stage, refused.stage) == (Stage.IGNORED, Stage.IGNORED)
    assert (asked.stage, after.stage) == (Stage.DELIVERED, Stage.DELIVERED)


async def test_what_was_said_in_a_thread_before_it_became_ours_is_not_for_us_however_late_it_comes(
    here: World,
) -> None:
    asked, earlier = await ended(here, message(2, "look", THREAD), beside(1, "what is this?"))

    assert (asked.stage, earlier.stage) == (Stage.DELIVERED, Stage.IGNORED)


async def test_what_follows_a_mention_waits_until_it_is_decided_whether_that_was_heard(here: World) -> None:
    here.policy = Policy(required_role="90")
    await here.ledger.admit(message(1, "look", THREAD), here.now)  # by somebody without the role
    first = await here.ledger.claim("somebody else", here.now, here.now + 5.0)
    await here.ledger.admit(beside(2, "what is this?"), here.now)
    assert first is not None

    engine = asyncio.create_task(here.live())
    await engine

    second = await here.ledger.turn(message(2).id)
    assert second is not None
    assert second.stage is Stage.IGNORED
    assert not here.agent.runs


async def test_what_follows_a_mention_that_is_heard_late_is_heard_after_it(here: World) -> None:
    first, second = message(1, "look", THREAD), beside(2, "what is this?")
    await here.ledger.admit(first, here.now)
    await here.ledger.claim("somebody who dies", here.now, here.now + 5.0)
    await here.ledger.admit(second, here.now)

    await here.live()

    turns = [await here.ledger.turn(request.id) for request in (first, second)]
    assert [turn.stage for turn in turns if turn] == [Stage.DELIVERED, Stage.DELIVERED]
    assert [turn for _, turn in here.agent.runs] == [first.id, second.id]


@pytest.mark.parametrize("end", [Event.IGNORED, Event.GIVEN_UP, Event.CANCELLED])
async def test_a_question_that_came_to_nothing_makes_nobodys_thread_ours(here: World, end: Event) -> None:
    asked = message(1, "look", THREAD)
    await here.ledger.admit(asked, here.now)
    await here.ledger.claim("mine", here.now, here.now + 5.0)
    await here.ledger.record(asked.id, "mine", end, Facts())

    (after,) = await ended(here, beside(2, "what is this?"))

    assert (after.stage, after.failure) == (Stage.IGNORED, Verdict.STRANGE)


async def test_a_bare_mention_gets_a_hint_and_nothing_else(here: World) -> None:
    (turn,) = await ended(here, message(1, ""))

    assert turn.stage is Stage.IGNORED
    assert here.chat.told == [(turn.id, HINT)]
    assert not here.chat.threads


async def test_in_a_thread_the_hint_does_not_speak_of_opening_one(here: World) -> None:
    (turn,) = await ended(here, message(1, "", THREAD))

    assert here.chat.told == [(turn.id, HINT_IN_THREAD)]
    assert "thread" not in HINT_IN_THREAD
    assert "thread" in HINT


async def test_a_picture_among_people_gets_no_hint(here: World) -> None:
    _, picture = await ended(here, message(1, "make a file", THREAD), beside(2, ""))

    assert (picture.stage, picture.failure) == (Stage.IGNORED, Verdict.EMPTY)
    assert here.chat.told == []


async def test_whoever_is_not_heard_in_a_channel_gets_no_hint_either(here: World) -> None:
    here.policy = Policy(channels=frozenset({ChannelId("1")}))

    (turn,) = await ended(here, message(1, ""))

    assert turn.stage is Stage.IGNORED
    assert here.chat.told == []


async def test_a_place_that_the_message_did_not_tell_is_asked_of_discord(here: World) -> None:
    here.policy = Policy(channels=frozenset({ChannelId("77")}))
    here.chat.parents[THREAD] = ChannelId("77")

    allowed, other = await ended(here, vague(message(1, "look"), THREAD), vague(message(2, "look"), None))

    assert (allowed.stage, allowed.place) == (Stage.DELIVERED, Place(GUILD, ChannelId("77"), THREAD))
    assert other.stage is Stage.IGNORED


class Router:
    """Wants what it is told to, and remembers what it was asked."""

    def __init__(self, *, wants: bool, name: str | None = None) -> None:
        self.wants, self.name = wants, name
        self.asked: list[str] = []
        self.lately: list[list[Said]] = []

    async def wants_answer(self, text: str, asker: str, lately: Sequence[Said]) -> bool:
        self.asked.append(text)
        self.lately.append(list(lately))
        return self.wants

    async def title(self, prompt: str) -> str | None:
        return self.name


@pytest.mark.parametrize(("wants", "stage"), [(True, Stage.DELIVERED), (False, Stage.IGNORED)])
async def test_where_no_rule_fits_the_model_decides(here: World, wants: bool, stage: Stage) -> None:
    here.router = router = Router(wants=wants)

    _, turn = await ended(here, message(1, "make a file", THREAD), beside(2, "the weather on tuesday"))

    assert turn.stage is stage
    assert router.asked == ["the weather on tuesday"]


@pytest.mark.parametrize("failure", [Refused("I may not read here."), Retriable("Discord is away")])
async def test_the_model_decides_without_what_was_said_where_that_cannot_be_read(
    here: World, failure: Exception
) -> None:
    here.router = router = Router(wants=False)
    await ended(here, message(1, "make a file", THREAD))
    here.chat.failures["said_before"] = failure

    (turn,) = await ended(here, beside(2, "the weather on tuesday"))

    assert (turn.stage, turn.failure) == (Stage.IGNORED, Verdict.UNWANTED)
    assert router.lately == [[]]
    assert here.chat.told == []


@pytest.mark.parametrize(("addressed", "times"), [(Addressed.NOBODY, 0), (Addressed.US, 1)])
async def test_only_who_spoke_to_us_is_told_that_it_could_not_be_decided(
    here: World, addressed: Addressed, times: int
) -> None:
    here.policy = Policy(channels=frozenset({ChannelId("77")}))
    here.chat.failures["locate"] = Refused("I may not see this channel.")

    (turn,) = await ended(here, vague(message(1, "look", addressed=addressed), THREAD))

    assert turn.stage is Stage.FAILED
    assert [text for _, text in here.chat.told] == ["I may not see this channel."] * times


class Leisurely(Router):
    """Has found a title when the first machine is up."""

    def __init__(self, here: World) -> None:
        super().__init__(wants=True)
        self._here = here

    async def title(self, prompt: str) -> str | None:
        async with asyncio.timeout(5):
            while True:
                if State.ACTIVE in {one.state for one in await self._here.shelf.standing()}:
                    return None
                await asyncio.sleep(0)


@pytest.mark.parametrize("up", [False, True])
async def test_a_machine_begun_for_a_thread_that_discord_refuses_is_thrown_away(here: World, up: bool) -> None:
    here.router = Leisurely(here) if up else None
    here.chat.failures["start_thread"] = Refused("I may not open threads here.")

    (turn,) = await ended(here, message(1, "make a file"))

    assert turn.stage is Stage.FAILED
    assert [text for _, text in here.chat.told] == ["I may not open threads here."]
    assert await here.shelf.standing() == []
    assert not here.provider.held


async def test_the_opening_post_of_a_forum_is_answered_in_its_thread(here: World) -> None:
    post = message(1, "make a file")
    thread = ThreadId(post.id)
    here.chat._append(thread, "pinned: read this first", None)

    (turn,) = await ended(here, replace(post, place=replace(post.place, thread=thread)))

    assert (turn.stage, turn.thread, turn.starts_thread) == (Stage.DELIVERED, thread, False)
    assert here.chat.threads == {}
    assert f"answer to {turn.id}" in [posted.content for posted in here.chat.channels[thread]]


async def test_a_thread_has_the_title_that_the_model_finds_and_else_its_first_words(here: World) -> None:
    here.router = Router(wants=True, name="A new file")
    (named,) = await ended(here, message(1, "make a file"))
    here.router = Router(wants=True)
    (unnamed,) = await ended(here, message(2, "make another"))

    assert here.chat.threads[named.id][1] == "A new file"
    assert here.chat.threads[unnamed.id][1] == "make another"


async def test_what_is_edited_while_it_waits_is_asked_as_it_reads_then(here: World) -> None:
    request = message(1, "make a file", THREAD)
    await here.ledger.admit(request, here.now)
    edited = await here.ledger.amend(request.id, "make two files", Addressed.US)
    await here.live()
    too_late = await here.ledger.amend(request.id, "make three files", Addressed.US)

    assert (edited, too_late) == (True, False)
    assert [prompt.rpartition(": ")[2] for prompt in here.agent.prompts.values()] == ["make two files"]


async def test_what_is_edited_while_its_machine_comes_up_is_asked_as_it_reads_then(here: World) -> None:
    request = message(1, "delete everything", THREAD)
    edited: list[bool] = []

    async def edit() -> None:
        edited.append(await here.ledger.amend(request.id, "delete nothing", Addressed.US))

    here.agent.meanwhile = edit
    await ended(here, request)

    assert edited == [True]
    assert [prompt.rpartition(": ")[2] for prompt in here.agent.prompts.values()] == ["delete nothing"]


async def test_what_is_deleted_while_its_machine_comes_up_is_never_asked(here: World) -> None:
    request = message(1, "delete everything", THREAD)
    here.agent.meanwhile = lambda: here.ledger.withdraw([request.id])

    (turn,) = await ended(here, request)

    summary = here.chat.statuses[request.id][-1]
    assert turn.stage is Stage.CANCELLED
    assert not here.agent.runs
    assert isinstance(summary, Summary)
    assert (summary.outcome, summary.seconds) == (Outcome.WITHDRAWN, None)


async def test_what_was_interrupted_at_the_model_is_asked_again_as_it_was(here: World) -> None:
    request = message(1, "make a file", THREAD)
    here.agent.interrupt[request.id] = 1
    late: list[object] = []

    async def change() -> None:
        turn = await here.ledger.turn(request.id)
        if turn is not None and turn.session is not None:
            late.append(await here.ledger.amend(request.id, "make two files", Addressed.US))
            late.append(await here.ledger.withdraw([request.id]))

    here.agent.meanwhile = change
    (turn,) = await ended(here, request)

    assert late == [False, 0]
    assert (turn.stage, turn.prompt) == (Stage.DELIVERED, "make a file")
    assert len(here.agent.runs) == 2


async def test_what_is_deleted_while_it_waits_is_never_asked(here: World) -> None:
    here.agent.speak = asyncio.Event()
    first, second = message(1, "make a file", THREAD), message(2, "make another", THREAD)
    await here.ledger.admit(first, here.now)
    engine = asyncio.create_task(here.live())
    await here.agent.thinking.wait()
    await here.ledger.admit(second, here.now)

    withdrawn = await here.ledger.withdraw([first.id, second.id, TurnId("1")])
    here.agent.speak.set()
    await engine

    turns = [await here.ledger.turn(request.id) for request in (first, second)]
    assert withdrawn == 1
    assert [turn.stage for turn in turns if turn] == [Stage.DELIVERED, Stage.CANCELLED]
    assert len(here.agent.runs) == 1
