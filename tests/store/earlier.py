"""A database as an earlier version left it, and what this version makes of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from app.ids import MessageId, SessionId, ThreadId, TurnId, UserId
from app.store.ledger import SqliteLedger
from app.store.migrations import migrations
from app.store.parcels import SqliteParcels
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.delivery import Delivery
from app.turns.machine import Event, Stage
from app.turns.records import Turn
from tests.fakes.chat import FakeChat
from tests.samples import ALICE

NOW = 1_000.0


@dataclass(slots=True)
class Old:
    """What lies in the file at `path`, a thread for each of its turns. To be committed and closed by its user."""

    path: Path
    database: Database
    numbers: dict[str, int] = field(default_factory=dict)  # of the turns, by what they are called here

    def turn(self, name: str, stage: str, **columns: Any) -> None:
        number = self.numbers[name] = len(self.numbers) + 1
        row = {
            "id": id_of(number),
            "source": "message",
            "guild": "100",
            "channel": "200",
            "thread": thread_of(number),
            "asker": ALICE.id,
            "asker_name": ALICE.name,
            "asker_roles": "[]",
            "prompt": name,
            "stage": stage,
            "admitted_at": 10.0 + number,
            "due_at": 10.0 + number,
            "opener": id_of(number),
        }
        self.insert("turns", row | columns)

    def parcel(self, name: str, ordinal: int, content: str, **columns: Any) -> None:
        turn = id_of(self.numbers[name])
        row = {"turn": turn, "ordinal": ordinal, "content": content, "nonce": f"{turn}-{ordinal}"}
        self.insert("parcels", row | columns)

    def sandbox(self, name: str, state: str, **columns: Any) -> None:
        thread = thread_of(self.numbers[name])
        row = {"thread": thread, "name": f"opencord-{thread}", "state": state, "changed_at": 1.0, "active_at": 1.0}
        self.insert("sandboxes", row | columns)

    def insert(self, table: str, row: dict[str, Any]) -> None:
        names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        self.database.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", row)


def id_of(number: int) -> TurnId:
    return TurnId(str(500_000_000_000_000_000 + number))


def thread_of(number: int) -> ThreadId:
    return ThreadId(str(400_000_000_000_000_000 + number))


def before_conversations(path: Path) -> Old:
    """A turn at every stage, and whatever belongs to them."""
    old = Old(path, Database(path))
    migrations.apply(old.database, stop_before="0006_conversation")
    old.turn("admitted", "admitted", opener=None)
    old.turn("admitted in a channel", "admitted", opener=None, thread=None)
    old.turn("accepted", "accepted")
    old.turn("queued", "threaded")
    old.turn("interrupted", "threaded", session="ses_1", interruptions=1)
    old.turn("prompted", "prompted", session="ses_1", lease_token="died", lease_until=20.0)
    old.turn("answered", "answered", session="ses_1", answer="a b c", lease_token="died", lease_until=20.0)
    old.turn("given up", "answered", answer="sorry")
    old.turn("sent", "answered", session="ses_1", answer="a")
    old.turn("delivered", "delivered", session="ses_1", answer="a")
    old.turn("ignored", "ignored", opener=None)
    old.turn("cancelled", "cancelled", session="ses_1")
    old.turn("failed", "failed", opener=None, thread=None, failure="no permission")
    for ordinal, (text, posted) in enumerate((("a", "901"), ("b", None), ("c", None))):
        old.parcel("answered", ordinal, text, message=posted)
    old.parcel("given up", 0, "sorry")
    old.parcel("sent", 0, "a", message="902")
    old.parcel("delivered", 0, "a", message="903")
    old.sandbox("prompted", "active", ref="box-1", password="secret", session="ses_1")
    old.sandbox("answered", "paused", ref="box-2", session="ses_1")
    old.sandbox("delivered", "destroyed", session="ses_1")
    old.sandbox("queued", "creating", holder="died", held_until=20.0)
    return old


@dataclass(frozen=True, slots=True)
class Now:
    """The same database, as this version works on it."""

    sqlite: Sqlite
    numbers: dict[str, int]
    chat: FakeChat = field(default_factory=lambda: FakeChat(lambda: NOW))

    @property
    def ledger(self) -> SqliteLedger:
        return SqliteLedger(self.sqlite, lambda: NOW)

    @property
    def parcels(self) -> SqliteParcels:
        return SqliteParcels(self.sqlite)

    @property
    def shelf(self) -> SqliteShelf:
        return SqliteShelf(self.sqlite)

    def id(self, name: str) -> TurnId:
        return id_of(self.numbers[name])

    def thread(self, name: str) -> ThreadId:
        return thread_of(self.numbers[name])

    async def turn(self, name: str) -> Turn:
        found = await self.ledger.turn(self.id(name))
        assert found is not None
        return found

    async def work(self) -> None:
        """Whatever is left to be done, as the steps of a turn do it."""
        while turn := await self.ledger.claim("mine", NOW, NOW + 15):
            if turn.stage is Stage.ACCEPTED and turn.opener is None:
                turn = await self.ledger.note_opener(turn.id, "mine", MessageId(turn.id))
            if turn.stage is Stage.PROMPTED:
                turn = await self.ledger.note_status(turn.id, "mine", MessageId(f"7{turn.id}"))
            if turn.stage is Stage.ANSWERED:
                await Delivery(self.chat, self.parcels).send(turn, "mine")
            turn = await self.ledger.record(turn.id, "mine", *await self.outcome(turn))
            if turn.stage in {Stage.ACCEPTED, Stage.PROMPTED, Stage.ANSWERED}:
                await self.ledger.release(turn.id, "mine")

    async def outcome(self, turn: Turn) -> tuple[Event, Facts]:
        match turn.stage:
            case Stage.ADMITTED:
                return Event.ACCEPTED, Facts()
            case Stage.ACCEPTED:
                return Event.THREAD_OPENED, Facts()
            case Stage.THREADED:
                return Event.PROMPT_SENT, Facts(session=SessionId("ses_1"))
            case Stage.PROMPTED:
                words = await Delivery(self.chat, self.parcels).last_words(turn, f"answer to {turn.prompt}")
                return Event.ANSWER_TAKEN, Facts(answer="x", parcels=words)
        return Event.DELIVERED, Facts()

    def said(self, name: str) -> list[tuple[str, UserId | None]]:
        return [(one.content, one.notified) for one in self.chat.channels.get(self.thread(name), [])]
