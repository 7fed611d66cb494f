"""Five hundred messages while everything breaks that can: before our simulator, and before SimCord.

Whatever happens to connections, sessions and processes, everything that is asked of the bot is answered once, in the
order of each channel, and nothing else is.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from pathlib import Path
from random import Random

import pytest

from scripts.playground.discord import Rules, Simulator
from tests.peers.discordlike import Discordlike, Strict, until
from tests.peers.simcord import simcord
from tests.relay.household import Door, Household, Mood, household
from tests.relay.talk import Talk, said_by_bot

pytestmark = pytest.mark.anyio

MESSAGES = 500
SEEDS = int(os.environ.get("CHAOS_SEEDS", "1"))  # how many orders of events are tried
PATIENCE = 150.0  # seconds that may pass before the last answer stands there: Discord takes a message a second
CODES = (4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009, 1012, None)
NEW_SESSIONS = 1 + 3  # the first; 4007, 4009 and op 9
KILLED_SESSIONS = 2  # a scheduler that is killed before the app has its new session begins another
# Refusals that an app meets that was killed: it repeats a step, and has forgotten what was left of its rate limits.
EXPECTED = ("160004", " 429 ")


@asynccontextmanager
async def simulator() -> AsyncIterator[Strict]:
    async with Simulator(rules=Rules(window=0.02)) as discord:
        yield Strict(discord)


DISCORDS: dict[str, Callable[[], AbstractAsyncContextManager[Discordlike]]] = {
    "simulator": simulator,
    "simcord": simcord,
}


def nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Calamity:
    """What begins it, and what ends it; in between, people go on talking. After one that `severs`, the connection to
    the Gateway is a new one."""

    name: str
    strike: Callable[[], object]
    relieve: Callable[[], object] = nothing
    severs: bool = True


def calamities(home: Household) -> list[Calamity]:
    discord = home.discord
    return [
        *(Calamity(f"closed with {code}", partial(discord.drop, code)) for code in CODES),
        Calamity("op 7", discord.reconnect),
        Calamity("op 9", partial(discord.invalidate, resumable=False)),
        Calamity("op 9, resumable", partial(discord.invalidate, resumable=True)),
        killed(home, "scheduler"),
        killed(home, "app"),
        killed(home, "app", "scheduler"),
        Calamity("both restarted", lambda: home.stop("scheduler", "app"), partial(home.start, "scheduler", "app")),
        behind(home.door, Mood.REFUSING),
        behind(home.door, Mood.FORGETFUL),
    ]


def killed(home: Household, *names: str) -> Calamity:
    return Calamity(f"kill -9 {names}", partial(home.kill, *names), partial(home.start, *names), "scheduler" in names)


def behind(door: Door, mood: Mood) -> Calamity:
    def strike() -> None:
        door.mood, door.refused = mood, 0

    async def relieve() -> None:
        await until(lambda: door.refused > 1, PATIENCE, f"two requests to an app that is {mood}")
        door.mood = Mood.OPEN

    return Calamity(f"an app that is {mood}", strike, relieve, severs=False)


@pytest.mark.timeout(360)
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
@pytest.mark.parametrize("peer", DISCORDS)
async def test_everything_asked_is_answered_once_and_in_order_whatever_breaks(
    peer: str, seed: int, tmp_path: Path
) -> None:
    async with DISCORDS[peer]() as discord, household(discord, tmp_path) as home:
        chance = Random(seed)
        talk, ills = Talk(discord, chance), calamities(home)
        chance.shuffle(ills)
        await talk.begin()
        home.start("app", "scheduler")
        await home.until_up()
        first = await talk.open()
        await until(lambda: first in discord.threads(), PATIENCE, "the first thread")

        for number, ill in enumerate(ills):
            share = (MESSAGES - talk.said) // (len(ills) - number)
            async with suffering(home, ill):
                await talk.begin_another()
                await talk.go_on(share // 2)
            await talk.go_on(share - share // 2)
        await until(lambda: set(talk.answers) <= set(discord.threads()), PATIENCE, "every thread")
        await talk.close()
        await until(lambda: all_answered(discord, talk), PATIENCE, "the last answer")

        assert {thread: said_by_bot(discord, thread) for thread in discord.threads()} == talk.expected()
        assert [said_by_bot(discord, channel) for channel in talk.channels] == [[], []]
        assert [what for what in discord.violations if not any(word in what for word in EXPECTED)] == []
        assert NEW_SESSIONS <= discord.identifies <= NEW_SESSIONS + KILLED_SESSIONS
        assert talk.said >= MESSAGES


@asynccontextmanager
async def suffering(home: Household, ill: Calamity) -> AsyncIterator[None]:
    """It lasts as long as the block, and meets somebody who listens; behind it, everybody is up again."""
    await home.until_up()
    before = home.discord.listener()
    await done(ill.strike())
    yield
    await done(ill.relieve())
    await home.until_up(before if ill.severs else None)


async def done(work: object) -> None:
    if isawaitable(work):
        await work


def all_answered(discord: Discordlike, talk: Talk) -> bool:
    there = discord.threads()
    return all(
        thread in there and len(said_by_bot(discord, thread)) >= len(answers)
        for thread, answers in talk.answers.items()
    )
