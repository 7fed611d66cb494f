"""An inbox on a real store, for tests that hand it events. What it sets going beside the store is remembered."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.ids import SessionId, ThreadId, TurnId
from app.inbox import hear
from app.inbox.envelope import parse
from app.inbox.ports import Afterwards, Inbox
from app.relay import Position, Shard
from app.store.asks import SqliteAsks
from app.store.ledger import SqliteLedger
from app.store.places import SqlitePlaces
from app.store.preferences import SqlitePreferences
from app.store.relay import SqliteShards
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.errors import Retriable
from app.turns.machine import Event as Step
from app.turns.records import Turn
from app.turns.routing import Policy

BOT, ROLE = "900", "901"
OPENED = (Step.ACCEPTED, Step.THREAD_OPENED)
FACTS = {Step.PROMPT_SENT: Facts(session=SessionId("ses_1")), Step.ANSWER_TAKEN: Facts(answer="yes")}
DELIVERED = (*OPENED, Step.PROMPT_SENT, Step.ANSWER_TAKEN, Step.DELIVERED)
GUILD, CHANNEL, ALICE, BOB = "100", "200", "700", "701"
NOW = 1_000.0


@dataclass(slots=True)
class Desk:
    """`us` of None: Discord has not told yet who we are."""

    sqlite: Sqlite
    policy: Policy = field(default_factory=lambda: Policy(role=ROLE))
    us: str | None = BOT
    now: float = NOW
    catch_up_failure: Exception | None = None
    done: list[str] = field(default_factory=list)
    clock: Callable[[], float] | None = None

    @property
    def ledger(self) -> SqliteLedger:
        return SqliteLedger(self.sqlite)

    @property
    def asks(self) -> SqliteAsks:
        return SqliteAsks(self.sqlite)

    @property
    def places(self) -> SqlitePlaces:
        return SqlitePlaces(self.sqlite)

    @property
    def shelf(self) -> SqliteShelf:
        return SqliteShelf(self.sqlite)

    @property
    def shards(self) -> SqliteShards:
        return SqliteShards(self.sqlite)

    @property
    def preferences(self) -> SqlitePreferences:
        return SqlitePreferences(self.sqlite)

    async def bot(self) -> str:
        if self.us is None:
            raise Retriable("Discord has not told yet who we are")
        return self.us

    async def catch_up(self) -> Mapping[str, int]:
        if self.catch_up_failure is not None:
            raise self.catch_up_failure
        self.done.append("caught up")
        return {"admitted": 0}

    async def catch_up_later(self) -> None:
        self.done.append("caught up later")

    async def pause(self, thread: ThreadId) -> bool:
        self.done.append(f"paused {thread}")
        return True

    async def sweep(self) -> None:
        self.done.append("swept")

    async def welcome(self) -> int:
        self.done.append("welcomed")
        return 1

    async def take_stock(self) -> None:
        self.done.append("took stock")

    def inbox(self) -> Inbox:
        return Inbox(
            self.ledger,
            self.asks,
            self.places,
            self.shelf,
            self.shards,
            self.preferences,
            self.policy,
            self.clock or (lambda: self.now),
            self.bot,
            self.catch_up,
            self.catch_up_later,
            self.pause,
            self.sweep,
            self.welcome,
            self.take_stock,
        )

    async def hear(self, name: str, body: Mapping[str, Any], seq: int = 1, session: str = "s1") -> Afterwards | None:
        return await hear(parse(event(name, body, seq, session)), self.inbox())

    async def position(self) -> Position | None:
        return await self.shards.position(Shard(0, 1))

    async def turn(self, id: str) -> Turn | None:
        return await self.ledger.turn(TurnId(id))

    async def bring(self, id: str, *events: Step) -> None:
        """An engine has taken the turn so far. No other at the same stage may be due before it."""
        for event in events:
            now, turn = self.inbox().clock(), await self.turn(id)
            assert turn is not None
            await self.ledger.claim("mine", now, now + 15.0, [turn.stage])
            await self.ledger.record(TurnId(id), "mine", event, FACTS.get(event, Facts()))


def event(name: str, body: Mapping[str, Any], seq: int = 1, session: str = "s1") -> dict[str, Any]:
    """As the scheduler relays it."""
    url = "wss://gateway.example"
    return {"shard": [0, 1], "session_id": session, "resume_gateway_url": url, "s": seq, "t": name, "d": dict(body)}


def message(
    id: str, content: str = "hello", *, channel: str = CHANNEL, author: str = ALICE, **more: Any
) -> dict[str, Any]:
    """As the Gateway brings it: by a person, in a text channel."""
    return {
        "id": id,
        "channel_id": channel,
        "guild_id": GUILD,
        "channel_type": 0,
        "type": 0,
        "content": content,
        "author": {"id": author, "username": "alice", "global_name": "Alice"},
        "member": {"nick": None, "roles": []},
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "edited_timestamp": None,
        **more,
    }


def mentioning(id: str, content: str, **more: Any) -> dict[str, Any]:
    """One that names the bot."""
    return message(id, f"<@{BOT}> {content}", mentions=[{"id": BOT, "username": "OpenCord"}], **more)


@asynccontextmanager
async def desk(folder: Path, **more: Any) -> AsyncIterator[Desk]:
    sqlite = Sqlite(folder / "inbox.sqlite")
    await sqlite.open()
    try:
        yield Desk(sqlite, **more)
    finally:
        await sqlite.close()
