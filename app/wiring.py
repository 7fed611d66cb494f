"""The only place that knows both the ports and what is behind them: it makes the parts, joins them, starts what runs
by itself, and ends it all in the opposite order."""

import re
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from app.background import meanwhile
from app.commands.ports import Room
from app.connections import open_http
from app.discord import signature
from app.discord.chat import DiscordChat
from app.discord.identity import Application, Identity
from app.discord.replies import Replies
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.inbox import channels
from app.inbox.catchup import CatchUp
from app.inbox.guilds import Welcome
from app.inbox.ports import Inbox
from app.opencode.agent import OpenCodeAgent
from app.opencode.config import model_of
from app.opencode.server import OpenCodeServer
from app.parts import (
    clock,
    ear_for,
    housekeeping_for,
    options_for,
    patience_for,
    policy_for,
    provider_for,
    router_for,
)
from app.sandboxes.housekeeping import Housekeeping
from app.sandboxes.keeper import Keeper
from app.settings import Settings
from app.store.ledger import SqliteLedger
from app.store.places import SqlitePlaces
from app.store.relay import SqliteShards
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.errors import Retriable
from app.turns.runner import Runner
from app.turns.steps import Steps
from app.web.front import Front, Job

log = structlog.get_logger()
REMEMBERED_SECONDS = 30 * 86_400.0  # an ended turn; Discord delivers nothing again after so long
LEFT_SECONDS = 86_400.0  # a session of the Gateway; Discord ends them within minutes


@asynccontextmanager
async def wired(settings: Settings) -> AsyncIterator[Front]:
    """The app, at work. When the block ends, turns are handed back, local servers ended and files closed."""
    provider = provider_for(settings)
    async with AsyncExitStack() as stack:
        sqlite = Sqlite(settings.database_path)
        await sqlite.open()
        stack.push_async_callback(sqlite.close)
        stack.push_async_callback(provider.close)
        to_discord = await stack.enter_async_context(open_http())
        to_opencode = await stack.enter_async_context(open_http())
        store = Store.on(sqlite)
        rest = Rest(Transport(to_discord, settings.discord_api_base_url, settings.discord_token.get_secret_value()))
        identity = Identity(
            lambda: who_we_are(rest), clock, settings.discord_application_id, settings.discord_public_key
        )
        options = options_for(settings)
        server, recreate = OpenCodeServer(to_opencode, options), settings.sandbox_reuse_policy == "recreate"
        keeper = Keeper(provider, server, store.shelf, clock, patience_for(settings), recreate=recreate)
        stack.push_async_callback(keeper.close)
        agent, policy = OpenCodeAgent(to_opencode, model_of(options), clock), policy_for(settings)
        chat, router = DiscordChat(rest, identity), router_for(settings, to_opencode)
        runner = Runner(store.ledger, Steps(store.ledger, chat, agent, keeper, policy, router), clock)
        rounds = housekeeping_for(settings, keeper, provider, store.shelf)
        inbox = inbox_for(settings, store, rest, identity, keeper, rounds)
        await stack.enter_async_context(meanwhile(provider.warm()))
        await stack.enter_async_context(meanwhile(first_look(rounds)))
        await stack.enter_async_context(meanwhile(identity.introduce()))
        await stack.enter_async_context(meanwhile(never_failing(runner)))
        await stack.enter_async_context(meanwhile(first_reading(inbox, runner)))
        replies = Replies(rest, identity)
        room = Room(store.ledger, store.places, store.shelf, keeper, replies, policy, model_of(options), clock)
        relay_key, jobs = signature.public_key(settings.relay_seed()), jobs_of(rounds, store, runner, inbox)
        yield Front(
            identity, room, runner.nudge, clock(), inbox, ear_for(settings, store.shards, store.places), relay_key, jobs
        )


@dataclass(frozen=True, slots=True)
class Store:
    """What is written down, in four vocabularies over one database."""

    ledger: SqliteLedger
    shelf: SqliteShelf
    places: SqlitePlaces
    shards: SqliteShards

    @classmethod
    def on(cls, sqlite: Sqlite) -> "Store":
        return cls(SqliteLedger(sqlite), SqliteShelf(sqlite), SqlitePlaces(sqlite), SqliteShards(sqlite))


async def who_we_are(rest: Rest) -> Application:
    found = await rest.current_application()
    id, key = str(found.get("id", "")), str(found.get("verify_key", ""))
    if not id.isdigit() or not re.fullmatch("[0-9a-f]{64}", key):
        raise Retriable("what Discord says about the application makes no sense")
    bot = found.get("bot") or await rest.current_user()
    return Application(id, key, str(bot["id"]))


async def never_failing(runner: Runner) -> None:
    """An app that answers commands and works on none of them would be worse than none: end the process."""
    try:
        await runner.run()
    except Exception:
        log.exception("runner.failed")
        signal.raise_signal(signal.SIGTERM)


async def first_look(rounds: Housekeeping) -> None:
    """What became of the machines while nobody looked."""
    with suppress(Retriable):  # the clock asks again
        await rounds.reconcile()


async def first_reading(inbox: Inbox, runner: Runner) -> None:
    """What was said while the app was away, as soon as Discord can be asked."""
    await inbox.catch_up_later()
    log.info("inbox.caught_up", why="start")
    runner.nudge()


def inbox_for(
    settings: Settings, store: Store, rest: Rest, identity: Identity, keeper: Keeper, rounds: Housekeeping
) -> Inbox:
    policy = policy_for(settings)
    catch_up = CatchUp(
        rest,
        store.places,
        identity.bot,
        policy,
        clock,
        entered=lambda guild: channels.keep_guild(guild, inbox),
        left=lambda guild: channels.forget_guild(guild, inbox),
        gone=lambda thread: channels.forget_thread(thread, inbox),
    )
    welcome = Welcome(rest, store.places, policy, mentions=settings.relay_mode != "off")
    inbox = Inbox(
        turns=store.ledger,
        places=store.places,
        shelf=store.shelf,
        shards=store.shards,
        policy=policy,
        clock=clock,
        us=identity.bot,
        catch_up=nothing if settings.relay_mode == "off" else catch_up.run,
        catch_up_later=nothing if settings.relay_mode == "off" else catch_up.run_until_done,
        pause=keeper.pause,
        sweep=rounds.destroy_expired,
        welcome=welcome.greet_all,
        take_stock=catch_up.take_stock,
    )
    return inbox


async def nothing() -> Mapping[str, int]:
    return {}


def jobs_of(rounds: Housekeeping, store: Store, runner: Runner, inbox: Inbox) -> Mapping[str, Job]:
    async def recover_turns() -> Mapping[str, int]:
        """The runner finds them by itself, where it runs all the time; where it sleeps between requests, it wakes."""
        runner.nudge()
        return {"live": await store.ledger.count_live_turns(), "greeted": await inbox.welcome()}

    async def catch_up() -> Mapping[str, int]:
        counts = await inbox.catch_up()
        runner.nudge()
        return counts

    async def prune() -> Mapping[str, int]:
        now = clock()
        turns = await store.ledger.prune(now - REMEMBERED_SECONDS)
        return {"pruned": turns, "sessions": await store.shards.prune(now - LEFT_SECONDS)}

    return {
        "pause-idle": rounds.pause_idle,
        "destroy-expired": rounds.destroy_expired,
        "reconcile": rounds.reconcile,
        "recover-turns": recover_turns,
        "catch-up": catch_up,
        "prune": prune,
    }
