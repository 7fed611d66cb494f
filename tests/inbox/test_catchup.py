"""What was said while nobody listened, read from the strict simulator over REST into a real store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.discord.rest import Rest
from app.discord.transport import Transport
from app.ids import ChannelId, GuildId, ThreadId
from app.inbox.catchup import CatchUp
from app.inbox.spots import ARCHIVED_SECONDS, LATELY_SECONDS, OLDEST_SECONDS
from app.turns.errors import Retriable
from app.turns.machine import Event
from app.turns.ports import Facts
from app.turns.records import Addressed, Place
from app.turns.routing import Policy
from scripts.playground.discord import Person, Rules, Simulator
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Overwrite
from tests.inbox.desk import Desk, desk, mentioning

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Scene:
    discord: Simulator
    desk: Desk
    rest: Rest
    alice: Person
    policy: Policy = field(default_factory=Policy)
    happened: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)  # that must be, and no others
    _catch_up: CatchUp | None = None

    @property
    def channel(self) -> str:
        return str(self.discord.channel("general").id)

    @property
    def mention(self) -> str:
        return f"<@{self.discord.application_id}>"

    async def us(self) -> str:
        return self.discord.application_id

    async def entered(self, guild: GuildId) -> None:
        self.happened.append("entered")
        await self.desk.places.note_guild(guild)

    async def left(self, guild: GuildId) -> None:
        self.happened.append("left")
        await self.desk.places.note_guild_gone(guild, self.discord.clock.now())

    async def gone(self, thread: ThreadId) -> None:
        self.happened.append(f"gone {thread}")
        await self.desk.places.note_gone(ChannelId(thread))

    def catch_up(self) -> CatchUp:
        self._catch_up = self._catch_up or CatchUp(
            self.rest,
            self.desk.places,
            self.us,
            self.policy,
            self.discord.clock.now,
            entered=self.entered,
            left=self.left,
            gone=self.gone,
        )
        return self._catch_up

    async def read(self) -> list[str]:
        """What it brought, in the order of admission."""
        known = {turn.id for turn in await self.desk.ledger.live_turns()}
        await self.catch_up().run()
        return [turn.prompt for turn in await self.desk.ledger.live_turns() if turn.id not in known]

    async def write(self, content: str, channel: str | None = None) -> str:
        return str((await self.alice.write(channel or self.channel, content))["id"])

    async def ask(self, content: str, channel: str | None = None) -> str:
        return await self.write(f"{self.mention} {content}", channel)

    async def thread(self, name: str = "talk") -> str:
        """Somebody's own."""
        return str((await self.alice.start_thread(self.channel, name))["id"])

    async def own(self, thread: str, first: str) -> None:
        """The message in it was heard, and taken."""
        body = mentioning(first, "start", channel=thread, channel_type=11, guild_id=self.discord.guild)
        self.desk.us = "900"
        await self.desk.hear("MESSAGE_CREATE", body)
        now = self.discord.clock.now()
        turn = await self.desk.ledger.claim("mine", now, now + 15)
        assert turn is not None
        place = Place(turn.place.guild, ChannelId(self.channel), ThreadId(thread))
        await self.desk.ledger.note_place(turn.id, "mine", place)
        await self.desk.ledger.record(turn.id, "mine", Event.ACCEPTED, Facts())

    def pages(self) -> int:
        return sum(path.endswith("/messages") for method, path, _ in self.discord.requests if method == "GET")


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with Simulator(rules=Rules(rates=None)) as discord, httpx.AsyncClient() as http, desk(folder) as here:
        here.clock = discord.clock.now
        here.now = discord.clock.now()
        rest = Rest(Transport(http, discord.api_url, discord.token))
        yield Scene(discord, here, rest, discord.add_person("alice"))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made
        assert made.violations == made.discord.violations


async def test_mentions_are_admitted_oldest_first_and_what_names_nobody_is_not(here: Scene) -> None:
    await here.ask("one")
    await here.write("nothing for you")
    await here.ask("two")

    assert await here.read() == ["one", "two"]
    assert await here.read() == []


async def test_more_than_a_page_is_read_to_its_end(here: Scene) -> None:
    for number in range(230):
        await (here.ask if number % 23 == 0 else here.write)(f"message {number}")

    assert await here.read() == [f"message {number}" for number in range(0, 230, 23)]


async def test_what_was_heard_meanwhile_is_not_admitted_twice_and_hides_nothing_before_it(here: Scene) -> None:
    await here.ask("missed")
    heard = await here.ask("heard")
    here.desk.us = here.discord.application_id
    body = {**mentioning(heard, "heard", channel=here.channel), "guild_id": here.discord.guild}
    body["mentions"] = [{"id": here.discord.application_id}]
    await here.desk.hear("MESSAGE_CREATE", body)

    assert await here.read() == ["missed"]


async def test_where_nothing_was_said_nothing_is_read(here: Scene) -> None:
    await here.ask("one")
    await here.read()
    before = here.pages()

    await here.read()

    assert here.pages() == before


async def test_in_a_thread_of_ours_everything_counts(here: Scene) -> None:
    thread = await here.thread()
    await here.own(thread, await here.ask("start", thread))
    await here.write("and now?", thread)

    assert await here.read() == ["and now?"]
    (_, turn) = await here.desk.ledger.live_turns()
    assert turn.place == Place(turn.place.guild, ChannelId(here.channel), ThreadId(thread))
    assert turn.addressed is Addressed.NOBODY


async def test_a_thread_that_was_archived_since_is_read_too(here: Scene) -> None:
    thread = await here.thread()
    await here.own(thread, await here.ask("start", thread))
    await here.write("and now?", thread)
    await here.alice.change_thread(thread, archived=True)

    assert await here.read() == ["and now?"]


async def test_an_old_archived_thread_is_looked_at_when_nobody_looked_for_long(here: Scene) -> None:
    thread = await here.thread()
    await here.own(thread, await here.ask("start", thread))
    await here.alice.change_thread(thread, archived=True)
    await here.read()
    here.discord.clock.advance(LATELY_SECONDS + ARCHIVED_SECONDS)
    await here.read()
    before = here.pages()
    await here.read()
    shortly_after = here.pages() - before
    here.discord.clock.advance(ARCHIVED_SECONDS + 1)

    await here.read()

    assert shortly_after == 0
    assert here.pages() == before + 1


async def test_in_somebody_elses_thread_a_mention_counts_and_what_follows_it(here: Scene) -> None:
    thread = await here.thread()
    await here.write("before", thread)
    await here.ask("look", thread)
    await here.write("and now?", thread)

    assert await here.read() == ["look", "and now?"]


async def test_a_thread_of_ours_that_is_gone_is_told(here: Scene) -> None:
    thread = await here.thread()
    await here.own(thread, await here.ask("start", thread))
    await here.discord.add_person("moderator", permissions=May.MANAGE_THREADS).delete_thread(thread)

    assert await here.read() == []
    await here.read()

    assert here.happened.count(f"gone {thread}") == 1
    here.violations = [f"GET /channels/{thread}/messages: 404 10003 Unknown Channel"]  # and no second one


async def test_a_server_that_removed_us_is_told(here: Scene) -> None:
    await here.read()
    here.discord.owner.remove_bot()

    await here.read()

    assert here.happened == ["entered", "left"]


async def test_only_where_people_may_talk_to_us_is_read(here: Scene) -> None:
    other = here.discord.add_channel("other").id
    here.policy = Policy(channels=frozenset({ChannelId(other)}))
    await here.ask("here")
    await here.ask("there", other)

    assert await here.read() == ["there"]


async def test_a_channel_that_we_may_not_read_keeps_nobody_from_being_heard(here: Scene) -> None:
    nobody = Overwrite(here.discord.application_id, 1, deny=May.VIEW_CHANNEL)
    hidden = here.discord.add_channel("hidden", overwrites=[nobody])
    await here.ask("there", hidden.id)
    await here.ask("here")

    assert await here.read() == ["here"]
    await here.read()
    here.violations = [f"GET /channels/{hidden.id}/messages: 403 50001 Missing Access"]  # and no second one


async def test_what_cannot_be_read_now_is_read_later_and_everything_else_at_once(here: Scene) -> None:
    other = here.discord.add_channel("other").id
    await here.ask("here")
    await here.ask("there", other)
    fault = here.discord.faults.fail(method="GET", path=f"/channels/{here.channel}/messages", status=500, times=99)
    with pytest.raises(Retriable):
        await here.read()
    read = [turn.prompt for turn in await here.desk.ledger.live_turns()]
    seen = await here.desk.places.caught_up_at()
    fault.times = 0

    assert (read, seen) == (["there"], None)
    assert await here.read() == ["here"]


async def test_the_roles_of_an_author_are_looked_up_where_they_matter(here: Scene) -> None:
    role = here.discord.add_role("staff")
    here.policy = Policy(required_role=role.id)
    bob = here.discord.add_person("bob", roles=[role.id])
    await here.ask("by alice")
    await bob.write(here.channel, f"{here.mention} by bob")

    await here.read()

    turns = await here.desk.ledger.live_turns()
    assert [(turn.prompt, turn.asker.roles) for turn in turns] == [("by alice", ()), ("by bob", (role.id,))]


async def test_what_is_older_than_a_week_is_not_asked_any_more(here: Scene) -> None:
    await here.ask("long ago")
    here.discord.clock.advance(OLDEST_SECONDS + 60)
    await here.ask("just now")

    assert await here.read() == ["just now"]


async def test_what_was_said_before_we_came_is_not_read(here: Scene) -> None:
    await here.read()
    here.discord.owner.remove_bot()
    await here.read()
    await here.ask("while you were away")
    here.discord.clock.advance(5)
    here.discord.owner.admit_bot()
    here.discord.clock.advance(5)
    await here.ask("welcome back")

    assert await here.read() == ["welcome back"]


@pytest.mark.parametrize("kind", ["bot", "webhook"])
async def test_what_no_person_said_is_passed_over(here: Scene, kind: str) -> None:
    said: Any = f"{here.mention} look"
    if kind == "bot":
        await here.discord.add_bot("other").write(here.channel, said)
    else:
        here.discord.owner.write_by_webhook(here.channel, said)

    assert await here.read() == []
