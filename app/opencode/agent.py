"""The port `Agent`: a turn's prompt and answer, by the rules that make a repeat harmless.

Look before you send, and look twice before you believe that nothing is happening. A message that is there already is
never sent again unless it lies in an idle session without an end, and has done so for a while: the *settle time*. A
server that was killed or stopped leaves a turn like that and resumes nothing. While a server works, its messages lag
behind its status, and its status behind its 204; the settle time outlasts both.

An aborted turn is over, whoever aborted it: a turn that somebody stopped must never run again, and from the messages
alone a person's stop and a server's `dispose` look the same. So a server is not disposed of while a turn is live.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from app.ids import SessionId, TurnId
from app.opencode import apologies
from app.opencode.client import READ_SECONDS, Client, Missing, Retry
from app.opencode.listening import listening
from app.opencode.transcript import ABORTED, ENDED, Fate, Fault, Outcome, message_id, outcome_of, part_id
from app.sandboxes.ports import Machine
from app.turns.errors import Refused, Retriable
from app.turns.ports import Answer, Interrupted, Prompt

MISSES = 3  # answers in a row that get lost before the server counts as gone


class ModelFailed(Exception):
    """For the log, as the cause of what the person is told."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.name or 'unnamed error'}, status {fault.status}")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is put up with; seconds. Tests are less patient."""

    poll: float = 2.0
    settle: float = 4.0  # for an answer that was begun
    settle_unanswered: float = 10.0  # for one that was not
    idle: float = 10.0  # for another turn of the same session to end
    stored: float = 5.0  # for a prompt that was taken to show up
    retry_within: float = 90.0  # the furthest ahead that the server's next try may lie
    most_retries: int = 5
    read: float = READ_SECONDS  # for the answer to one request
    miss: float = 0.5  # after an answer that got lost


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

    def _client(self, machine: Machine) -> Client:
        return Client(self._http, machine.endpoint, machine.password, self._patience.read)

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
        client, message = self._client(machine), message_id(prompt.turn)
        try:
            outcome = await self._settled(client, session, message)
            if outcome.fate is Fate.RUNNING or outcome.fate in ENDED:
                return
            if outcome.overtaken:
                raise Refused(apologies.OVERTAKEN)
            parts = [{"id": part_id(prompt.turn, 0), "type": "text", "text": prompt.text}]
            await client.prompt(session, message, parts, self._model)
            await self._until_stored(client, session, message)
        except Missing as error:
            raise Retriable(f"session {session} is gone") from error

    async def await_answer(self, machine: Machine, session: SessionId, turn: TurnId) -> Answer:
        client, message = self._client(machine), message_id(turn)
        try:
            outcome = await self._ended(client, session, message)
        except Missing as error:
            raise Interrupted(f"session {session} is gone") from error
        match outcome.fate:
            case Fate.ANSWERED:
                return Answer(_whole(outcome))
            case Fate.FAILED:
                fault = outcome.fault or Fault("")
                raise Refused(_below(outcome, apologies.for_fault(fault, self._model))) from ModelFailed(fault)
            case Fate.ABORTED:
                raise Refused(_below(outcome, apologies.ABORTED))
        if outcome.overtaken:
            raise Refused(apologies.OVERTAKEN)
        raise Interrupted(f"{message} is {outcome.fate} in an idle session")

    async def abort(self, machine: Machine, session: SessionId) -> None:
        try:
            await self._client(machine).abort(session)
        except Missing:
            return  # and nothing of it runs

    async def _look(self, client: Client, session: SessionId, message: str) -> Outcome:
        """Raises Refused, and ends the turn, when the server means to go on trying for too long."""
        # The status first: messages that are read after it is idle are complete, but for the last second.
        status = await client.status(session)
        if status.retry is not None:
            await self._judge(client, session, status.retry)
        if status.busy:
            return Outcome(Fate.RUNNING)
        return outcome_of(await client.messages(session, message), message)

    async def _judge(self, client: Client, session: SessionId, retry: Retry) -> None:
        far = retry.at - self._clock() > self._patience.retry_within
        if not far and retry.attempt <= self._patience.most_retries:
            return
        await client.abort(session)
        raise Refused(apologies.LIMITED if far else apologies.TROUBLED)

    async def _settled(self, client: Client, session: SessionId, message: str) -> Outcome:
        """What became of it, once that is certain enough to send it or to leave it."""
        stored, status = await asyncio.gather(_has(client, session, message), client.status(session))
        if not stored:
            if status.busy:
                await self._until_idle(client, session)
            return Outcome(Fate.ABSENT)
        settling = Settling(self._patience)
        while True:
            outcome = await self._look(client, session, message)
            if outcome.fate is Fate.RUNNING or settling.is_over(outcome.fate):
                return outcome
            await asyncio.sleep(settling.pause)

    async def _until_idle(self, client: Client, session: SessionId) -> None:
        """A prompt that is sent into a running turn would join it, or be forgotten when that one is aborted."""

        async def idle() -> bool:
            return not (await client.status(session)).busy

        await _until(idle, self._patience.idle, f"session {session} is still busy with something else")

    async def _until_stored(self, client: Client, session: SessionId, message: str) -> None:
        async def stored() -> bool:
            return await _has(client, session, message)

        await _until(stored, self._patience.stored, f"{message} was taken and not stored")

    async def _ended(self, client: Client, session: SessionId, message: str) -> Outcome:
        settling = Settling(self._patience)
        async with listening(client, session) as bell:
            while True:
                outcome = await self._surely(client, session, message)
                if settling.is_over(outcome.fate):
                    break
                await bell.wait(self._patience.poll if outcome.fate is Fate.RUNNING else settling.pause)
        if outcome.fate in (Fate.ABSENT, Fate.WAITING):
            await self._explain(client, bell.fault)
        return outcome

    async def _surely(self, client: Client, session: SessionId, message: str) -> Outcome:
        """An answer that gets lost now and then does not end the wait."""
        for left in reversed(range(MISSES)):
            try:
                return await self._look(client, session, message)
            except Retriable:
                if not left:
                    raise
                await asyncio.sleep(self._patience.miss)
        raise AssertionError("unreachable")

    async def _explain(self, client: Client, fault: Fault | None) -> None:
        """A turn that the server could not even begin leaves no message that says so. Raises Refused when the reason
        can be found, and it is not one that a repeat cures."""
        if fault is not None and fault.name != ABORTED:
            raise Refused(apologies.for_fault(fault, self._model)) from ModelFailed(fault)
        if not await client.knows(self._model):
            raise Refused(apologies.unknown_model(self._model))


class Settling:
    """Decides when a fate may be believed. The fates that an idle server changes no more are believed at once, the
    others when they have been the same for the settle time."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._fate: Fate | None = None
        self._since = 0.0
        self.pause = min(0.5, patience.settle / 4)  # seconds before the next look

    def is_over(self, fate: Fate) -> bool:
        now = asyncio.get_running_loop().time()
        if fate is not self._fate:
            self._fate, self._since = fate, now
        if fate in ENDED:
            return True
        if fate is Fate.RUNNING:
            return False
        patience = self._patience
        enough = patience.settle if fate is Fate.UNFINISHED else patience.settle_unanswered
        return now - self._since >= enough


async def _until(true: Callable[[], Awaitable[bool]], seconds: float, otherwise: str) -> None:
    try:
        async with asyncio.timeout(seconds):
            while True:
                if await true():
                    return
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise Retriable(otherwise) from error


async def _has(client: Client, session: SessionId, message: str) -> bool:
    try:
        await client.message(session, message)
    except Missing:
        return False
    return True


def _whole(outcome: Outcome) -> str:
    return _below(outcome, apologies.CUT_OFF) if outcome.cut else outcome.text or apologies.NOTHING_SAID


def _below(outcome: Outcome, remark: str) -> str:
    """What the model had said so far is the person's, whatever happened then."""
    return f"{outcome.text}\n\n{remark}".strip()
