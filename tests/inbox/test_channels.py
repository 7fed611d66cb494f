"""What happens to threads, channels and servers, and what becomes of their machines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ids import ChannelId, GuildId, ThreadId, TurnId
from app.inbox.channels import GRACE_SECONDS
from app.inbox.ports import Unread
from app.turns.errors import Refused, Retriable
from app.turns.machine import Event
from app.turns.preferences import Preference
from app.turns.records import Place
from tests.inbox.desk import CHANNEL, DELIVERED, GUILD, NOW, Desk, desk, mentioning

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400")
QUESTION = TurnId(f"1{THREAD}")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def machine(here: Desk, thread: str = THREAD, guild: str = GUILD) -> None:
    """One that exists, with a question that waits for it."""
    labels = {"guild": guild, "channel": CHANNEL}
    made = await here.shelf.shelve(ThreadId(thread), f"opencord-{thread}", labels, NOW)
    await here.sqlite.write(
        lambda db: db.execute(
            "UPDATE sandboxes SET state = 'active', ref = ?, password = 'p' WHERE thread = ?", [thread, thread]
        )
    )
    assert made.thread == thread
    body = mentioning(f"1{thread}", "look", channel=thread, channel_type=11, guild_id=guild)
    await here.hear("MESSAGE_CREATE", body)
    await here.sqlite.write(lambda db: db.execute("UPDATE turns SET channel = ?", [CHANNEL]))


async def doomed(here: Desk, thread: str = THREAD) -> float | None:
    sandbox = await here.shelf.sandbox_of(ThreadId(thread))
    assert sandbox is not None
    return sandbox.doomed_at


@pytest.mark.parametrize("times", [1, 2])
async def test_who_archives_a_thread_puts_its_machine_to_sleep(here: Desk, times: int) -> None:
    await machine(here)
    for _ in range(times):
        then = await here.hear("THREAD_UPDATE", {"id": THREAD, "thread_metadata": {"archived": True}})
        assert then is not None
        await then()

    sandbox = await here.shelf.sandbox_of(THREAD)
    assert sandbox is not None
    assert (sandbox.active_at, sandbox.doomed_at) == (0.0, None)
    assert here.done == [f"paused {THREAD}"] * times
    assert len(await here.ledger.live_turns()) == 1


@pytest.mark.parametrize("metadata", [{"archived": False}, {}, None])
async def test_any_other_change_of_a_thread_means_nothing(here: Desk, metadata: object) -> None:
    await machine(here)

    then = await here.hear("THREAD_UPDATE", {"id": THREAD, "thread_metadata": metadata})

    sandbox = await here.shelf.sandbox_of(THREAD)
    assert then is None
    assert sandbox is not None
    assert sandbox.active_at == NOW


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("name", "id"), [("THREAD_DELETE", THREAD), ("CHANNEL_DELETE", CHANNEL)])
async def test_a_thread_that_is_gone_takes_its_machine_and_its_questions_along(
    here: Desk, name: str, id: str, times: int
) -> None:
    await machine(here)
    for _ in range(times):
        then = await here.hear(name, {"id": id, "guild_id": GUILD})
        assert then is not None
        await then()

    assert await doomed(here) == NOW
    assert await here.ledger.live_turns() == []
    assert here.done == ["swept"] * times


@pytest.mark.parametrize(("name", "id"), [("THREAD_DELETE", THREAD), ("CHANNEL_DELETE", CHANNEL)])
async def test_a_thread_that_is_gone_is_not_read_any_more(here: Desk, name: str, id: str) -> None:
    await machine(here)
    await here.bring(QUESTION, Event.ACCEPTED)
    await here.ledger.note_place(QUESTION, "mine", Place(GuildId(GUILD), ChannelId(CHANNEL), THREAD))
    await here.bring(QUESTION, *DELIVERED[1:])
    before = await here.places.tracked(GuildId(GUILD))

    await here.hear(name, {"id": id, "guild_id": GUILD})

    assert [one.place.thread for one in before] == [THREAD]
    assert await here.places.tracked(GuildId(GUILD)) == []


@pytest.mark.parametrize(
    ("name", "id", "left"),
    [("THREAD_DELETE", THREAD, ["402", CHANNEL, "201"]), ("CHANNEL_DELETE", CHANNEL, ["201"])],
)
async def test_what_was_settled_in_a_place_goes_with_it(here: Desk, name: str, id: str, left: list[str]) -> None:
    await machine(here)
    await machine(here, "402")
    places = [ChannelId(place) for place in (THREAD, "402", CHANNEL, "201")]
    for place in places:
        await here.preferences.settle(GuildId(GUILD), place, {Preference.MODEL: "a/b", Preference.AGENT: "plan"})

    await here.hear(name, {"id": id, "guild_id": GUILD})

    assert [place for place in places if await chosen(here, place)] == left


async def test_what_was_settled_in_a_thread_that_nobody_asked_in_goes_too(here: Desk) -> None:
    await here.preferences.settle(GuildId(GUILD), THREAD, {Preference.MODEL: "a/b"})

    await here.hear("THREAD_DELETE", {"id": THREAD, "guild_id": GUILD})

    assert not await chosen(here, ChannelId(THREAD))


async def chosen(here: Desk, place: ChannelId) -> bool:
    return bool((await here.preferences.settled(Place(GuildId(GUILD), place))).chosen)


async def test_what_sets_something_going_is_taken_like_anything_else(here: Desk) -> None:
    await machine(here)

    then = await here.hear("THREAD_DELETE", {"id": THREAD}, seq=7)

    position = await here.position()
    assert then is not None
    assert position is not None
    assert position.seq == 7


async def test_the_end_of_a_thread_that_was_never_ours_sets_nothing_going(here: Desk) -> None:
    await machine(here)

    then = await here.hear("THREAD_DELETE", {"id": "401"}, seq=7)

    position = await here.position()
    assert then is None
    assert position is not None
    assert position.seq == 7


async def test_a_machine_that_is_being_made_when_its_thread_goes_is_doomed_too(here: Desk) -> None:
    labels = {"guild": GUILD, "channel": CHANNEL}
    await here.shelf.shelve(THREAD, f"opencord-{THREAD}", labels, NOW)

    await here.hear("THREAD_DELETE", {"id": THREAD})

    await machine(here)
    assert await doomed(here) == NOW


async def test_a_new_session_spares_no_machine_whose_thread_is_gone(here: Desk) -> None:
    await machine(here)
    await here.hear("THREAD_DELETE", {"id": THREAD})

    await here.hear("GUILD_CREATE", {"id": GUILD})

    assert await doomed(here) == NOW


async def test_another_thread_keeps_its_machine(here: Desk) -> None:
    await machine(here)

    await here.hear("THREAD_DELETE", {"id": "401", "guild_id": GUILD})

    assert await doomed(here) is None
    assert len(await here.ledger.live_turns()) == 1


@pytest.mark.parametrize("times", [1, 2])
async def test_after_a_server_has_removed_us_its_machines_stand_for_a_while(here: Desk, times: int) -> None:
    await machine(here)
    await machine(here, "402", guild="101")
    for _ in range(times):
        await here.hear("GUILD_DELETE", {"id": GUILD})

    assert await doomed(here) == NOW + GRACE_SECONDS
    assert await doomed(here, "402") is None


async def test_a_server_that_has_removed_us_is_none_of_ours_and_keeps_its_questions(here: Desk) -> None:
    await here.hear("GUILD_CREATE", {"id": GUILD})
    await machine(here)

    await here.hear("GUILD_DELETE", {"id": GUILD})

    assert await here.places.guilds() == {}
    assert len(await here.ledger.live_turns()) == 1


async def test_a_server_that_takes_us_back_in_time_keeps_them(here: Desk) -> None:
    await machine(here)
    await here.hear("GUILD_DELETE", {"id": GUILD})

    for _ in range(2):
        await here.hear("GUILD_CREATE", {"id": GUILD})

    assert await doomed(here) is None
    assert GuildId(GUILD) in await here.places.guilds()


async def test_an_outage_of_discords_is_no_removal(here: Desk) -> None:
    await machine(here)

    await here.hear("GUILD_DELETE", {"id": GUILD, "unavailable": True})

    assert await doomed(here) is None
    assert len(await here.ledger.live_turns()) == 1


async def test_a_new_session_is_taken_only_when_what_it_left_behind_has_been_read(here: Desk) -> None:
    here.catch_up_failure = Retriable("Discord is away")
    with pytest.raises(Retriable):
        await here.hear("READY", {"v": 10})
    before = await here.position()
    here.catch_up_failure = None

    for _ in range(2):
        await here.hear("READY", {"v": 10})

    after = await here.position()
    assert before is None
    assert after is not None
    assert (after.session, after.seq) == ("s1", 1)


async def test_a_channel_that_cannot_be_read_now_holds_up_no_session(here: Desk) -> None:
    here.catch_up_failure = Unread("one of them")

    afterwards = await here.hear("READY", {"v": 10})

    assert afterwards is not None
    await afterwards()
    assert here.done == ["caught up later"]
    assert await here.position() is not None


async def test_as_long_as_discord_does_not_say_where_we_are_no_session_is_taken(here: Desk) -> None:
    here.catch_up_failure = Refused("403")

    with pytest.raises(Retriable):
        await here.hear("READY", {"v": 10})

    assert await here.position() is None


async def test_a_defect_of_ours_does_not_hold_up_what_comes_behind(here: Desk) -> None:
    here.catch_up_failure = ZeroDivisionError()

    await here.hear("READY", {"v": 10})

    assert await here.position() is not None


@pytest.mark.parametrize("name", ["RESUMED", "THREAD_CREATE", "TYPING_START", "no such thing"])
async def test_what_means_nothing_to_us_moves_the_position_alone(here: Desk, name: str) -> None:
    await here.hear(name, {}, seq=5)

    position = await here.position()
    assert position is not None
    assert position.seq == 5
