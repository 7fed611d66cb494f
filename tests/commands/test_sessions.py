"""`/opencord sessions`."""

from dataclasses import replace
from typing import Any

import pytest

from app.discord.limits import CONTENT
from app.discord.text import units
from app.ids import ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.turns.books import Facts
from app.turns.machine import OPENING, Event
from app.turns.records import Asker, Place, Request, Source
from app.turns.routing import Policy, Refusal
from app.words.door import UNKNOWN_BUTTON, UNKNOWN_OPTION
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
    prompt: str = "",
) -> None:
    """A thread of its own; or a question `inside` one that somebody else began."""
    turn = TurnId(str(number))
    place = Place(GuildId(guild), channel, ThreadId(inside) if inside else None)
    request = Request(turn, Source.COMMAND, place, asker, prompt or f"question {number}", private=private)
    await door.ledger.admit(request, door.now)
    await door.ledger.claim("opening", door.now, door.now + 15, OPENING)
    await door.ledger.record(turn, "opening", Event.ACCEPTED, Facts())
    await door.ledger.note_opener(turn, "opening", MessageId(f"7{number}"))
    await door.ledger.record(turn, "opening", Event.THREAD_OPENED, Facts())
    door.now += 60


async def seen(door: Door, of: str | None = None) -> list[str]:
    """The lines about threads."""
    options: dict[str, Any] = {"of": of} if of else {}
    answer = await door.send(used("sessions", **options))
    text = spoken(answer)[0] if answer["type"] == 4 else door.fake_replies.texts[-1]
    return [line for line in text.split("\n") if line[0].isdigit()]


def buttons(answer: Any) -> dict[str, str]:
    rows = answer["data"].get("components", [])
    return {one["label"]: one["custom_id"] for row in rows for one in row["components"]}


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
        r"1. [list \*all\*](https://discord.com/channels/100/7503) · at work · no machine · used <t:1120:R>",
        "2. [question 501](https://discord.com/channels/100/7501) · at work · machine awake · used <t:1000:R>",
    ]


async def test_those_of_a_channel_are_everybodys_but_nothing_that_may_be_private(door: Door) -> None:
    await begun(door, 501, BOB)
    await begun(door, 502, BOB, private=True)
    await begun(door, 503, BOB, inside="999")
    await begun(door, 504, BOB, ELSEWHERE)
    await begun(door, 505, private=True)

    lines = await seen(door, "channel")

    assert [line.partition("]")[0] for line in lines] == ["1. [question 505", "2. [question 501"]


async def test_those_of_the_server_are_in_channels_that_the_person_sees(door: Door) -> None:
    await begun(door, 501, BOB)
    await begun(door, 502, BOB, ELSEWHERE)
    door.sights.seen = frozenset({ELSEWHERE})

    answer = await door.send(used("sessions", of="server"))

    assert answer == {"type": 5, "data": {"flags": 64}}
    (text,) = door.fake_replies.texts
    assert "question 502" in text
    assert "question 501" not in text


async def test_a_thread_that_is_gone_is_not_listed(door: Door) -> None:
    await begun(door, 501)
    await door.places.note_gone(ChannelId("7501"))

    answer = await door.send(used("sessions"))

    assert spoken(answer) == (NO_THREADS["mine"], True)


@pytest.mark.parametrize("of", ["mine", "server"])
async def test_ten_fit_on_a_page_and_buttons_turn_it(door: Door, of: str) -> None:
    for number in range(501, 513):
        await begun(door, number, prompt="*_" * 200)
    door.sights.seen = frozenset({HERE})

    first = await seen(door, of)
    turned = await door.send(pressed(f"sessions:{of}:1"))

    assert len(first) == 10
    text = turned["data"]["content"] if of == "mine" else door.fake_replies.texts[-1]
    assert turned["type"] == (7 if of == "mine" else 6)
    assert [line[:3] for line in text.split("\n")[1:]] == ["11.", "12."]
    assert units("\n".join(first)) < CONTENT


async def test_buttons_name_the_pages_beside_the_one_that_is_shown(door: Door) -> None:
    for number in range(501, 522):
        await begun(door, number)

    first = await door.send(used("sessions"))
    second = await door.send(pressed("sessions:mine:1"))
    behind = await door.send(pressed("sessions:mine:9"))

    assert buttons(first) == {"More": "sessions:mine:1"}
    assert buttons(second) == {"Back": "sessions:mine:0", "More": "sessions:mine:2"}
    assert buttons(behind) == {"More": "sessions:mine:1"}


async def test_what_does_not_exist_and_who_is_not_heard(door: Door) -> None:
    option = await door.send(used("sessions", of="all"))
    button = await door.send(pressed("sessions:all:0"))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used("sessions"))

    assert spoken(option) == (UNKNOWN_OPTION, True)
    assert spoken(button) == (UNKNOWN_BUTTON, True)
    assert spoken(stranger) == (Refusal.ROLE.value, True)
