"""The word that the people of a server get when we come in, on the strict simulator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.discord.rest import Rest
from app.discord.transport import Transport
from app.ids import ChannelId, GuildId
from app.inbox.guilds import Welcome
from app.store.places import SqlitePlaces
from app.turns.errors import Retriable
from app.turns.routing import Policy
from scripts.playground.discord import Person, Rules, Simulator
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Overwrite
from tests.inbox.desk import desk

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Scene:
    discord: Simulator
    places: SqlitePlaces
    rest: Rest
    alice: Person

    async def welcome(self, policy: Policy | None = None, moment: str = "2026-11-22", *, mentions: bool = True) -> int:
        await self.places.note_authorised(GuildId(self.discord.guild), moment)
        return await Welcome(self.rest, self.places, policy or Policy(), mentions).greet_all()

    def said(self, channel: str | None = None) -> list[str]:
        return [one["content"] for one in self.alice.messages(channel or self.discord.channel("general").id)]


async def at_once(seconds: float) -> None:
    """Nobody waits for the next try."""


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Scene]:
    async with Simulator(rules=Rules(rates=None)) as discord, httpx.AsyncClient() as http, desk(tmp_path) as made:
        rest = Rest(Transport(http, discord.api_url, discord.token, sleep=at_once))
        yield Scene(discord, made.places, rest, discord.add_person("alice"))


async def test_people_are_told_once_how_to_ask_and_who_may(here: Scene) -> None:
    greeted = [await here.welcome() for _ in range(2)]

    (said,) = here.said()
    assert greeted == [1, 0]
    assert "/opencord ask" in said
    assert "Mention me" in said
    assert "everybody" in said
    assert here.discord.violations == []


async def test_a_role_that_is_needed_is_named_and_not_pinged(here: Scene) -> None:
    role = here.discord.add_role("staff")

    await here.welcome(Policy(required_role=role.id))

    (message,) = here.alice.messages(here.discord.channel("general").id)
    assert f"<@&{role.id}>" in message["content"]
    assert message["mention_roles"] == []


async def test_where_only_commands_are_heard_no_mention_is_spoken_of(here: Scene) -> None:
    await here.welcome(mentions=False)

    assert "Mention" not in here.said()[0]


async def test_it_is_said_in_a_channel_that_we_work_in(here: Scene) -> None:
    other = here.discord.add_channel("other").id

    await here.welcome(Policy(channels=frozenset({ChannelId(other)})))

    (said,) = here.said(other)
    assert f"I work in <#{other}>." in said
    assert here.said() == []


async def test_it_is_said_where_we_may_write(here: Scene) -> None:
    general, us = here.discord.channel("general"), here.discord.application_id
    general.overwrites[us] = Overwrite(us, 1, deny=May.SEND_MESSAGES)
    other = here.discord.add_channel("other").id

    await here.welcome()

    assert (len(here.said()), len(here.said(other))) == (0, 1)


async def test_a_welcome_that_was_cut_short_is_said_once_by_the_next_look(here: Scene) -> None:
    here.discord.faults.fail(method="POST", path=r"/channels/\d+/messages", status=500, times=99, after_effect=True)
    with pytest.raises(Retriable):
        await here.welcome()
    here.discord.faults.planned.clear()

    again = await here.welcome()

    assert (again, len(here.said())) == (1, 1)


async def test_a_server_that_has_us_for_commands_alone_is_left_alone(here: Scene) -> None:
    here.discord.owner.remove_bot()

    assert (await here.welcome(), await here.welcome()) == (1, 0)
    assert here.said() == []


async def test_who_brings_us_in_again_is_greeted_again(here: Scene) -> None:
    await here.welcome()
    here.discord.clock.advance(3_600)

    await here.welcome(moment="2026-11-23")

    assert len(here.said()) == 2


async def test_it_is_said_where_discord_makes_its_own_announcements(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, get_guild = here.discord.add_channel("announcements").id, here.rest.get_guild

    async def announcing(guild: str) -> Any:
        return {**await get_guild(guild), "system_channel_id": other}

    monkeypatch.setattr(here.rest, "get_guild", announcing)

    await here.welcome()

    assert (len(here.said()), len(here.said(other))) == (0, 1)


async def test_a_server_that_cannot_be_greeted_now_keeps_no_other_from_it(here: Scene) -> None:
    await here.places.note_authorised(GuildId("1"), "2026-11-21")  # comes first
    here.discord.faults.fail(method="GET", path="/guilds/1", status=500, times=99)

    with pytest.raises(Retriable):
        await here.welcome()

    assert len(here.said()) == 1
    assert list(await here.places.unwelcomed()) == ["1"]
