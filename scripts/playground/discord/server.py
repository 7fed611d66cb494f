"""The simulator as a whole: one server on loopback that is Discord to the app, and its people to whoever plays them.

Everything runs in the loop that enters the simulator; the sockets are real.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from starlette.types import Receive, Scope, Send

from scripts.playground.discord import transcript
from scripts.playground.discord.courier import Courier
from scripts.playground.discord.faults import Faults
from scripts.playground.discord.gateway import Gateway
from scripts.playground.discord.herald import Herald, Notice
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.owner import Owner
from scripts.playground.discord.people import Person
from scripts.playground.discord.play import Play
from scripts.playground.discord.records import (
    EVENTS_OFF,
    EVENTS_ON,
    Application,
    Channel,
    ChannelType,
    Event,
    Json,
    Overwrite,
    Role,
    User,
)
from scripts.playground.discord.rest import PREFIX, Door, route_of
from scripts.playground.discord.rules import Clock, Rules
from scripts.playground.discord.world import World
from scripts.playground.serving import Server, listen


class Simulator:
    """`async with Simulator() as discord`. `port` 0 takes a free one; all times and limits are in `rules`."""

    def __init__(
        self,
        port: int = 0,
        application: Application | None = None,
        rules: Rules | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.port = port
        self.clock = clock or Clock()
        self.world = World(application or Application(), rules or Rules(), self.clock)
        self.people: dict[str, Person] = {}
        self.owner = Owner(self.world, self._announce)
        self.notes: list[str] = []  # what the page tells a newcomer, in Markdown
        self._tasks: set[asyncio.Task[None]] = set()
        self._forgiven: list[str] = []

    # the server

    async def __aenter__(self) -> Self:
        sock = listen(self.port)
        self.port = sock.getsockname()[1]
        self.world.url = self.url
        self.courier = Courier(self.world)
        self.herald = Herald(self.world, self.courier)
        self.gateway = Gateway(self.world)
        self.door = Door(self.world, self.courier)
        self.play = Play(self)
        self._server = Server(self._serve)
        self._serving = self._spawn(self._server.serve([sock]))
        await self._server.listening.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.play.close()
        self.gateway.close()
        await asyncio.sleep(0)  # so that websockets still hear why
        self._server.stopping.set()
        await asyncio.wait({self._serving}, timeout=3)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.courier.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """The one place where the simulator starts something: it ends with the simulator at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX + "/"):
            await self.door(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.gateway(scope, receive, send)
        else:
            await self.play(scope, receive, send)

    def _deliver(self, interaction: Interaction) -> None:
        if self.world.application.interactions_url is None:
            self.world.emit(Event("INTERACTION_CREATE", interaction.payload, self.world.channel(interaction.channel)))
        self._spawn(self.courier.deliver(interaction))

    def _announce(self, name: str, content: Json) -> Notice | None:
        if not self.herald.wanted(name):
            return None
        notice = Notice(self.world, name, content)
        self._spawn(self.herald.deliver(notice))
        return notice

    # where it is and what it knows

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return self.url + PREFIX

    @property
    def token(self) -> str:
        return self.world.application.token

    @property
    def application_id(self) -> str:
        return self.world.application.id

    @property
    def public_key(self) -> str:
        return self.world.key.verify_key.encode().hex()

    @property
    def guild(self) -> str:
        return self.world.guild

    @property
    def faults(self) -> Faults:
        return self.world.faults

    @property
    def violations(self) -> list[str]:
        return self.world.violations

    def forgive(self, *patterns: str) -> None:
        """Violations in which one of these is found are a test's own doing."""
        self._forgiven += patterns

    @property
    def offences(self) -> list[str]:
        """The violations that are not forgiven: there must be none."""
        return [one for one in self.violations if not any(re.search(pattern, one) for pattern in self._forgiven)]

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        """Method, path after /api/v10 and status of everything the bot called; 0 where the connection was cut."""
        return self.world.requests

    @property
    def calls(self) -> Counter[str]:
        """How often each route was called, as in `PATCH /channels/{channel}`. Less an earlier one: since then."""
        return Counter(route_of(method, path) for method, path, _ in self.requests)

    @property
    def throttled(self) -> int:
        """How many of these got a 429."""
        return sum(status == 429 for _, _, status in self.requests)

    @property
    def interactions_url(self) -> str | None:
        """Where interactions are POSTed. Set here it is not probed; by PATCH /applications/@me it is."""
        return self.world.application.interactions_url

    @interactions_url.setter
    def interactions_url(self, url: str | None) -> None:
        self.world.application.interactions_url = url

    def send_events_to(self, url: str | None, *types: str) -> None:
        """Webhook events of these types. Set here the URL is not probed; by PATCH /applications/@me it is."""
        application = self.world.application
        application.events_url, application.event_types = url, types
        application.events_status = EVENTS_ON if url else EVENTS_OFF

    # setting the stage

    def channel(self, name: str) -> Channel:
        """By name; the oldest of that name."""
        return next(channel for channel in self.world.channels.values() if channel.name == name)

    def add_channel(
        self,
        name: str,
        type: int = ChannelType.TEXT,
        parent: str | None = None,
        overwrites: Sequence[Overwrite] = (),
    ) -> Channel:
        return self.world.add_channel(name, type, parent, overwrites)

    def add_role(self, name: str, permissions: int = 0, *, mentionable: bool = False) -> Role:
        return self.world.add_role(name, permissions, mentionable=mentionable)

    def add_person(self, name: str, roles: Iterable[str] = (), permissions: int = 0) -> Person:
        """`roles` are ids; `permissions` come on top of them and of what everyone has, by a role of their own."""
        user = User(self.world.make_id(), name)
        own = [self.add_role(name, permissions).id] if permissions else []
        self.world.add_member(user, [*roles, *own])
        self.people[user.id] = Person(self.world, user, self._deliver)
        return self.people[user.id]

    def add_bot(self, name: str, permissions: int = 0) -> Person:
        """Somebody else's, that writes what a test lets it write."""
        user = User(self.world.make_id(), name, bot=True)
        self.world.add_member(user, [self.add_role(name, permissions).id] if permissions else [])
        return Person(self.world, user, self._deliver)

    # watching

    async def wait_for(self, condition: Callable[[], Any], within: float = 10) -> Any:
        """What the condition gives once it is true. Looked at whenever the world changes, and every quarter second for
        conditions that look beyond it. Raises AssertionError with the transcript of the world."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while not (found := condition()):
            if loop.time() >= end:
                raise AssertionError(f"not within {within:g} s:\n{transcript.of_world(self.world)}")
            await self.world.change(min(0.25, max(end - loop.time(), 0.001)))
        return found

    def transcript(self, channel: str | None = None) -> str:
        """Of one channel by its id, or of everything."""
        if channel is None:
            return transcript.of_world(self.world)
        return transcript.of_channel(self.world, self.world.channel(channel))
