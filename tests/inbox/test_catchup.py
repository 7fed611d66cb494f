"""What was said while nobody listened, read from the strict simulator over REST into a real store."""

import pytest

from app.ids import ChannelId, ThreadId
from app.inbox.catchup import CLOSED_SECONDS
from app.inbox.spots import ARCHIVED_SECONDS, LATELY_SECONDS, OLDEST_SECONDS
from app.turns.records import Addressed, Place
from app.turns.routing import Policy
from scripts.playground.discord.permissions import May
from tests.inbox.desk import mentioning
from tests.inbox.scene import Scene

pytestmark = pytest.mark.anyio


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


async def test_only_where_people_may_talk_to_us_is_read(here: Scene) -> None:
    other = here.discord.add_channel("other").id
    here.policy = Policy(channels=frozenset({ChannelId(other)}))
    await here.ask("here")
    await here.ask("there", other)

    assert await here.read() == ["there"]


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


async def test_what_follows_a_mention_is_read_over_the_end_of_a_page(here: Scene) -> None:
    thread = await here.thread()
    await here.ask("look", thread)
    for number in range(120):
        await here.write(f"message {number}", thread)

    assert await here.read() == ["look", *(f"message {number}" for number in range(120))]


async def test_what_is_said_to_everyone_in_a_thread_of_ours_is_not_for_us(here: Scene) -> None:
    thread = await here.thread()
    await here.own(thread, await here.ask("start", thread))
    loud = here.discord.add_person("loud", permissions=May.MENTION_EVERYONE)
    said = await loud.write(thread, "@everyone lunch?")

    assert said["mention_everyone"]
    assert await here.read() == []


async def test_who_is_no_member_any_more_has_no_roles(here: Scene) -> None:
    here.policy = Policy(required_role=here.discord.add_role("staff").id)
    await here.ask("good bye")
    here.discord.world.remove_member(here.alice.id)
    here.violations = [f"GET /guilds/{here.discord.guild}/members/{here.alice.id}: 404 10007 Unknown Member"]

    await here.read()

    (turn,) = await here.desk.ledger.live_turns()
    assert (turn.prompt, turn.asker.roles) == ("good bye", ())


@pytest.mark.parametrize("archived", [False, True])
async def test_what_was_said_while_we_were_away_is_not_read_in_a_thread_of_ours_either(
    here: Scene, archived: bool
) -> None:
    thread = await here.thread()
    await here.own(thread, await here.ask("start", thread))
    await here.read()
    here.discord.owner.remove_bot()
    await here.read()
    await here.write("among ourselves", thread)
    here.discord.clock.advance(5)
    here.discord.owner.admit_bot()
    here.discord.clock.advance(5)
    await here.write("welcome back", thread)
    if archived:
        await here.alice.change_thread(thread, archived=True)
        here.discord.clock.advance(CLOSED_SECONDS)

    assert await here.read() == ["welcome back"]
