"""What holds for every command, whichever there are: an answer in Discord's form to whatever comes, before anything
outside the store is touched, and only for those whom it is for.

Nothing here names a command. What is wrong with an option says the command's own test.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.commands import access
from app.discord.payloads import Callback
from app.ids import ChannelId, GuildId, TurnId, UserId
from app.turns.catalogue import Entry, Kind
from app.turns.records import Asker, Place, Request, Source
from app.turns.routing import Policy, Refusal
from app.words.door import UNKNOWN_OPTION
from scripts.document_commands import Runnable
from scripts.playground.discord.commands import check_choices
from scripts.playground.discord.errors import Complaints
from tests.commands.choosing import settle
from tests.commands.invoking import ALL, IN_CHANNEL, SLASH, asked, by_operator, each, judge, typing
from tests.commands.rooms import IN_THREAD, THREAD, wait
from tests.web.door import Door, spoken

pytestmark = pytest.mark.anyio

COMPLETED = [(one, option) for one in ALL for option in one.options if option.get("autocomplete")]
PLACES: Mapping[str, Mapping[str, Any] | None] = {
    "channel": IN_CHANNEL,
    "thread": IN_THREAD,
    "thread without a channel": {"id": "210", "type": 11},
    "forum": {"id": "200", "type": 15},
    "voice": {"id": "200", "type": 2},
    "unsaid": None,
}
# Discord's client sends none of the wrong types, and lets no text be longer; somebody else may.
ODD: list[Any] = [
    "x",
    "",
    " \n",
    "\U0001f600",
    "\x00\u202e@everyone",
    "../../etc/passwd",
    "x" * 6000,
    -1,
    0,
    2**53,
    1.5,
    True,
    False,
]


def combinations(one: Runnable) -> Iterator[tuple[str, dict[str, object]]]:
    """Places and options: everywhere none at all and one odd value for each; in a thread all that are odd."""
    for place, odd in [*itertools.product(PLACES, ODD[:1]), *(("thread", odd) for odd in ODD[1:] if one.options)]:
        yield place, {option["name"]: odd for option in one.options}
    if one.options:
        yield from ((place, {}) for place in PLACES)


async def stock(door: Door) -> None:
    """More of everything than can be offered, and some that is too long for it."""
    numbers = [f"{number}{'x' * (number % 5 * 60)}" for number in range(150)]
    entries = [Entry(kind, f"a/{number}", "about it \U0001f600" * 30) for kind in Kind for number in numbers]
    await door.catalogue.learn(entries)
    for position, number in enumerate(numbers):
        await settle(door, f"{5_000 + position}", repository=f"https://x.example/{number}", branch=f"b{number}")
        await settle(door, f"{6_000 + position}", repository="https://x.example/here", branch=f"c{number}")
        for channel in (5_000 + position, 6_000 + position):  # something was asked there
            place = Place(GuildId("100"), ChannelId(str(channel)))
            request = Request(TurnId(f"7{channel}"), Source.MESSAGE, place, Asker(UserId("300"), "alice"), "go")
            await door.ledger.admit(request, door.now)
    for at in (IN_CHANNEL["id"], IN_THREAD["id"]):
        await settle(door, at, repository="https://x.example/here")


@each
async def test_whatever_comes_from_wherever_is_answered_before_anything_else_is_touched(
    door: Door, one: Runnable
) -> None:
    await wait(door, 7)
    await door.machines.make(THREAD)
    for place, options in combinations(one):
        door.log.clear()

        answer = await door.send(by_operator(asked(one, PLACES[place], **options)))

        judge(answer)
        assert door.log[:1] == ["answered"], (place, options)


@each
async def test_what_says_nothing_of_the_person_or_the_server_is_answered_too(door: Door, one: Runnable) -> None:
    for missing in ("member", "guild_id"):
        sent = {key: value for key, value in asked(one).items() if key != missing}

        answer = await door.send(sent)

        judge(answer)
        assert answer["data"]["flags"] & 64
        assert door.log == ["answered"]
        door.log.clear()


@each
async def test_who_is_not_heard_hears_why_and_nothing_is_done(door: Door, one: Runnable) -> None:
    door.policy = Policy(required_role="77")

    who = access.needed(one.path[1:])
    whys = {Refusal.ROLE.value, *([who.value] if who else [])}

    for place in (IN_CHANNEL, IN_THREAD):
        words, is_private = spoken(await door.send(asked(one, place)))

        assert words in whys
        assert is_private
    assert set(door.log) == {"answered"}


@pytest.mark.parametrize("one", [one for one in SLASH if access.needed(one.path[1:])], ids=lambda one: one.title)
async def test_what_is_not_for_everybody_is_refused_with_what_it_takes(door: Door, one: Runnable) -> None:
    who = access.needed(one.path[1:])
    assert who is not None
    for place in (IN_CHANNEL, IN_THREAD):
        answer = await door.send(asked(one, place))

        assert spoken(answer) == (who.value, True)
    assert set(door.log) == {"answered"}


@pytest.mark.parametrize("one", SLASH, ids=lambda one: one.title)
async def test_an_option_that_is_gone_is_said_to_be_unknown(door: Door, one: Runnable) -> None:
    answer = await door.send(asked(one, IN_THREAD, long_gone="x"))

    assert spoken(answer) == (UNKNOWN_OPTION, True)
    assert door.log == ["answered"]


@pytest.mark.parametrize(
    ("one", "option"), COMPLETED, ids=lambda it: it.title if isinstance(it, Runnable) else it["name"]
)
async def test_whatever_is_typed_is_answered_with_choices_that_discord_takes(
    door: Door, one: Runnable, option: dict[str, Any]
) -> None:
    await stock(door)
    for place, typed in [*itertools.product(PLACES, ODD[:1]), *itertools.product(["thread"], ODD)]:
        sent = by_operator(typing(asked(one, PLACES[place], **{option["name"]: typed})))

        answer = await door.send(sent)

        complaints = Complaints()
        check_choices(complaints, "data", answer["data"]["choices"], option["type"])
        complaints.finish()
        assert answer["type"] == Callback.CHOICES
    assert set(door.log) <= {"answered"}


@pytest.mark.parametrize(
    ("one", "option"), COMPLETED, ids=lambda it: it.title if isinstance(it, Runnable) else it["name"]
)
async def test_of_a_list_that_is_too_long_as_much_is_offered_as_discord_takes(
    door: Door, one: Runnable, option: dict[str, Any]
) -> None:
    await stock(door)

    answer = await door.send(by_operator(typing(asked(one, IN_THREAD, **{option["name"]: ""}))))

    assert len(answer["data"]["choices"]) == 25


@pytest.mark.parametrize(
    ("one", "option"),
    [(one, option) for one, option in COMPLETED if access.needed(one.path[1:])],
    ids=lambda it: it.title if isinstance(it, Runnable) else it["name"],
)
async def test_nothing_is_suggested_to_who_may_not_run_it(door: Door, one: Runnable, option: dict[str, Any]) -> None:
    await stock(door)

    answer = await door.send(typing(asked(one, IN_THREAD, **{option["name"]: ""})))

    assert answer == {"type": int(Callback.CHOICES), "data": {"choices": []}}


@pytest.mark.parametrize(
    ("one", "option"), COMPLETED, ids=lambda it: it.title if isinstance(it, Runnable) else it["name"]
)
async def test_nothing_is_suggested_to_who_is_not_heard(door: Door, one: Runnable, option: dict[str, Any]) -> None:
    door.policy = Policy(required_role="77")

    answer = await door.send(typing(asked(one, IN_THREAD, **{option["name"]: ""})))

    assert answer == {"type": int(Callback.CHOICES), "data": {"choices": []}}
