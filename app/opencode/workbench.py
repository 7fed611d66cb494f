"""The port `Workbench`: what a session has changed, cost and planned, and how it is made smaller."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import httpx

from app.ids import SessionId, TurnId
from app.opencode import compacting, differences
from app.opencode.chronicle import Chronicle
from app.opencode.client import Client
from app.opencode.patience import Patience
from app.opencode.reading import Reader
from app.opencode.tools import todo_of
from app.opencode.transcript import message_id
from app.opencode.usage import usage
from app.opencode.wire import Missing
from app.sandboxes.ports import Machine
from app.turns.errors import Refused
from app.turns.progress import Todo
from app.turns.workbench import Compacted, Difference, Usage
from app.words.session import SESSION_GONE

T = TypeVar("T")


class OpenCodeWorkbench:
    def __init__(
        self,
        http: httpx.AsyncClient,
        model: str,
        clock: Callable[[], float],
        patience: Patience | None = None,
    ) -> None:
        """As of the agent (see `agent`)."""
        self._http = http
        self._model = model
        self._clock = clock
        self._patience = patience or Patience()
        self._compacting: set[SessionId] = set()

    def _client(self, machine: Machine) -> Client:
        return Client(self._http, machine.endpoint, machine.password, self._patience.read)

    async def difference(self, machine: Machine, session: SessionId, turn: TurnId) -> Difference:
        client = self._client(machine)

        async def found() -> Difference:
            with differences.readable():
                return await differences.of_turn(client, session, await self._chronicle(client, session, turn))

        return await _unless_gone(found)

    async def _chronicle(self, client: Client, session: SessionId, turn: TurnId) -> Chronicle:
        reader = Reader(client, session, message_id(turn), self._patience, self._clock)
        await reader.read()
        return reader.chronicle

    async def uncommitted(self, machine: Machine) -> Difference:
        return await differences.uncommitted(self._client(machine))

    async def todos(self, machine: Machine, session: SessionId) -> Sequence[Todo]:
        rows = await _unless_gone(lambda: self._client(machine).todos(session))
        return [todo_of(row) for row in rows]

    async def is_busy(self, machine: Machine, session: SessionId) -> bool:
        return session in self._compacting or (await self._client(machine).status(session)).busy

    async def usage(self, machine: Machine, session: SessionId) -> Usage | None:
        return await _unless_gone(lambda: usage(self._client(machine), session))

    async def compact(self, machine: Machine, session: SessionId, model: str | None) -> Compacted:
        if session in self._compacting:  # a server that was told of it a moment ago does not say so yet
            return Compacted.BUSY
        client = self._client(machine)
        self._compacting.add(session)
        try:
            return await _unless_gone(lambda: compacting.compact(client, session, model or self._model, self._patience))
        finally:
            self._compacting.discard(session)


async def _unless_gone(look: Callable[[], Awaitable[T]]) -> T:
    try:
        return await look()
    except Missing as error:
        raise Refused(SESSION_GONE) from error
