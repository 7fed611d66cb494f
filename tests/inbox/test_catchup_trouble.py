"""Catching up where Discord shows less than it lists: what cannot be read, what is deleted, what is gone."""

from typing import Any

import pytest

from app.ids import MessageId, TurnId
from app.inbox.catchup import CLOSED_SECONDS
from app.inbox.ports import Unread
from app.turns.machine import Event, Stage
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Overwrite
from tests.inbox.scene import Scene

pytestmark = pytest.mark.anyio


async def test_a_thread_of_ours_that_is_gone_is_told(here: Scene) -> None:
    thread = await here.thread()
    await here.own(thread, await here.ask("start", thread))
    await here.discord.add_person("moderator", permissions=May.MANAGE_THREADS).delete_thread(thread)

    assert await here.read() == []
    await here.read()

    assert here.happened.count(f"gone {thread}") == 1
    here.violations = [f"GET /channels/{thread}/messages: 404 10003 Unknown Channel"]  # and no second one


async def test_a_channel_that_we_may_not_read_keeps_nobody_from_being_heard(here: Scene) -> None:
    nobody = Overwrite(here.discord.application_id, 1, deny=May.VIEW_CHANNEL)
    hidden = here.discord.add_channel("hidden", overwrites=[nobody])
    await here.ask("there", hidden.id)
    await here.ask("here")

    assert await here.read() == ["here"]
    await here.read()
    here.violations = [f"GET /channels/{hidden.id}/messages: 403 50001 Missing Access"]  # and no second one


async def test_what_is_said_where_we_may_not_read_does_not_make_us_try_each_time(here: Scene) -> None:
    nobody = Overwrite(here.discord.application_id, 1, deny=May.VIEW_CHANNEL)
    hidden = here.discord.add_channel("hidden", overwrites=[nobody])
    for _ in range(3):
        await here.write("among ourselves", hidden.id)
        await here.read()

    assert here.pages() == 1
    here.violations = [f"GET /channels/{hidden.id}/messages: 403 50001 Missing Access"]


async def test_what_cannot_be_read_now_is_read_later_and_everything_else_at_once(here: Scene) -> None:
    other = here.discord.add_channel("other").id
    await here.ask("here")
    await here.ask("there", other)
    fault = here.discord.faults.fail(method="GET", path=f"/channels/{here.channel}/messages", status=500, times=99)
    with pytest.raises(Unread):
        await here.read()
    read = [turn.prompt for turn in await here.desk.ledger.live_turns()]
    seen = await here.desk.places.caught_up_at()
    fault.times = 0

    assert (read, seen) == (["there"], None)
    assert await here.read() == ["here"]


@pytest.mark.parametrize("kind", ["bot", "webhook"])
async def test_what_no_person_said_is_passed_over(here: Scene, kind: str) -> None:
    said: Any = f"{here.mention} look"
    if kind == "bot":
        await here.discord.add_bot("other").write(here.channel, said)
    else:
        here.discord.owner.write_by_webhook(here.channel, said)

    assert await here.read() == []


async def test_a_server_that_does_not_show_its_channels_holds_up_nobody(here: Scene) -> None:
    here.discord.faults.fail(method="GET", path=r"/guilds/\d+/channels", status=403, times=99)

    assert await here.read() == []
    assert await here.desk.places.caught_up_at() is not None


async def test_a_defect_over_one_channel_does_not_keep_the_others_from_being_read(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = here.discord.add_channel("other").id
    await here.ask("here")
    await here.ask("there", other)
    get_messages = here.rest.get_messages

    async def spoiled(channel: str, **more: Any) -> Any:
        return [{"id": "what is this?"}] if channel == here.channel else await get_messages(channel, **more)

    monkeypatch.setattr(here.rest, "get_messages", spoiled)
    with pytest.raises(Unread):
        await here.read()
    monkeypatch.undo()
    read = [turn.prompt for turn in await here.desk.ledger.live_turns()]

    assert read == ["there"]
    assert await here.read() == ["here"]


@pytest.mark.parametrize("body", [None, {"message": "404: Not Found", "code": 0}], ids=["a proxy's", "no such route"])
async def test_only_discord_can_say_that_a_thread_is_gone(here: Scene, body: object) -> None:
    thread = await here.thread()
    await here.own(thread, await here.ask("start", thread))
    await here.write("and now?", thread)
    here.discord.faults.fail(
        method="GET", path=f"/channels/{thread}/messages", status=404, body=body or "<html>", times=99
    )

    await here.read()

    assert here.happened == ["entered"]


async def test_a_thread_that_is_not_open_yet_is_not_looked_for(here: Scene) -> None:
    asked = await here.ask("look")
    await here.read()
    await here.desk.bring(asked, Event.ACCEPTED)
    await here.desk.ledger.note_opener(TurnId(asked), "mine", MessageId(asked))

    await here.read()

    turn = await here.desk.turn(asked)
    assert here.happened == ["entered"]
    assert turn is not None
    assert turn.stage is Stage.ACCEPTED


async def test_a_deleted_newest_message_is_asked_for_once_in_a_while(here: Scene) -> None:
    await here.ask("one")
    await here.read()
    await here.alice.delete(here.channel, await here.write("two"))
    before = here.pages()
    for _ in range(5):
        await here.read()
    soon = here.pages() - before
    here.discord.clock.advance(CLOSED_SECONDS)

    await here.read()

    assert soon <= 1
    assert here.pages() - before == soon + 1


async def test_who_writes_behind_a_deleted_message_is_heard_at_once(here: Scene) -> None:
    await here.alice.delete(here.channel, await here.write("one"))
    await here.read()
    await here.ask("two")

    assert await here.read() == ["two"]


async def test_quiet_archived_threads_cost_nothing_in_most_rounds(here: Scene) -> None:
    for number in range(3):
        thread = await here.thread(f"talk {number}")
        await here.own(thread, await here.ask("start", thread))
        await here.alice.change_thread(thread, archived=True)
    await here.read()
    before = here.pages()

    for _ in range(3):
        await here.read()

    assert here.pages() == before
