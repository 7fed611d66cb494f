"""The shim between the simulator and an app, over sockets."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import structlog

from scripts.playground.discord import Application, Rules, Simulator
from tests.scheduler.gateway.inbox import Inbox, served
from tests.scheduler.gateway.rig import QUICK, Rig, rigged

pytestmark = pytest.mark.anyio
RESUMABLE = (4000, 4001, 4002, 4003, 4005, 4008, 1000, 1001, 1012)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with rigged(Simulator()) as made:
        yield made


async def test_it_identifies_and_relays_what_is_asked_in_order(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        asked = await rig.ask("one", "two", "three")
        await rig.heard(*asked)

    ready, guild = rig.inbox.events[:2]
    assert (ready["t"], ready["s"], ready["shard"]) == ("READY", 1, [0, 1])
    assert set(ready["d"]) <= {"v", "user", "session_id", "resume_gateway_url", "application", "shard", "guilds"}
    assert ready["d"]["guilds"] == [{"id": rig.discord.guild}]
    assert (guild["t"], set(guild["d"])) == ("GUILD_CREATE", {"id", "name", "unavailable"})
    assert rig.identifies == 1
    assert rig.discord.violations == []


async def test_messages_that_are_nobodys_business_move_the_position_and_are_not_relayed(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        bob = rig.discord.add_person("bob")
        for text in ("hello", "anybody?"):
            await bob.write(rig.discord.channel("general").id, text)
        await rig.inbox.until(lambda: rig.inbox.beats[-1]["s"] == 4)

    assert rig.inbox.said() == []
    assert rig.inbox.position()["s"] == 4


async def test_beats_are_numbered_and_tell_of_the_connection(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        await rig.inbox.until(lambda: len(rig.inbox.beats) > 4)

    beats = [beat["d"] for beat in rig.inbox.beats]
    assert [beat["beat"] for beat in beats] == list(range(1, len(beats) + 1))
    assert len({beat["holder"] for beat in beats}) == 1
    assert rig.inbox.beats[0]["session_id"] is None
    assert "being made" in beats[0]["problem"]
    assert (beats[-1]["problem"], beats[-1]["notice"]) == (None, None)


@pytest.mark.parametrize("code", RESUMABLE)
async def test_after_every_resumable_code_the_session_goes_on_and_nothing_is_lost(rig: Rig, code: int) -> None:
    async with rig.shim():
        await rig.connected()
        asked = await rig.ask("before")
        await rig.heard(*asked)
        rig.discord.gateway.drop(code)
        asked += await rig.ask("meanwhile")
        await rig.inbox.until(lambda: rig.inbox.named("RESUMED"))
        asked += await rig.ask("after")
        await rig.heard(*asked)

    assert rig.identifies == 1


@pytest.mark.parametrize("how", ["cut", "reconnect"])
async def test_a_cable_that_is_pulled_or_a_server_that_goes_out_of_service_loses_nothing(rig: Rig, how: str) -> None:
    async with rig.shim():
        await rig.connected()
        getattr(rig.discord.gateway, how)()
        asked = await rig.ask("meanwhile")
        await rig.heard(*asked)

    assert rig.identifies == 1


@pytest.mark.parametrize("code", [4007, 4009])
async def test_after_a_code_that_ends_the_session_a_new_one_is_begun(rig: Rig, code: int) -> None:
    async with rig.shim():
        await rig.connected()
        rig.discord.gateway.drop(code)
        await rig.connected(sessions=2)
        asked = await rig.ask("after")
        await rig.heard(*asked)

    assert (rig.identifies, len(rig.inbox.sessions)) == (2, 2)
    assert rig.inbox.position()["session_id"] == rig.inbox.named("READY")[1]["session_id"]


async def test_a_connection_that_is_dead_without_a_word_is_noticed_by_its_heartbeat() -> None:
    async with rigged(Simulator(rules=Rules(heartbeat_ms=1000))) as rig, rig.shim():
        await rig.connected()
        rig.discord.gateway.freeze()
        asked = await rig.ask("meanwhile")
        await rig.heard(*asked)

        assert rig.identifies == 1


async def test_a_restarted_shim_resumes_where_the_app_says_that_it_is(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        asked = await rig.ask("before")
        await rig.heard(*asked)
    asked += await rig.ask("meanwhile")

    async with rig.shim():
        await rig.heard(*asked)
        asked += await rig.ask("after")
        await rig.heard(*asked)

    assert rig.identifies == 1
    assert rig.inbox.beats[-1]["d"]["leaving"]


async def test_what_comes_while_the_app_is_away_waits_for_it(rig: Rig) -> None:
    away = True
    rig.inbox.verdict = lambda envelope: 503 if away and envelope["t"] == "MESSAGE_CREATE" else 204
    async with rig.shim():
        await rig.connected()
        asked = await rig.ask("one", "two")
        await rig.inbox.until(lambda: [tried["t"] for tried in rig.inbox.tried].count("MESSAGE_CREATE") > 2)
        beats = len(rig.inbox.beats)
        await rig.inbox.until(lambda: len(rig.inbox.beats) > beats + 1)
        held_back = rig.inbox.beats[-1]["s"]
        away = False
        await rig.heard(*asked)
        await rig.inbox.until(lambda: rig.inbox.beats[-1]["s"] == 4)

    assert held_back == 2


async def test_an_app_that_is_restarted_gets_everything_once() -> None:
    async with Simulator() as discord:
        first, second = Inbox(), Inbox()
        async with served(first) as url:
            rig = Rig(discord, first, url)
            shim = rig.shim()
            await shim.__aenter__()
            await rig.connected()
            asked = await rig.ask("before")
            await rig.heard(*asked)
        asked = await rig.ask("meanwhile", "still")
        second.sessions = first.sessions
        async with served(second, int(url.rpartition(":")[2])):
            rig.inbox = second
            await rig.heard(*asked)
            await shim.__aexit__(None, None, None)


@pytest.mark.parametrize("status", [400, 413])
async def test_an_event_that_the_app_will_never_take_holds_up_no_other(rig: Rig, status: int) -> None:
    rig.inbox.verdict = lambda envelope: status if "poison" in str(envelope["d"]) else 204
    with structlog.testing.capture_logs() as logs:
        async with rig.shim():
            await rig.connected()
            asked = await rig.ask("poison", "next")
            await rig.heard(asked[1])

    (rejected,) = (line for line in logs if line["event"] == "gateway.event_rejected")
    assert (rejected["log_level"], rejected["status"], rejected["name"]) == ("error", status, "MESSAGE_CREATE")
    assert "poison" not in json.dumps(rejected)


async def test_who_does_not_hold_the_lease_stands_by_until_it_is_free(rig: Rig) -> None:
    rig.inbox.hold()
    with structlog.testing.capture_logs() as logs:
        async with rig.shim():
            await rig.inbox.until(lambda: any(line["event"] == "gateway.standing_by" for line in logs))
            connected_before = rig.identifies + len(rig.discord.gateway.connections)
            rig.inbox.leases.clear()
            await rig.connected()

    assert connected_before == 0
    assert rig.identifies == 1


async def test_an_app_that_does_not_say_where_we_are_is_asked_again(rig: Rig) -> None:
    rig.inbox.lost_positions = 2
    async with rig.shim(replace(QUICK, short_answer=0.1)):
        await rig.connected()

    assert rig.identifies == 1


async def test_a_lease_that_is_lost_ends_the_connection_and_whoever_has_it_goes_on(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        rig.inbox.hold()
        await rig.inbox.until(lambda: not rig.discord.gateway.connections)
        asked = await rig.ask("meanwhile")
        rig.inbox.leases.clear()
        await rig.heard(*asked)

    assert rig.identifies == 1


async def test_of_two_shims_one_listens_and_the_other_takes_over(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        async with rig.shim():
            asked = await rig.ask("one")
            await rig.heard(*asked)
            assert len(rig.discord.gateway.connections) == 1
            first = rig.inbox.beats[-1]["d"]["holder"]
            rig.inbox.leases.clear()
            asked += await rig.ask("two")
            await rig.heard(*asked)

    assert (rig.identifies, bool(first)) == (1, True)


async def test_without_the_privilege_it_goes_on_with_mentions_and_says_what_that_costs() -> None:
    application = Application(message_content=False)
    async with rigged(Simulator(application=application)) as rig:
        async with rig.shim():
            await rig.connected()
            asked = await rig.ask("hello")
            await rig.heard(*asked)
            told = rig.inbox.beats[-1]["d"]
        async with rig.shim():  # resumes that session, and knows
            await rig.inbox.until(lambda: rig.inbox.named("RESUMED") and rig.inbox.problem is None)
            told_again = rig.inbox.beats[-1]["d"]
        application.message_content = True
        async with rig.shim():  # a new one is worth it
            await rig.connected(sessions=2)
            told_at_last = rig.inbox.beats[-1]["d"]

    assert "Message Content Intent" in told["notice"]
    assert told_again["notice"] == told["notice"]
    assert told_at_last["notice"] is None
    assert len(rig.inbox.sessions) == 2


async def test_a_queue_that_is_full_closes_the_connection_until_there_is_room(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.gateway.backlog.Backlog.__init__.__defaults__", (4, 16_000_000))
    away = True
    rig.inbox.verdict = lambda envelope: 503 if away and envelope["t"] == "MESSAGE_CREATE" else 204
    # With such a pause after a connection that did not last, none could follow in time.
    async with rig.shim(replace(QUICK, reconnect=60.0, longest_reconnect=60.0, lasting=60.0)):
        await rig.connected()
        asked = await rig.ask(*map(str, range(12)))
        await rig.inbox.until(
            lambda: not rig.discord.gateway.connections and "takes no events" in (rig.inbox.problem or "")
        )
        resumes = rig.discord.world.resumes
        beats = len(rig.inbox.beats)
        await rig.inbox.until(lambda: len(rig.inbox.beats) > beats + 2)
        resumed_without_room = rig.discord.world.resumes - resumes
        away = False
        await rig.heard(*asked)
        await rig.inbox.until(lambda: rig.inbox.problem is None)

    assert (rig.identifies, resumed_without_room) == (1, 0)


async def test_the_answer_to_ready_may_take_its_time_and_beats_do_not_wait_for_it(rig: Rig) -> None:
    slow = True
    rig.inbox.verdict = lambda envelope: 503 if slow and envelope["t"] == "READY" else 204
    async with rig.shim():
        await rig.inbox.until(lambda: len(rig.inbox.beats) > 5 and rig.inbox.problem is None)
        slow = False
        asked = await rig.ask("after")
        await rig.heard(*asked)

    assert [event["t"] for event in rig.inbox.events] == ["READY", "GUILD_CREATE", "MESSAGE_CREATE"]


async def test_a_token_that_is_not_accepted_is_told_in_words_and_asked_about_seldom(rig: Rig) -> None:
    rig.discord.faults.fail(path="/users/@me", status=401, body={"message": "401: Unauthorized", "code": 0})
    with structlog.testing.capture_logs() as logs:
        async with rig.shim():
            await rig.inbox.until(lambda: "DISCORD_TOKEN" in (rig.inbox.problem or ""))
            await rig.connected()

    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["gateway.refused"]


async def test_a_token_that_is_taken_away_stops_it_with_a_reason(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        rig.discord.gateway.drop(4004)
        await rig.inbox.until(lambda: "DISCORD_TOKEN" in (rig.inbox.problem or ""))
        await rig.connected(sessions=2)

    assert rig.identifies == 2


async def test_every_shard_has_its_lease_and_its_session() -> None:
    async with rigged(Simulator(rules=Rules(shards=3, max_concurrency=3))) as rig:
        async with rig.shim():
            await rig.connected(sessions=3)

        assert set(rig.inbox.leases) == {(0, 3), (1, 3), (2, 3)}
        assert sorted(ready["shard"] for ready in rig.inbox.named("READY")) == [[0, 3], [1, 3], [2, 3]]


async def test_identifies_of_one_bucket_keep_their_distance() -> None:
    async with rigged(Simulator(rules=Rules(shards=3, identify_seconds=0.2))) as rig:
        async with rig.shim(replace(QUICK, spacing=0.25)):
            await rig.connected(sessions=3)

        assert (rig.identifies, rig.discord.violations) == (3, [])


async def test_another_number_of_shards_begins_the_whole_fleet_anew(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        rig.discord.world.rules = replace(rig.discord.world.rules, shards=2, max_concurrency=2)
        rig.discord.gateway.drop(4011)
        await rig.connected(sessions=3)

    assert sorted(ready["shard"] for ready in rig.inbox.named("READY")) == [[0, 1], [0, 2], [1, 2]]


async def test_a_day_whose_sessions_are_used_up_is_waited_out_with_words() -> None:
    async with rigged(Simulator(rules=Rules(sessions_per_day=2))) as rig:
        async with rig.shim():
            await rig.connected()
            rig.discord.gateway.drop(4009)
            await rig.connected(sessions=2)
            rig.discord.gateway.drop(4009)
            await rig.inbox.until(lambda: "allows no more for now" in (rig.inbox.problem or ""))

        assert rig.identifies == 2
