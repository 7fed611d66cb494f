"""The app behind its front door, for tests that knock as Discord does."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from nacl.signing import SigningKey
from starlette.applications import Starlette

from app.commands.ports import Messages, Replies, Room
from app.discord.identity import Application, Identity
from app.discord.payloads import Payload
from app.ids import ChannelId, GuildId, ThreadId
from app.inbox.pulse import Ear, Off
from app.store.asks import SqliteAsks
from app.store.catalogue import SqliteCatalogue
from app.store.ledger import SqliteLedger
from app.store.parcels import SqliteParcels
from app.store.places import SqlitePlaces
from app.store.preferences import SqlitePreferences
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.preferences import Preference
from app.turns.records import Asker
from app.turns.routing import Policy
from app.web.front import Front
from app.web.routes import ROUTES
from tests.fakes.console import FakeConsole
from tests.fakes.machines import FakeMachines
from tests.fakes.replies import FakeReplies
from tests.fakes.rewinder import FakeRewinder
from tests.fakes.workbench import FakeWorkbench
from tests.inbox.desk import Desk

KEY = SigningKey.generate()
NOW = 1_000.0
OPERATOR = {Preference.MODEL: "opencode/claude", Preference.ROUTING: "ai"}
OPERATORS = "99"  # a role


class Edits(list[tuple[str, str, Payload]]):
    """What messages were changed to: channel, message, change. `shown` is what one says before, and `below` what it
    has below that."""

    shown = ""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log
        self.below: Sequence[Payload] = ()

    async def get_message(self, channel: str, message: str) -> Payload:
        self.log.append("get_message")
        return {"id": message, "content": self.shown, "components": self.below} | (self[-1][2] if self else {})

    async def edit_message(self, channel: str, message: str, edit: Payload) -> object:
        self.log.append("edit_message")
        self.append((channel, message, edit))
        return {}


@dataclass(slots=True)
class FakeSights:
    """`seen` are the channels that everybody may see, `hidden` the threads that nobody does. `failure` is what the next
    look meets."""

    log: list[str]
    seen: frozenset[ChannelId] = frozenset()
    hidden: frozenset[ThreadId] = frozenset()
    roles: frozenset[str] = frozenset()
    failure: Exception | None = None

    async def seen_by(self, asker: Asker, guild: GuildId) -> frozenset[ChannelId]:
        self._note("seen_by")
        return self.seen

    async def sees(self, asker: Asker, thread: ThreadId) -> bool:
        self._note("sees")
        return thread not in self.hidden

    async def has_role(self, guild: GuildId, role: str) -> bool:
        self._note("has_role")
        return role in self.roles

    def _note(self, call: str) -> None:
        self.log.append(call)
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure


class Door:
    """On a real store. `log` has what happened, in order: when the answer was out, and every call of the fakes, which
    stand for all that is outside of the store: Discord, OpenCode, whoever provides machines."""

    def __init__(self, sqlite: Sqlite) -> None:
        self.log: list[str] = []
        self.ledger = SqliteLedger(sqlite, lambda: self.now)
        self.asks = SqliteAsks(sqlite)
        self.parcels = SqliteParcels(sqlite)
        self.preferences = SqlitePreferences(sqlite, OPERATOR)
        self.catalogue = SqliteCatalogue(sqlite)
        self.places = SqlitePlaces(sqlite)
        self.shelf = SqliteShelf(sqlite)
        self.desk = Desk(sqlite, clock=lambda: self.now)
        self.ear: Ear = Off()
        self.machines = FakeMachines(self.shelf, self.log)
        self.fake_replies = FakeReplies(self.log)
        self.replies: Replies = self.fake_replies
        self.agent = FakeRewinder(self.log)
        self.bench = FakeWorkbench(self.log)
        self.console = FakeConsole(self.log)
        self.sights = FakeSights(self.log)
        self.edits = Edits(self.log)
        self.messages: Messages = self.edits
        self.nudges = 0
        self.now = NOW
        self.identity = Identity(self.ask_discord, lambda: NOW, "1", KEY.verify_key.encode().hex())
        self.policy = Policy()
        self.before_work: Callable[[Any], Awaitable[object]] | None = None  # once the answer is out: gets it

    async def ask_discord(self) -> Application:
        self.log.append("ask_discord")
        return Application("1", KEY.verify_key.encode().hex(), "1")

    def nudge(self) -> None:
        self.nudges += 1

    def room(self) -> Room:
        return Room(
            self.ledger,
            self.asks,
            self.preferences,
            self.catalogue,
            self.places,
            self.shelf,
            self.machines,
            self.agent,
            self.replies,
            self.messages,
            self.policy,
            OPERATORS,
            lambda: self.now,
            self.bench,
            self.console,
            self.sights,
        )

    def client(self) -> httpx.AsyncClient:
        front = Front(self.identity, self.room(), self.nudge, NOW - 5, self.desk.inbox(), self.ear)
        transport = httpx.ASGITransport(self._watched(Starlette(routes=ROUTES), {"front": front}))
        return httpx.AsyncClient(transport=transport, base_url="http://app")

    def _watched(self, app: Starlette, state: dict[str, object]) -> Any:
        async def asgi(scope: Any, receive: Any, send: Any) -> None:
            async def watched(message: Any) -> None:
                await send(message)
                if message["type"] == "http.response.body" and scope["path"] == "/discord/interactions":
                    self.log.append("answered")
                    if self.before_work is not None:
                        await self.before_work(json.loads(message["body"]))

            await app({**scope, "state": state}, receive, watched)

        return asgi

    async def post(
        self, body: bytes, signature: str | None = None, path: str = "/discord/interactions"
    ) -> httpx.Response:
        timestamp = "1700000000"
        signature = signature or KEY.sign(timestamp.encode() + body).signature.hex()
        headers = {"x-signature-ed25519": signature, "x-signature-timestamp": timestamp}
        async with self.client() as client:
            return await client.post(path, content=body, headers=headers)

    async def send(self, payload: object) -> Any:
        """The answer, when also all that comes after it is done."""
        response = await self.post(json.dumps(payload).encode())
        assert response.status_code == 200, response.text
        return response.json()


def used(subcommand: str, channel: dict[str, Any] | None = None, **options: object) -> dict[str, Any]:
    """A slash command as Discord sends it."""
    given = [{"type": 3, "name": name, "value": value} for name, value in options.items()]
    return {
        "type": 2,
        "id": "500",
        "application_id": "1",
        "token": "interaction-token",
        "guild_id": "100",
        "channel": channel or {"id": "200", "type": 0, "parent_id": "40"},
        "member": {"user": {"id": "300", "username": "alice"}, "roles": ["90"], "permissions": "0"},
        "app_permissions": "0",
        "data": {
            "id": "9",
            "type": 1,
            "name": "opencord",
            "options": [{"type": 1, "name": subcommand, "options": given}],
        },
    }


def pressed(custom_id: str, channel: dict[str, Any] | None = None) -> dict[str, Any]:
    """A button as Discord sends it."""
    press = {"type": 3, "id": "600", "data": {"component_type": 2, "custom_id": custom_id}}
    return used("", channel) | press


def spoken(reply: Any) -> tuple[str, bool]:
    return reply["data"]["content"], reply["data"]["flags"] & 64 == 64
