"""The five steps of a turn, in the order in which a turn meets them.

A step does one thing that others can see and returns what happened; writing that down is the runner's. Each may be
cancelled at any await and run again from its beginning: it is idempotent by a key that was fixed before it ran.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from app.background import meanwhile
from app.ids import MessageId, SessionId, ThreadId
from app.sandboxes.keeper import Keeper
from app.sandboxes.ports import Machine
from app.turns.errors import Refused, Retriable
from app.turns.history import MOST_MESSAGES, NEW_MACHINE, Said, said_by, with_history
from app.turns.machine import Event, Stage, Step
from app.turns.ports import Agent, Chat, Facts, Ledger, Prompt, Router
from app.turns.records import Addressed, Parcel, Source, Turn
from app.turns.routing import Policy, Verdict, gate, judge
from app.turns.titles import title_of

log = structlog.get_logger()

Outcome = tuple[Event, Facts]
StepFunction = Callable[[Turn, str], Awaitable[Outcome]]

HINT = (
    "Hello! Mention me together with what you would like to have done, for example: list the files. "
    "I open a thread for it, and there you just write."
)
HINT_IN_THREAD = "Hello! Mention me together with what you would like to have done, for example: list the files."
LATELY = 6  # messages of the thread that the router is shown
TYPING_SECONDS = 8.0  # Discord shows it for ten
TOUCH_SECONDS = 60.0  # a provider's clock for idle machines counts in minutes


@dataclass(frozen=True, slots=True)
class Steps:
    ledger: Ledger
    chat: Chat
    agent: Agent
    keeper: Keeper
    policy: Policy
    router: Router | None = None  # None: the rules alone decide, and name threads

    def function_for(self, step: Step) -> StepFunction:
        functions: dict[Step, StepFunction] = {
            Step.DECIDE: self.decide,
            Step.OPEN_THREAD: self.open_thread,
            Step.PROMPT: self.prompt,
            Step.AWAIT_ANSWER: self.await_answer,
            Step.DELIVER: self.deliver,
        }
        return functions[step]

    async def decide(self, turn: Turn, token: str) -> Outcome:
        if turn.place.vague:
            turn = await self.ledger.note_place(turn.id, token, await self.chat.locate(turn.place))
        refusal = gate(turn.place, turn.asker, self.policy)
        if refusal is not None:
            await self.chat.dismiss(turn, refusal.value)
            return Event.IGNORED, Facts(failure=refusal.name)
        verdict = await self._verdict(turn)
        if verdict is Verdict.EMPTY and turn.addressed is Addressed.US:
            await self.chat.tell(turn, HINT if turn.thread is None else HINT_IN_THREAD)
        return (Event.ACCEPTED, Facts()) if verdict.ours else (Event.IGNORED, Facts(failure=verdict))

    async def _verdict(self, turn: Turn) -> Verdict:
        if turn.source is Source.COMMAND:
            return Verdict.ASKED
        if turn.addressed is not Addressed.US and not await self._is_ours(turn):
            return Verdict.STRANGE
        verdict = judge(turn.prompt, turn.addressed, self.policy)
        if verdict is not Verdict.UNSURE or self.router is None:
            return verdict
        wants = await self.router.wants_answer(turn.prompt, turn.asker.name, await self._lately(turn))
        return verdict if wants else Verdict.UNWANTED

    async def _is_ours(self, turn: Turn) -> bool:
        ours = await self.ledger.is_ours(thread_of(turn), turn.id) if turn.thread else False
        if ours is None:
            raise Retriable("an earlier message of the thread is not decided yet", after=1.0)
        return ours

    async def _lately(self, turn: Turn) -> Sequence[Said]:
        """The router can do without."""
        try:
            return await self.chat.said_before(turn, LATELY)
        except (Retriable, Refused):
            return []

    async def open_thread(self, turn: Turn, token: str) -> Outcome:
        if turn.opener is None:
            turn = await self.ledger.note_opener(turn.id, token, await self._opener(turn))
        if turn.opener is not None and turn.starts_thread:
            self.keeper.begin(thread_of(turn), turn.place.labels)  # what takes longest goes on beside the rest
            try:
                await self.chat.start_thread(turn.place.channel, turn.opener, await self._name_of(turn))
            except Refused:
                await self._discard_machine(turn)
                raise
        return Event.THREAD_OPENED, Facts()

    async def _discard_machine(self, turn: Turn) -> None:
        """There will be no thread that could use it. The rounds find what is left."""
        with suppress(Retriable, Refused):
            await self.keeper.destroy(thread_of(turn))

    async def _name_of(self, turn: Turn) -> str:
        found = await self.router.title(turn.prompt) if self.router else None
        return found or title_of(turn.prompt)

    async def _opener(self, turn: Turn) -> MessageId:
        return MessageId(turn.id) if turn.source is Source.MESSAGE else await self.chat.post_opener(turn)

    async def prompt(self, turn: Turn, token: str) -> Outcome:
        machine = await self._machine_of(turn)
        await self.ledger.assure(turn.id, token)  # it may have taken long, and somebody may have stopped the turn
        session = await self.agent.open_session(machine, title_of(turn.prompt))
        await self.keeper.remember_session(machine.thread, session)
        said = await self._history(turn, session)
        turn = await self.ledger.seal(turn.id, token)
        text = with_history(said_by(turn.asker, turn.prompt), said)
        await self.agent.prompt(machine, session, Prompt(turn.id, text))
        return Event.PROMPT_SENT, Facts(session=session)

    async def _machine_of(self, turn: Turn) -> Machine:
        """One that was up a moment ago is believed to be so, until something failed."""
        return await self.keeper.ensure(thread_of(turn), turn.place.labels, trusting=turn.failing_since is None)

    async def _history(self, turn: Turn, session: SessionId) -> Sequence[Said]:
        """What a session that knows nothing of its thread must be told. Decided by what was prompted and not by what
        was opened, so that a repeat decides the same."""
        earlier = await self.ledger.sessions_of(thread_of(turn))
        if session in earlier:
            return []
        if earlier:
            await self.chat.announce(turn, NEW_MACHINE)
        return [] if turn.starts_thread else await self.chat.said_before(turn, MOST_MESSAGES)

    async def await_answer(self, turn: Turn, token: str) -> Outcome:
        machine = await self._machine_of(turn)
        assert turn.session is not None
        async with meanwhile(self._show_typing(machine.thread)), meanwhile(self._keep_awake(machine.thread)):
            answer = await self.agent.await_answer(machine, turn.session, turn.id)
        await self.keeper.touch(machine.thread)
        return Event.ANSWER_TAKEN, await self.answered(turn, answer.text)

    async def _keep_awake(self, thread: ThreadId) -> None:
        """Nobody else tells the provider that its machine is at work: a model that thinks makes no traffic."""
        while True:
            with suppress(Retriable):
                await self.keeper.keep_awake(thread)
            await asyncio.sleep(TOUCH_SECONDS)

    async def _show_typing(self, thread: ThreadId) -> None:
        while True:
            await self.chat.show_typing(thread)
            await asyncio.sleep(TYPING_SECONDS)

    async def apologise(self, turn: Turn, text: str) -> None:
        """Say it where it was asked, as well as can be: a turn that cannot even say so ends all the same. Who did not
        speak to us is not spoken to."""
        if turn.stage is Stage.ADMITTED and turn.addressed is not Addressed.US:
            return
        try:
            await self.chat.tell(turn, text)
        except Exception as failure:  # noqa: BLE001 - a defect in saying sorry must not keep the turn alive
            log.warning("turn.unheard", reason=str(failure))

    async def abandon(self, turn: Turn) -> None:
        """Nobody waits for the answer any more: stop what may still be running, as well as can be."""
        if turn.stage not in {Stage.THREADED, Stage.PROMPTED}:
            return
        try:
            machine = await self.keeper.awake(thread_of(turn))
            if machine is not None and (session := turn.session or machine.session):
                await self.agent.abort(machine, session)
        except Exception as failure:  # noqa: BLE001 - nor must one here
            log.warning("turn.unstopped", reason=str(failure))

    async def answered(self, turn: Turn, text: str) -> Facts:
        """The answer as it will be sent: cut up and numbered now, so that every later attempt sends the same."""
        contents = await asyncio.to_thread(self.chat.compose, text)  # a long one takes its time
        parcels = tuple(Parcel(n, content, f"{turn.id}-{n}") for n, content in enumerate(contents))
        return Facts(answer=text, parcels=parcels)

    async def deliver(self, turn: Turn, token: str) -> Outcome:
        # Discord remembers a nonce for minutes only. Whoever takes up an unfinished delivery looks in the thread first.
        thread, unfinished = thread_of(turn), turn.attempts > 0
        for parcel in await self.ledger.unsent(turn.id):
            message = await self._find_posted(turn, parcel) if unfinished else None
            message = message or await self.chat.post(thread, parcel, question_of(turn, parcel))
            await self.ledger.mark_sent(turn.id, token, parcel.ordinal, message)
        return Event.DELIVERED, Facts()

    async def _find_posted(self, turn: Turn, parcel: Parcel) -> MessageId | None:
        """Behind the question and behind every answer that is known to stand there: what says the same is this one."""
        thread = thread_of(turn)
        behind = max(turn.opener or thread, await self.ledger.last_posted(thread) or thread, key=int)
        return await self.chat.find_posted(thread, behind, parcel.content)


def question_of(turn: Turn, parcel: Parcel) -> MessageId | None:
    """What the message replies to. In a thread, others may have asked since: the answer's first message says which
    question it is for."""
    return turn.opener if parcel.ordinal == 0 and not turn.starts_thread else None


def thread_of(turn: Turn) -> ThreadId:
    assert turn.thread is not None, "the table lets no turn come here without a thread"
    return turn.thread
