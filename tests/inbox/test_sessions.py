"""What a new session of the Gateway begins with: where we are, and what was said there."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from app.ids import GuildId, ThreadId
from app.inbox import hear
from app.inbox.catchup import CatchUp
from app.inbox.channels import forget_guild, keep_guild
from app.inbox.envelope import parse
from app.inbox.ports import Inbox
from app.turns.errors import Retriable
from tests.inbox.desk import event
from tests.inbox.scene import Scene

pytestmark = pytest.mark.anyio


async def test_a_server_that_removed_us_is_told(here: Scene) -> None:
    await here.read()
    here.discord.owner.remove_bot()

    await here.read()

    assert here.happened == ["entered", "left"]


async def test_a_server_that_we_enter_while_the_list_comes_is_not_taken_for_left(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.read()
    get_guilds = here.rest.get_guilds

    async def slow() -> Any:
        listed = await get_guilds()
        await here.desk.places.note_guild(GuildId("555"))  # the Gateway is quicker
        return listed

    monkeypatch.setattr(here.rest, "get_guilds", slow)

    await here.catch_up().take_stock()

    assert "left" not in here.happened
    assert GuildId("555") in await here.desk.places.guilds()


async def test_a_round_is_dated_by_its_end(here: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    get_guilds = here.rest.get_guilds

    async def slow() -> Any:
        here.discord.clock.advance(40)
        return await get_guilds()

    monkeypatch.setattr(here.rest, "get_guilds", slow)

    await here.read()

    assert await here.desk.places.caught_up_at() == pytest.approx(here.discord.clock.now(), abs=20)


def inbox_of(here: Scene) -> Inbox:
    catch_up = here.catch_up()
    return replace(here.desk.inbox(), catch_up=catch_up.run, catch_up_later=catch_up.run_until_done)


async def test_a_new_session_waits_for_no_single_channel_and_that_one_is_read_afterwards(here: Scene) -> None:
    other = here.discord.add_channel("other").id
    await here.ask("here")
    await here.ask("there", other)
    fault = here.discord.faults.fail(method="GET", path=f"/channels/{here.channel}/messages", status=500, times=99)

    afterwards = await hear(parse(event("READY", {"v": 10})), inbox_of(here))
    at_once = [turn.prompt for turn in await here.desk.ledger.live_turns()]
    position = await here.desk.position()
    fault.times = 0
    assert afterwards is not None
    await afterwards()

    assert (at_once, position is not None) == (["there"], True)
    assert [turn.prompt for turn in await here.desk.ledger.live_turns()] == ["there", "here"]


@pytest.mark.parametrize("status", [403, 500])
async def test_a_new_session_is_not_taken_before_it_is_known_where_we_are(here: Scene, status: int) -> None:
    here.discord.faults.fail(method="GET", path="/users/@me/guilds", status=status, times=99)

    with pytest.raises(Retriable):
        await hear(parse(event("READY", {"v": 10})), inbox_of(here))

    assert await here.desk.position() is None


async def machine_of(here: Scene) -> None:
    labels = {"guild": here.discord.guild, "channel": here.channel}
    await here.desk.shelf.shelve(ThreadId("1"), "opencord-1", labels, 1.0)
    await here.desk.sqlite.write(
        lambda db: db.execute("UPDATE sandboxes SET state = 'active', ref = '1', password = 'p'")
    )


async def doomed(here: Scene) -> bool:
    sandbox = await here.desk.shelf.sandbox_of(ThreadId("1"))
    assert sandbox is not None
    return sandbox.doomed_at is not None


async def test_whoever_lets_us_in_again_keeps_the_machines_also_where_nobody_told_us_but_the_authorisation(
    here: Scene,
) -> None:
    await here.read()
    await machine_of(here)
    guild, inbox = GuildId(here.discord.guild), here.desk.inbox()
    catch_up = CatchUp(
        here.rest,
        here.desk.places,
        here.desk.asks,
        here.us,
        here.policy,
        here.discord.clock.now,
        entered=partial(keep_guild, inbox=inbox),
        left=partial(forget_guild, inbox=inbox),
        gone=here.gone,
    )
    here.discord.owner.remove_bot()
    await catch_up.take_stock()
    condemned = await doomed(here)
    here.discord.owner.admit_bot()
    await here.desk.places.note_authorised(guild, "2026")

    await catch_up.take_stock()

    assert (condemned, await doomed(here)) == (True, False)


async def test_who_dies_between_the_two_halves_of_entering_a_server_is_followed_by_one_who_does_both(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.read()
    await machine_of(here)
    guild, inbox = GuildId(here.discord.guild), here.desk.inbox()
    await forget_guild(guild, inbox)

    async def die(*_: object) -> None:
        raise Retriable("killed")

    for verb in ("reprieve", "note_guild"):
        with monkeypatch.context() as patch:
            patch.setattr(type(inbox.shelf if verb == "reprieve" else inbox.places), verb, die)
            with pytest.raises(Retriable):
                await keep_guild(guild, inbox)
        assert guild not in await here.desk.places.guilds()
    await keep_guild(guild, inbox)

    assert not await doomed(here)
