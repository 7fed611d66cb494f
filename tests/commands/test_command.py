"""`/opencord command`."""

from typing import Any

import pytest

from app.turns.catalogue import Entry, Kind
from app.turns.records import Source
from app.turns.routing import Policy, Refusal
from app.words.asking import COMMAND_MISNAMED, COMMAND_TOO_LONG, COMMAND_UNKNOWN
from app.words.door import NOT_HERE
from tests.commands.rooms import IN_THREAD, work_on
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
KNOWN = [Entry(Kind.COMMAND, "init", "guided setup"), Entry(Kind.COMMAND, "review", "review changes")]


@pytest.mark.parametrize(
    ("name", "arguments", "prompt"),
    [("init", "be brief", "/init be brief"), ("/review", None, "/review"), (" init ", "  ", "/init")],
)
async def test_a_command_is_a_question_like_any_other(
    door: Door, name: str, arguments: str | None, prompt: str
) -> None:
    await door.catalogue.learn(KNOWN)
    given = {"name": name} | ({} if arguments is None else {"arguments": arguments})

    answers = [await door.send(used("command", IN_THREAD, **given)) for _ in range(2)]

    (turn,) = await door.ledger.live_turns()
    assert answers == [{"type": 5}] * 2
    assert (turn.id, turn.source, turn.prompt, turn.thread) == ("500", Source.COMMAND, prompt, "210")
    assert turn.interaction_token == "interaction-token"
    assert door.log == ["answered"] * 2


async def test_it_waits_its_turn(door: Door) -> None:
    await work_on(door, 400)

    await door.send(used("command", IN_THREAD, name="init"))

    assert [turn.id for turn in await door.ledger.live_turns()] == ["400", "500"]


async def test_a_command_that_does_not_exist_is_turned_away_with_the_nearest(door: Door) -> None:
    await door.catalogue.learn(KNOWN)

    answer = await door.send(used("command", IN_THREAD, name="revue"))

    assert spoken(answer) == (COMMAND_UNKNOWN.format(name="`revue`", nearest="`review`"), True)
    assert await door.ledger.live_turns() == []


async def test_before_a_machine_has_come_up_any_name_of_the_right_form_will_do(door: Door) -> None:
    await door.send(used("command", IN_THREAD, name="own/thing"))

    (turn,) = await door.ledger.live_turns()
    assert turn.prompt == "/own/thing"


@pytest.mark.parametrize("name", ["", "/", "two words", "-x", "a\u202eb", "x" * 200, "//init"])
async def test_what_cannot_be_a_name_is_turned_away(door: Door, name: str) -> None:
    answer = await door.send(used("command", IN_THREAD, name=name))

    assert spoken(answer) == (COMMAND_MISNAMED, True)
    assert await door.ledger.live_turns() == []


async def test_more_than_a_question_may_have_is_turned_away(door: Door) -> None:
    answer = await door.send(used("command", IN_THREAD, name="init", arguments="x" * 6_000))

    assert spoken(answer) == (COMMAND_TOO_LONG.format(most=6000), True)
    assert await door.ledger.live_turns() == []


async def test_what_opencode_offers_is_offered_to_those_who_may_ask(door: Door) -> None:
    await door.catalogue.learn(KNOWN)

    everything, some = [await door.send(typing(text)) for text in ("", "/rev")]
    door.policy = Policy(required_role="91")
    stranger = await door.send(typing(""))

    choices = [{"name": "init: guided setup", "value": "init"}, {"name": "review: review changes", "value": "review"}]
    assert everything["data"]["choices"] == choices
    assert some["data"]["choices"] == choices[1:]
    assert stranger["data"]["choices"] == []


def typing(text: str) -> dict[str, Any]:
    payload = used("command", IN_THREAD, name=text) | {"type": 4}
    payload["data"]["options"][0]["options"][0]["focused"] = True
    return payload


async def test_it_is_for_those_who_may_ask_and_where_one_can_ask(door: Door) -> None:
    voice = await door.send(used("command", {"id": "201", "type": 2}, name="init"))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used("command", IN_THREAD, name="init"))

    assert [spoken(one) for one in (voice, stranger)] == [(NOT_HERE, True), (Refusal.ROLE.value, True)]
    assert await door.ledger.live_turns() == []
