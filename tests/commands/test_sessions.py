"""`/opencord sessions`."""

from dataclasses import replace
from typing import Any

import pytest

from app.discord.limits import CONTENT
from app.discord.text import units
from app.ids import ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.turns.books import Facts
from app.turns.errors import Retriable
from app.turns.machine import OPENING, Event
from app.turns.records import About, Asker, Place, Request, Source
from app.turns.routing import Policy, Refusal
from app.words.door import NOT_NOW, UNKNOWN_BUTTON, UNKNOWN_OPTION
from app.words.session import NO_THREADS
from tests.web.door import Door, pressed, spoken, used

pytestmark = pytest.mark.anyio
ALICE, BOB = Asker(UserId("300"), "alice"), Asker(UserId("301"), "bob")
HERE, ELSEWHERE = ChannelId("200"), ChannelId("201")


async def begun(
    door: Door,
    number: int,
    asker: Asker = ALICE,
    channel: ChannelId = HERE,
    *,
    guild: str = "100",
    private: bool = False,
    inside: str | None = None,
    prompt: str | None = None,
    about: str | None = None,
    vague: bool = False,
) -> None:
    """A thread of its own; or a question `inside` one that somebody else began."""
    turn = TurnId(str(number))
    place = Place(GuildId(guild), channel, ThreadId(inside) if inside else None, vague=vague)
    request = Request(
        turn, Source.COMMAND, place, asker, f"question {number}" if prompt is None else prompt, private=private
    )
    if about is not None:
        request = replace(request, about=About(channel, MessageId(f"7{number}"), "carol", about))
    await door.ledger.admit(request, door.now)
    await door.ledger.claim("opening", door.now, door.now + 15, OPENING)
    await door.ledger.record(turn, "opening", Event.ACCEPTED, Facts())
    await door.ledger.note_opener(turn, "opening", MessageId(f"7{number}"))
    await door.ledger.record(turn, "opening", Event.THREAD_OPENED, Facts())
    door.now += 60


async def seen(door: Door, of: str | None = None) -> list[str]:
    """The lines about threads. All may see both channels, unless it is said otherwise."""
    door.sights.seen = door.sights.seen or frozenset({HERE, ELSEWHERE})
    options: dict[str, Any] = {"of": of} if of else {}
    answer = await door.send(used("sessions", **options))
    assert answer == {"type": 5, "data": {"flags": 64}}
    return [line for line in door.fake_replies.texts[-1].split("\n") if line[0].isdigit()]


async def end(door: Door, number: int) -> None:
    """It was worked on."""
    turn = TurnId(str(number))
    await door.ledger.claim("holder", door.now, door.now + 15)
    await door.ledger.record(turn, "holder", Event.CANCELLED, Facts())


async def test_a_question_whose_place_is_not_known_yet_makes_no_thread_of_its_server(door: Door) -> None:
    vague = Place(GuildId("100"), HERE, ThreadId("7501"), vague=True)
    request = Request(TurnId("501"), Source.MESSAGE, vague, ALICE, "go")
    await door.ledger.admit(request, door.now)

    before = await seen(door, "mine")
    await door.ledger.claim("opening", door.now, door.now + 15, OPENING)
    await door.ledger.note_place(request.id, "opening", replace(vague, vague=False))

    assert before == []
    assert len(await seen(door, "mine")) == 1


async def test_mine_are_those_in_which_i_asked_the_last_used_first(door: Door) -> None:
    await begun(door, 501)
    await begun(door, 502, BOB)
    await begun(door, 503, channel=ELSEWHERE, prompt="list *all*")
    await begun(door, 504, guild="101")
    await door.machines.make(ThreadId("7501"))

    lines = await seen(door)

    assert lines == [
        r"1. <#7503> [list \*all\*](https://discord.com/channels/100/7503) · at work · no machine · used <t:1120:R>",
        "2. <#7501> [question 501](https://discord.com/channels/100/7501) · at work · machine awake · used <t:1000:R>",
    ]


@pytest.mark.parametrize("question", ["", "What may be the cause?"])
async def test_a_thread_about_a_message_is_listed_with_that(door: Door, question: str) -> None:
    await begun(door, 501, prompt=question, about="The build fails")

    (line,) = await seen(door)

    assert line.startswith("1. <#7501> [The build fails](")


async def test_those_of_a_channel_are_everybodys_but_nothing_that_may_be_private(door: Door) -> None:
    await begun(door, 501, BOB)
    await begun(door, 502, BOB, private=True)
    await begun(door, 503, BOB, inside="999")
    await begun(door, 504, BOB, ELSEWHERE)
    await begun(door, 505, private=True)

    lines = await seen(door, "channel")

    assert [line.partition("]")[0] for line in lines] == ["1. <#7505> [question 505", "2. <#7501> [question 501"]


async def test_those_of_the_server_are_in_channels_that_the_person_sees(door: Door) -> None:
    await begun(door, 501, BOB)
    await begun(door, 502, BOB, ELSEWHERE)
    door.sights.seen = frozenset({ELSEWHERE})

    lines = await seen(door, "server")

    assert [line.partition("]")[0] for line in lines] == ["1. <#7502> [question 502"]


async def test_mine_too_are_in_channels_that_i_still_see(door: Door) -> None:
    await begun(door, 501)
    await begun(door, 502, channel=ELSEWHERE)
    door.sights.seen = frozenset({ELSEWHERE})

    lines = await seen(door)

    assert [line.partition("]")[0] for line in lines] == ["1. <#7502> [question 502"]


@pytest.mark.parametrize("of", ["mine", "channel", "server"])
async def test_a_thread_that_i_asked_in_and_see_no_more_is_not_listed(door: Door, of: str) -> None:
    await begun(door, 501)
    await begun(door, 502, private=True)
    await begun(door, 503, private=True)
    await begun(door, 504, inside="999")
    door.sights.hidden = frozenset({ThreadId("7503"), ThreadId("999"), ThreadId("7501")})

    lines = await seen(door, of)

    assert [line.partition("]")[0] for line in lines] == ["1. <#7502> [question 502", "2. <#7501> [question 501"]
    assert door.log.count("sees") == 3, "a thread that hangs on a message is as open as its channel"


async def test_where_i_see_none_of_them_any_more_nothing_is_told_of_them(door: Door) -> None:
    await begun(door, 501, private=True)
    door.sights.hidden = frozenset({ThreadId("7501")})

    lines = await seen(door)

    assert (lines, door.fake_replies.texts) == ([], [NO_THREADS["server"]])


async def test_an_old_thread_that_is_still_used_stays_in_everybodys_list(door: Door) -> None:
    await begun(door, 501, BOB)
    await end(door, 501)
    door.now += 1_000
    await begun(door, 502, BOB, inside="7501")
    await end(door, 502)

    await door.ledger.prune(door.now - 500)
    used_lately = await seen(door, "channel")
    await door.ledger.prune(door.now)
    long_ago = await seen(door, "channel")

    assert [line.partition("]")[0] for line in used_lately] == ["1. <#7501> [question 501"]
    assert long_ago == []
    assert [await door.ledger.turn(TurnId(id)) for id in ("501", "502")] == [None, None]


async def test_where_discord_cannot_be_asked_that_is_told(door: Door) -> None:
    await begun(door, 501)
    door.sights.failure = Retriable("503")

    await door.send(used("sessions"))

    assert door.fake_replies.texts == [NOT_NOW]


async def test_a_thread_is_not_listed_before_it_is_known_where_it_is(door: Door) -> None:
    await begun(door, 501, vague=True)
    before = await seen(door)
    turn = await door.ledger.claim("locating", door.now, door.now + 15)
    assert turn is not None
    await door.ledger.note_place(turn.id, "locating", replace(turn.place, vague=False))
    after = await seen(door)

    assert (before, len(after)) == ([], 1)


async def test_a_thread_that_is_gone_is_not_listed(door: Door) -> None:
    await begun(door, 501)
    await door.places.note_gone(ChannelId("7501"))

    await seen(door)

    assert door.fake_replies.texts == [NO_THREADS["mine"]]


@pytest.mark.parametrize("of", ["mine", "server"])
async def test_ten_fit_on_a_page_and_buttons_turn_it(door: Door, of: str) -> None:
    for number in range(501, 513):
        await begun(door, number, prompt="*_" * 200)

    first = await seen(door, of)
    turned = await door.send(pressed(f"sessions:{of}:1"))

    assert len(first) == 10
    assert turned == {"type": 6}
    assert [line[:3] for line in door.fake_replies.texts[-1].split("\n")[1:]] == ["11.", "12."]
    assert units("\n".join(first)) < CONTENT


async def test_buttons_name_the_pages_beside_the_one_that_is_shown(door: Door) -> None:
    for number in range(501, 522):
        await begun(door, number)

    await seen(door)
    await door.send(pressed("sessions:mine:1"))
    await door.send(pressed("sessions:mine:9"))

    assert door.fake_replies.buttons == [
        {"More": "sessions:mine:1"},
        {"Back": "sessions:mine:0", "More": "sessions:mine:2"},
        {"More": "sessions:mine:1"},
    ]


async def test_what_does_not_exist_and_who_is_not_heard(door: Door) -> None:
    option = await door.send(used("sessions", of="all"))
    button = await door.send(pressed("sessions:all:0"))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used("sessions"))

    assert spoken(option) == (UNKNOWN_OPTION, True)
    assert spoken(button) == (UNKNOWN_BUTTON, True)
    assert spoken(stranger) == (Refusal.ROLE.value, True)
