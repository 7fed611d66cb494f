"""`/opencord fork`, and “Continue from here”: what is written down, and what is refused."""

import asyncio
from typing import Any

import pytest

from app.commands import continue_here, fork
from app.ids import ChannelId, GuildId, MessageId, SessionId, ThreadId, TurnId, UserId
from app.sandboxes.machine import State
from app.turns.books import Facts
from app.turns.machine import Event
from app.turns.preferences import Preference
from app.turns.records import About, Asker, Content, Fork, Parcel, Place, Request, Source, Turn
from app.turns.routing import Policy, Refusal
from app.words.asking import EMPTY_PROMPT
from app.words.door import NO_THREAD, NOT_HERE
from app.words.forking import ALREADY, NEVER_BEGUN, NO_TURN, NOT_OURS, NOT_YET, OLD_MACHINE_GOING
from app.words.session import NOTHING_ASKED
from tests.commands.rooms import IN_THREAD, THREAD
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
NAMED = {**IN_THREAD, "name": "open a shop"}
STEPS = (Event.ACCEPTED, Event.THREAD_OPENED, Event.PROMPT_SENT, Event.ANSWER_TAKEN, Event.DELIVERED)


async def worked(
    door: Door,
    id: str = "400",
    *,
    until: Event = Event.DELIVERED,
    thread: ThreadId = THREAD,
    about: About | None = None,
) -> TurnId:
    """A question of the thread, with status 9<id> and an answer that stands in message 8<id>."""
    place, alice = Place(GuildId("100"), ChannelId("200"), thread), Asker(UserId("300"), "alice")
    turn = TurnId(id)
    await door.ledger.admit(Request(turn, Source.MESSAGE, place, alice, f"question {id}", about=about), door.now)
    parcel = Parcel(0, Content("the answer"), f"nonce-{id}")
    facts = {
        Event.PROMPT_SENT: Facts(session=SessionId("ses_1")),
        Event.ANSWER_TAKEN: Facts(answer="a", parcels=(parcel,)),
    }
    for event in STEPS[: STEPS.index(until) + 1]:
        if event in (Event.ACCEPTED, Event.PROMPT_SENT):
            assert await door.ledger.claim("mine", door.now, door.now + 15) is not None
        if event is Event.DELIVERED:
            await door.parcels.mark_sent(turn, "mine", 0, MessageId(f"8{id}"))
        await door.ledger.note_status(turn, "mine", MessageId(f"9{id}"))
        await door.ledger.record(turn, "mine", event, facts.get(event, Facts()))
    door.now += 1
    return turn


def chosen(message: str, channel: dict[str, Any] | None = None, id: str = "500", **said: Any) -> dict[str, Any]:
    """The menu of a message, as Discord sends it."""
    content = {"id": message, "type": 0, "content": "x", "author": {"id": "1", "username": "OpenCord"}} | said
    about = {"id": "8", "type": 3, "name": continue_here.REGISTRATION["name"], "target_id": message}
    sent = used("", channel or NAMED) | {"id": id}
    return sent | {"data": about | {"resolved": {"messages": {message: content}}}}


async def admitted(door: Door, id: str = "500") -> Turn:
    found = await door.ledger.turn(TurnId(id))
    assert found is not None
    assert found.fork is not None
    return found


async def test_a_fork_is_a_question_of_a_thread_that_is_still_to_be_opened(door: Door) -> None:
    await worked(door)

    answer = await door.send(used("fork", NAMED, prompt=" count the cakes "))

    turn = await admitted(door)
    assert (answer["type"], answer["data"]["flags"]) == (5, 64)
    assert (turn.thread, turn.place.channel, turn.prompt) == (None, ChannelId("200"), "count the cakes")
    assert turn.fork == Fork(THREAD, "Fork of open a shop")
    assert turn.asks
    assert not turn.private
    assert door.log == ["answered"]


async def test_without_a_prompt_it_asks_nothing(door: Door) -> None:
    await worked(door)

    await door.send(used("fork", NAMED))

    turn = await admitted(door)
    assert turn.prompt == ""
    assert not turn.asks


async def test_what_was_settled_for_the_thread_goes_with_it_and_what_counts_for_the_channel_counts_anyway(
    door: Door,
) -> None:
    await worked(door)
    guild, channel = GuildId("100"), ChannelId("200")
    await door.preferences.settle(guild, channel, {Preference.VERBOSITY: "quiet"})
    await door.preferences.settle(guild, THREAD, {Preference.AGENT: "plan", Preference.REPOSITORY: "https://e.org/x"})
    await door.preferences.settle(guild, THREAD, {Preference.BRANCH: "dev"})
    await door.send(used("fork", NAMED))

    claimed = await door.ledger.claim("mine", door.now, door.now + 15)
    assert claimed is not None
    await door.ledger.record(claimed.id, "mine", Event.ACCEPTED, Facts())
    await door.ledger.note_opener(claimed.id, "mine", MessageId("777"))

    settled = await door.preferences.settled(Place(guild, channel, ThreadId("777")))
    values = {name: (one.value, one.scope.value) for name, one in settled.chosen.items()}
    assert values[Preference.AGENT] == ("plan", "thread")
    assert values[Preference.REPOSITORY] == ("https://e.org/x", "thread")
    assert values[Preference.BRANCH] == ("dev", "thread")
    assert values[Preference.VERBOSITY] == ("quiet", "channel")


async def test_a_thread_that_few_can_see_is_forked_into_one_that_only_the_asker_sees(door: Door) -> None:
    await worked(door)

    await door.send(used("fork", {**NAMED, "type": 12}))

    assert (await admitted(door)).private


async def test_the_same_command_twice_is_one_fork_and_a_second_one_waits_for_the_first(door: Door) -> None:
    await worked(door)
    first = await door.send(used("fork", NAMED))
    repeated = await door.send(used("fork", NAMED))
    impatient = await door.send({**used("fork", NAMED), "id": "501"})
    of_bob = used("fork", NAMED) | {"id": "502", "member": {"user": {"id": "301", "username": "bob"}, "roles": []}}
    others = await door.send(of_bob)

    assert first == repeated
    assert spoken(impatient) == (ALREADY, True)
    assert others["type"] == 5
    assert [turn.id for turn in await door.ledger.live_turns()] == ["500", "502"]


async def test_of_two_that_are_sent_at_once_one_is_forked(door: Door) -> None:
    await worked(door)
    sent = [{**used("fork", NAMED), "id": str(number)} for number in range(500, 504)]

    answers = await asyncio.gather(*map(door.send, sent))

    assert len(await door.ledger.live_turns()) == 1
    assert sorted(answer["type"] for answer in answers) == [4, 4, 4, 5]
    assert {spoken(answer) for answer in answers if answer["type"] == 4} == {(ALREADY, True)}


async def test_two_things_are_tried_side_by_side(door: Door) -> None:
    await worked(door)
    await worked(door, "450")

    sent = [used("fork", NAMED), used("fork", NAMED, prompt="A"), used("fork", NAMED, prompt="B"), chosen("400")]
    answers = [await door.send(one | {"id": str(number)}) for number, one in enumerate(sent, 500)]

    assert [answer["type"] for answer in answers] == [5] * 4
    assert len(await door.ledger.live_turns()) == 4


async def test_what_has_its_thread_keeps_nobody_from_another(door: Door) -> None:
    await worked(door)
    await door.send(used("fork", NAMED))
    turn = await door.ledger.claim("mine", door.now, door.now + 15)
    assert turn is not None
    await door.ledger.record(turn.id, "mine", Event.ACCEPTED, Facts())
    await door.ledger.note_opener(turn.id, "mine", MessageId("777"))
    early = await door.send({**used("fork", NAMED), "id": "501"})
    await door.ledger.record(turn.id, "mine", Event.THREAD_OPENED, Facts())
    late = await door.send({**used("fork", NAMED), "id": "502"})

    assert spoken(early) == (ALREADY, True)
    assert late["type"] == 5


@pytest.mark.parametrize(
    ("channel", "options", "words"),
    [
        ({"id": "200", "type": 0, "parent_id": "40"}, {}, NO_THREAD),
        ({"id": "200", "type": 2}, {}, NOT_HERE),
        (NAMED, {"prompt": " \u200b"}, EMPTY_PROMPT),
        (NAMED, {}, NOT_OURS),
    ],
)
async def test_what_cannot_be_forked_is_refused_in_a_sentence(
    door: Door, channel: Any, options: Any, words: str
) -> None:
    answer = await door.send(used("fork", channel, **options))

    assert spoken(answer) == (words, True)
    assert not await door.ledger.live_turns()


async def test_a_thread_in_which_nothing_was_worked_on_yet_has_nothing_to_go_on_from(door: Door) -> None:
    await worked(door, until=Event.THREAD_OPENED)

    answer = await door.send(used("fork", NAMED))

    assert spoken(answer) == (NOTHING_ASKED, True)


async def test_a_machine_that_is_being_thrown_away_is_not_forked(door: Door) -> None:
    await worked(door)
    await door.machines.make(THREAD)
    seen = await door.shelf.sandbox_of(THREAD)
    assert seen is not None
    await door.shelf.take(seen, State.DESTROYING, "somebody", door.now, door.now + 15)

    answers = [await door.send(sent) for sent in (used("fork", NAMED), chosen("400"))]

    assert [spoken(answer) for answer in answers] == [(OLD_MACHINE_GOING, True)] * 2


async def test_whoever_may_not_ask_may_not_fork(door: Door) -> None:
    await worked(door)
    door.policy = Policy(required_role="91")

    answers = [await door.send(sent) for sent in (used("fork", NAMED), chosen("400"))]

    assert [spoken(answer) for answer in answers] == [(Refusal.ROLE.value, True)] * 2


# from a message


@pytest.mark.parametrize("message", ["400", "9400", "8400"], ids=["question", "status", "answer"])
async def test_a_message_means_all_of_its_turn(door: Door, message: str) -> None:
    await worked(door)
    await worked(door, "450")

    answer = await door.send(chosen(message))

    turn = await admitted(door)
    assert answer["type"] == 5
    assert turn.fork == Fork(THREAD, "Fork of open a shop", TurnId("400"), MessageId("9400"))
    assert door.log == ["answered"]


@pytest.mark.parametrize(
    ("message", "channel", "said"),
    [("210", {"id": "200", "type": 0, "parent_id": "40"}, {}), ("211", NAMED, {"type": 21})],
    ids=["in the channel", "at the top of the thread"],
)
async def test_the_message_that_a_thread_hangs_on_is_its_first_question(
    door: Door, message: str, channel: Any, said: Any
) -> None:
    await worked(door, THREAD)

    await door.send(chosen(message, channel, **said))

    turn = await admitted(door)
    assert turn.fork is not None
    assert (turn.fork.thread, str(turn.fork.last)) == (THREAD, str(THREAD))


async def test_in_the_channel_a_thread_about_a_message_gives_its_fork_the_words_of_that(door: Door) -> None:
    about = About(ChannelId("200"), MessageId(THREAD), "carol", "The build fails")
    await worked(door, THREAD, about=about)

    await door.send(chosen(THREAD, {"id": "200", "type": 0, "parent_id": "40"}))

    turn = await admitted(door)
    assert turn.fork is not None
    assert turn.fork.name.startswith("Fork of The build fails")


@pytest.mark.parametrize(
    "sent",
    [
        chosen("444"),
        chosen("400", flags=64),
        chosen("400", {"id": "220", "type": 11, "parent_id": "200"}),
        chosen("400") | {"data": {"id": "8", "type": 3, "name": continue_here.REGISTRATION["name"]}},
    ],
    ids=["chatter", "whispered", "of another thread", "unsaid"],
)
async def test_a_message_that_belongs_to_no_question_is_refused_in_a_sentence(door: Door, sent: Any) -> None:
    await worked(door)

    answer = await door.send(sent)

    assert spoken(answer) == (NO_TURN, True)
    assert not await door.ledger.live_turns()


async def test_a_question_that_is_still_at_work_is_waited_for(door: Door) -> None:
    await worked(door, until=Event.PROMPT_SENT)

    assert spoken(await door.send(chosen("400"))) == (NOT_YET, True)


async def test_a_question_that_never_came_to_work_is_nothing_to_go_on_from(door: Door) -> None:
    turn = await worked(door, until=Event.ACCEPTED)
    await door.ledger.withdraw([turn])

    assert spoken(await door.send(chosen("400"))) == (NEVER_BEGUN, True)


def test_a_fork_of_a_fork_is_called_after_the_first() -> None:
    assert fork.name_of("Fork of open a shop") == "Fork of open a shop"
    assert fork.name_of("") == "Fork"
    assert len(fork.name_of("x" * 100)) <= 100
