"""The Gateway: what is connected to it, which sessions it remembers, and who is told what.

https://docs.discord.com/developers/events/gateway
"""

import asyncio
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from scripts.playground.discord.connection import Connection
from scripts.playground.discord.records import Event
from scripts.playground.discord.sessions import Session
from scripts.playground.discord.world import World, make_token

# https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
FORGETTING = (4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014)  # who is closed with these has no session any more


class Gateway:
    """An ASGI websocket app, and what a test does to it: `drop`, `cut`, `freeze`, `reconnect`, `invalidate`…"""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self._held: list[Event] = []
        world.listeners.append(self._hear)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if not scope["path"].startswith("/gateway"):
            await send({"type": "websocket.close"})
            return
        query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
        await send({"type": "websocket.accept"})
        connection = Connection(self, scope["path"], query, receive, send)
        self.connections.add(connection)
        self.world.touch()
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)
            self.world.touch()

    # what a test does

    def drop(self, code: int = 4000) -> None:
        """Close every connection. The sessions can be resumed, unless the code says that they cannot."""
        if code in FORGETTING:
            self.sessions.clear()
        for connection in self.connections:
            connection.out.put_nowait(code)

    def cut(self) -> None:
        """As when a cable is pulled: no code, no word. The sessions can be resumed."""
        for connection in self.connections:
            # ASGI has no such message: this reaches for uvicorn's transport.
            getattr(connection.send, "__self__").transport.abort()  # noqa: B009

    def freeze(self) -> None:
        """Nothing more is said on the connections that there are, and nothing heard: they look alive and are not."""
        for connection in self.connections:
            connection.frozen = True

    def reconnect(self) -> None:
        """Op 7: come back at once."""
        for connection in self.connections:
            connection.out.put_nowait({"op": 7, "d": None})

    def demand_heartbeat(self) -> None:
        """Op 1: answer at once, whenever the next one is due."""
        for connection in self.connections:
            connection.out.put_nowait({"op": 1, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9. The connections stay open, and are without a session."""
        if not resumable:
            self.sessions.clear()
        for connection in self.connections:
            connection.detach()
            connection.out.put_nowait({"op": 9, "d": resumable})

    def revoke_token(self) -> None:
        """What becomes of a bot that identifies too often: all its sessions end, and its token is another.

        https://docs.discord.com/developers/events/gateway#identifying
        """
        self.world.application.token = make_token(self.world.application.id)
        self.drop(4004)

    def close(self) -> None:
        self.world.listeners.remove(self._hear)
        self.drop(1001)

    # the news

    def _hear(self, event: Event) -> None:
        faults = self.world.faults
        events = [event, event] if self._matters(event) and faults.take_duplicate_event() else [event]
        if faults.reorder_gateway and self._matters(event):
            self._held += events
            if len(self._held) < faults.reorder_gateway:
                return
            events, self._held, faults.reorder_gateway = self._held[::-1], [], 0
        if faults.delay_gateway:
            asyncio.get_running_loop().call_later(faults.delay_gateway, self._tell, events)
        else:
            self._tell(events)

    def _matters(self, event: Event) -> bool:
        return any(session.wants(event) for session in self.sessions.values())

    def _tell(self, events: list[Event]) -> None:
        for session in list(self.sessions.values()):
            for event in events:
                if session.wants(event):
                    session.tell(event)

    def alive(self, session_id: object) -> Session | None:
        session = self.sessions.get(str(session_id))
        if session is None or session.left_at is None:
            return session
        return session if self.world.clock.now() - session.left_at <= self.world.rules.resume_seconds else None
