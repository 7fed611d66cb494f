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
from app.discord.downloads import Downloads
from app.discord.identity import Application, Identity
from app.discord.replies import Replies
from app.discord.rest import Rest
from app.discord.sights import Sights
from app.discord.speech import Speech
from app.discord.threads import DiscordThreads
from app.discord.transport import Transport
from app.inbox import channels
from app.inbox.catchup import CatchUp
from app.inbox.guilds import Welcome
from app.inbox.ports import Inbox
from app.opencode.agent import OpenCodeAgent
from app.opencode.config import LOGS, SNAPSHOTS, model_of
from app.opencode.migration import OpenCodeMigration
from app.opencode.server import OpenCodeServer
from app.opencode.workbench import OpenCodeWorkbench
from app.parts import (
    clock,
    ear_for,
    housekeeping_for,
    options_for,
    patience_for,
    policy_for,
    preferences_for,
    provider_for,
    router_for,
)
from app.sandboxes.console import Console
from app.sandboxes.files import Files
from app.sandboxes.freight import MachineFreight
from app.sandboxes.housekeeping import Housekeeping
from app.sandboxes.keeper import Keeper
from app.sandboxes.provider import Provider
from app.settings import Settings
from app.store.asks import SqliteAsks
from app.store.catalogue import SqliteCatalogue
from app.store.ledger import SqliteLedger
from app.store.parcels import SqliteParcels
from app.store.places import SqlitePlaces
from app.store.preferences import SqlitePreferences
from app.store.relay import SqliteShards
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.books import Books
from app.turns.engine import Engine, Habits, World
from app.turns.errors import Retriable
from app.web.front import Front, Job

log = structlog.get_logger()
REMEMBERED_SECONDS = 30 * 86_400.0  # an ended turn; Discord delivers nothing again after so long
KEPT_SECONDS = 86_400.0  # what a form is opened with; nobody leaves one open for so long
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
        store, options = Store.on(sqlite, settings), options_for(settings)
        rest = Rest(Transport(to_discord, settings.discord_api_base_url, settings.discord_token.get_secret_value()))
        identity = Identity(
            lambda: who_we_are(rest), clock, settings.discord_application_id, settings.discord_public_key
        )
        keeper = keeper_for(settings, provider, OpenCodeServer(to_opencode, options, store.catalogue.learn), store)
        stack.push_async_callback(keeper.close)
        agent = OpenCodeAgent(to_opencode, model_of(options), clock)
        workbench = OpenCodeWorkbench(to_opencode, model_of(options), clock)
        console = Console(provider, store.shelf, LOGS)
        downloads = Downloads(to_discord, settings.discord_api_base_url, rest)
        speech, router = Speech(rest, identity), router_for(settings, to_opencode)
        threads, chat = DiscordThreads(rest, identity, speech), DiscordChat(rest, identity, downloads, speech)
        migration = OpenCodeMigration(to_opencode, model_of(options))
        freight = MachineFreight(provider, store.shelf, SNAPSHOTS)
        files = Files(provider, store.shelf)
        world = World(threads, chat, agent, keeper, files, migration, freight, router)
        engine = engine_for(settings, store, world)
        rounds = housekeeping_for(settings, keeper, provider, store.shelf)
        inbox = inbox_for(settings, store, rest, identity, keeper, rounds)
        await stack.enter_async_context(meanwhile(provider.warm()))
        await stack.enter_async_context(meanwhile(first_look(rounds)))
        await stack.enter_async_context(meanwhile(identity.introduce()))
        await stack.enter_async_context(meanwhile(never_failing(engine)))
        await stack.enter_async_context(meanwhile(first_reading(inbox, engine)))
        room = room_for(settings, store, rest, identity, Machinery(keeper, agent, workbench, console))
        relay_key, jobs = signature.public_key(settings.relay_seed()), jobs_of(rounds, store, engine, inbox)
        yield Front(
            identity, room, engine.nudge, clock(), inbox, ear_for(settings, store.shards, store.places), relay_key, jobs
        )


@dataclass(frozen=True, slots=True)
class Store:
    """What is written down, in several vocabularies over one database."""

    ledger: SqliteLedger
    parcels: SqliteParcels
    asks: SqliteAsks
    preferences: SqlitePreferences
    catalogue: SqliteCatalogue
    shelf: SqliteShelf
    places: SqlitePlaces
    shards: SqliteShards

    @classmethod
    def on(cls, sqlite: Sqlite, settings: Settings) -> "Store":
        return cls(
            SqliteLedger(sqlite),
            SqliteParcels(sqlite),
            SqliteAsks(sqlite),
            SqlitePreferences(sqlite, preferences_for(settings)),
            SqliteCatalogue(sqlite),
            SqliteShelf(sqlite),
            SqlitePlaces(sqlite),
            SqliteShards(sqlite),
        )


def keeper_for(settings: Settings, provider: Provider, server: OpenCodeServer, store: Store) -> Keeper:
    recreate = settings.sandbox_reuse_policy == "recreate"
    patience, project_of = patience_for(settings), store.preferences.project_of
    return Keeper(provider, server, store.shelf, clock, patience, project_of, recreate=recreate)


def engine_for(settings: Settings, store: Store, world: World) -> Engine:
    books = Books(store.ledger, store.parcels, store.asks, store.preferences)
    return Engine(books, world, policy_for(settings), Habits(settings.sandbox_timeout_minutes * 60), clock)


@dataclass(frozen=True, slots=True)
class Machinery:
    """What commands and presses reach of the threads' machines."""

    keeper: Keeper
    agent: OpenCodeAgent
    workbench: OpenCodeWorkbench
    console: Console


def room_for(settings: Settings, store: Store, rest: Rest, identity: Identity, machinery: Machinery) -> Room:
    return Room(
        ledger=store.ledger,
        asks=store.asks,
        preferences=store.preferences,
        catalogue=store.catalogue,
        places=store.places,
        shelf=store.shelf,
        machines=machinery.keeper,
        agent=machinery.agent,
        replies=Replies(rest, identity),
        messages=rest,
        policy=policy_for(settings),
        operator_role=settings.discord_operator_role_id,
        clock=clock,
        bench=machinery.workbench,
        console=machinery.console,
        sights=Sights(rest),
    )


async def who_we_are(rest: Rest) -> Application:
    found = await rest.current_application()
    id, key = str(found.get("id", "")), str(found.get("verify_key", ""))
    if not id.isdigit() or not re.fullmatch("[0-9a-f]{64}", key):
        raise Retriable("what Discord says about the application makes no sense")
    bot = found.get("bot") or await rest.current_user()
    return Application(id, key, str(bot["id"]))


async def never_failing(engine: Engine) -> None:
    """An app that answers commands and works on none of them would be worse than none: end the process."""
    try:
        await engine.run()
    except Exception:
        log.exception("engine.failed")
        signal.raise_signal(signal.SIGTERM)


async def first_look(rounds: Housekeeping) -> None:
    """What became of the machines while nobody looked."""
    with suppress(Retriable):  # the clock asks again
        await rounds.reconcile()


async def first_reading(inbox: Inbox, engine: Engine) -> None:
    """What was said while the app was away, as soon as Discord can be asked."""
    await inbox.catch_up_later()
    log.info("inbox.caught_up", why="start")
    engine.nudge()


def inbox_for(
    settings: Settings, store: Store, rest: Rest, identity: Identity, keeper: Keeper, rounds: Housekeeping
) -> Inbox:
    policy = policy_for(settings)
    catch_up = CatchUp(
        rest,
        store.places,
        store.asks,
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
        asks=store.asks,
        places=store.places,
        shelf=store.shelf,
        shards=store.shards,
        preferences=store.preferences,
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


def jobs_of(rounds: Housekeeping, store: Store, engine: Engine, inbox: Inbox) -> Mapping[str, Job]:
    async def recover_turns() -> Mapping[str, int]:
        """The runner finds them by itself, where it runs all the time; where it sleeps between requests, it wakes."""
        engine.nudge()
        return {"live": await store.ledger.count_live_turns(), "greeted": await inbox.welcome()}

    async def catch_up() -> Mapping[str, int]:
        counts = await inbox.catch_up()
        engine.nudge()
        return counts

    async def prune() -> Mapping[str, int]:
        now = clock()
        return {
            "pruned": await store.ledger.prune(now - REMEMBERED_SECONDS),
            "drafts": await store.ledger.prune_drafts(now - KEPT_SECONDS),
            "settings": await store.preferences.prune(now - REMEMBERED_SECONDS),
            "sessions": await store.shards.prune(now - LEFT_SECONDS),
        }

    return {
        "pause-idle": rounds.pause_idle,
        "destroy-expired": rounds.destroy_expired,
        "reconcile": rounds.reconcile,
        "recover-turns": recover_turns,
        "catch-up": catch_up,
        "prune": prune,
    }
