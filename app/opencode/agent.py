"""The port `Agent`: a turn's prompt, its progress and its end, by the rules that make a repeat harmless.

Look twice before you believe that nothing is happening. A server that was killed or stopped leaves a turn without an
end and resumes nothing. While a server works, its messages lag behind its status, and its status behind its 204; the
*settle time* outlasts both.

An aborted turn is over, whoever aborted it: a turn that somebody stopped must never run again, and from the messages
alone a person's stop looks the same as that of a server which was told to end everything. So a server is never told
that; all that we abort is one session.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from weakref import WeakValueDictionary

import httpx

from app.ids import SessionId, TurnId
from app.opencode import apologies, offers, rewinding
from app.opencode.client import Client, Row
from app.opencode.decisions import was_taken
from app.opencode.differences import rows_of
from app.opencode.inquiries import telling
from app.opencode.listening import listening
from app.opencode.patience import Patience, Settling
from app.opencode.prompting import Prompting
from app.opencode.reading import Reader
from app.opencode.reporting import children_of, report_of
from app.opencode.tools import child_of, uses
from app.opencode.transcript import ABORTED, Fate, Fault, Outcome, message_id
from app.opencode.wire import Missing
from app.sandboxes.ports import Machine
from app.turns.errors import Refused, Retriable
from app.turns.ports import Interrupted, Prompt
from app.turns.progress import Ask, Decision, Progress, Report
from app.turns.workbench import Rewound
from app.words.apologies import CUT_OFF, CUT_SHORT, NOTHING_SAID, OVERTAKEN, TURNED_DOWN

__all__ = ["OpenCodeAgent", "Patience", "Rewound"]

NEWEST = 8  # messages, in which a decision that was taken has left a trace


class ModelFailed(Exception):
    """For the log, as the cause of what the person is told."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.name or 'unnamed error'}, status {fault.status}")


class OpenCodeAgent:
    def __init__(
        self,
        http: httpx.AsyncClient,
        model: str,
        clock: Callable[[], float],
        patience: Patience | None = None,
    ) -> None:
        """`model` is "provider/model". `clock` tells epoch seconds: servers name the time of their next try."""
        self._http = http
        self._model = model
        self._clock = clock
        self._patience = patience or Patience()
        self._rewinding: WeakValueDictionary[SessionId, asyncio.Lock] = WeakValueDictionary()

    def _client(self, machine: Machine) -> Client:
        return Client(self._http, machine.endpoint, machine.password, self._patience.read)

    def _reader(self, client: Client, session: SessionId, turn: TurnId) -> Reader:
        return Reader(client, session, message_id(turn), self._patience, self._clock)

    async def open_session(self, machine: Machine, title: str) -> SessionId:
        """A session of this thread that the machine has and the store forgot is taken up again."""
        client = self._client(machine)
        if machine.session is not None and await client.has_session(machine.session):
            return machine.session
        for found in await client.sessions():
            if (found.get("metadata") or {}).get("thread") == machine.thread:
                return SessionId(found["id"])
        return await client.create_session(machine.thread, title)

    async def prompt(self, machine: Machine, session: SessionId, prompt: Prompt) -> None:
        client = self._client(machine)
        prompting = Prompting(client, session, self._model, self._patience)
        try:
            await prompting.ensure(prompt, self._reader(client, session, prompt.turn))
        except Missing as error:
            raise Retriable(f"session {session} is gone") from error

    async def follow(self, machine: Machine, session: SessionId, turn: TurnId) -> AsyncGenerator[Progress, None]:
        """Whoever leaves it early closes it: it listens as long as it is open."""
        client, outcome = self._client(machine), Outcome(Fate.RUNNING)
        reader, settling = self._reader(client, session, turn), Settling(self._patience)
        try:
            async with listening(client, session) as bell:
                while not settling.is_over((outcome := await reader.surely(bell.rings)).fate):
                    yield reader.progress()
                    if outcome.fate is Fate.RUNNING:
                        await bell.wait(self._patience.pace, self._patience.poll)
                    else:
                        await asyncio.sleep(settling.pause)
            if outcome.fate is Fate.ANSWERED:
                yield reader.progress(over=True, ended=True, remark=_remark(outcome))
                return
            if outcome.fate in (Fate.ABSENT, Fate.WAITING):
                await self._explain(client, bell.fault, reader.chronicle.model)
            self._fail(outcome, reader.chronicle.model)
        except Refused:
            yield reader.progress(over=True)
            raise
        except Missing as error:
            raise Interrupted(f"session {session} is gone") from error

    def _fail(self, outcome: Outcome, model: str | None) -> None:
        """Raises Refused or Interrupted. `model` is the one that was asked."""
        if outcome.fate is Fate.FAILED:
            fault = outcome.fault or Fault("")
            raise self._refusal(fault, model) from ModelFailed(fault)
        if outcome.fate is Fate.ABORTED:
            raise Refused(CUT_SHORT)
        if outcome.overtaken:
            raise Refused(OVERTAKEN)
        raise Interrupted(f"it is {outcome.fate} in an idle session")

    def _refusal(self, fault: Fault, model: str | None) -> Refused:
        """In words for whoever chose the model."""
        return Refused(apologies.for_fault(fault, model or self._model, chosen=model not in (None, self._model)))

    async def _explain(self, client: Client, fault: Fault | None, model: str | None) -> None:
        """A turn that the server could not even begin leaves no message that says so. Raises Refused when the reason
        can be found, and it is not one that a repeat cures."""
        if fault is not None and fault.name != ABORTED:
            raise self._refusal(fault, model) from ModelFailed(fault)
        if model not in (None, self._model):
            await offers.check_model(client, model)
        elif not await client.knows(self._model):
            raise Refused(apologies.unknown_model(self._model))

    async def reply(self, machine: Machine, ask: Ask, decision: Decision) -> bool:
        """True as well where it was taken before and that got lost, on the way to us or with our process."""
        client, told = self._client(machine), telling(ask, decision)
        try:
            await client.tell(told.path, told.body)
        except Missing as gone:
            return gone.repeated or await _was_taken(client, machine.session, ask, decision)
        return True

    async def report(self, machine: Machine, session: SessionId, turn: TurnId) -> Report:
        client = self._client(machine)
        reader = self._reader(client, session, turn)
        try:
            await reader.read()
            rows, begun = await asyncio.gather(
                rows_of(client, session, reader.chronicle), _found(client, children_of(reader.chronicle))
            )
        except Missing as error:
            raise Retriable(f"session {session} is gone") from error
        # A sub-agent that an earlier turn has begun has cost something then, too: how much cannot be told apart.
        ours = [child for child in begun if child["time"]["created"] >= reader.chronicle.begun]
        return report_of(reader.chronicle, ours, rows)

    async def abort(self, machine: Machine, session: SessionId) -> None:
        try:
            await self._client(machine).abort(session)
        except Missing:
            return  # and nothing of it runs

    async def undo(self, machine: Machine, session: SessionId, turn: TurnId) -> Rewound:
        reader = self._reader(client := self._client(machine), session, turn)
        async with self._alone(session):
            return await rewinding.undo(client, session, reader)

    async def redo(self, machine: Machine, session: SessionId) -> Rewound:
        async with self._alone(session):
            return await rewinding.redo(self._client(machine), session)

    def _alone(self, session: SessionId) -> asyncio.Lock:
        """Of two who rewind at once the second is to see what the first has done. Kept as long as somebody has it."""
        return self._rewinding.setdefault(session, asyncio.Lock())


async def _was_taken(client: Client, session: SessionId | None, ask: Ask, decision: Decision) -> bool:
    """As far as the newest messages tell, of the session and of the sub-agents that were begun there."""
    if session is None:
        return False
    try:
        ours, _ = await client.page(session, NEWEST)
        children = {child for part in uses(ours) if (child := child_of(part))}
        pages = await asyncio.gather(*(client.page(SessionId(child), NEWEST) for child in children))
    except Missing:
        return False
    return was_taken([*uses(ours), *(tool for page, _ in pages for tool in uses(page))], ask, decision)


async def _found(client: Client, sessions: Sequence[str]) -> Sequence[Row]:
    """Those of them that are still there."""

    async def found(session: str) -> Row | None:
        try:
            return await client.session(SessionId(session))
        except Missing:
            return None

    return [row for row in await asyncio.gather(*map(found, sessions)) if row is not None]


def _remark(outcome: Outcome) -> str:
    if outcome.cut:
        return CUT_OFF
    if outcome.turned_down:
        return TURNED_DOWN
    return "" if outcome.said else NOTHING_SAID
