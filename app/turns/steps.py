"""The steps of a turn, in the order in which a turn meets them; those at the agent's side are in `work`.

A step does one thing that others can see and returns what happened; writing that down is the runner's. Each may be
cancelled at any await and run again from its beginning: it is idempotent by a key that was fixed before it ran.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from app.ids import MessageId, ThreadId
from app.sandboxes.keeper import Keeper
from app.turns.books import Facts, Ledger, Preferences
from app.turns.delivery import Delivery
from app.turns.display import Displays
from app.turns.errors import Refused, Retriable
from app.turns.history import Said
from app.turns.machine import Ending, Event, Stage, Step, advance
from app.turns.ports import Chat, Router
from app.turns.preferences import Routing
from app.turns.records import Addressed, Source, Turn
from app.turns.routing import Policy, Verdict, gate, judge
from app.turns.titles import title_of
from app.turns.work import Happened, Work
from app.words.asking import ASKED_IN_THREAD, HINT, HINT_IN_THREAD

log = structlog.get_logger()

StepFunction = Callable[[Turn, str], Awaitable[Happened]]

LATELY = 6  # messages of the thread that the router is shown


@dataclass(frozen=True, slots=True)
class Steps:
    ledger: Ledger
    preferences: Preferences
    chat: Chat
    displays: Displays
    keeper: Keeper
    work: Work
    delivery: Delivery
    policy: Policy
    router: Router | None = None  # None: the rules alone decide, and name threads

    def function_for(self, step: Step) -> StepFunction:
        functions: dict[Step, StepFunction] = {
            Step.DECIDE: self.decide,
            Step.OPEN_THREAD: self.open_thread,
            Step.PROMPT: self.work.prompt,
            Step.AWAIT_ANSWER: self.work.await_answer,
            Step.DELIVER: self.deliver,
        }
        return functions[step]

    async def decide(self, turn: Turn, token: str) -> Happened:
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
        if turn.attachments and not turn.prompt and turn.addressed in {Addressed.US, Addressed.NOBODY}:
            return Verdict.ASKED
        routing = (await self.preferences.settled(turn.place)).routing
        verdict = judge(turn.prompt, turn.addressed, routing)
        if verdict is not Verdict.UNSURE or self.router is None or routing is not Routing.AI:
            return verdict
        wants = await self.router.wants_answer(turn.prompt, turn.asker.name, await self._lately(turn))
        return verdict if wants else Verdict.UNWANTED

    async def _is_ours(self, turn: Turn) -> bool:
        ours = await self.ledger.is_ours(turn.home, turn.id) if turn.thread else False
        if ours is None:
            raise Retriable("an earlier message of the thread is not decided yet", after=1.0)
        return ours

    async def _lately(self, turn: Turn) -> Sequence[Said]:
        """The router can do without."""
        try:
            return await self.chat.said_before(turn, LATELY)
        except (Retriable, Refused):
            return []

    async def open_thread(self, turn: Turn, token: str) -> Happened:
        if turn.private and (turn.thread is None or turn.starts_thread):
            turn = await self._open_privately(turn, token)
        elif turn.opener is None:
            turn = await self.ledger.note_opener(turn.id, token, await self._opener(turn))
        if turn.opener is not None and turn.starts_thread and not turn.private:
            self.keeper.begin(turn.home, turn.place.labels)  # what takes longest goes on beside the rest
            try:
                await self.chat.start_thread(turn.place.channel, turn.opener, await self._name_of(turn))
            except Refused:
                await self._discard_machine(turn)
                raise
            if turn.about is not None and turn.opener == turn.about.message:  # somebody else's words
                await self.chat.announce(turn, ASKED_IN_THREAD.format(name=turn.asker.name, prompt=turn.prompt))
        await self.displays.post(turn, token)
        return Event.THREAD_OPENED, Facts()

    async def _open_privately(self, turn: Turn, token: str) -> Turn:
        """Nobody is let in before it is written down whose thread it is: so whatever an earlier attempt may have left
        is empty, and nobody gets into the thread of somebody who asked the same."""
        if turn.thread is None:
            name = title_of(turn.prompt)  # the same in every attempt
            thread = await self._left_over(turn, name) or await self.chat.start_private_thread(turn, name)
            turn = await self.ledger.note_opener(turn.id, token, MessageId(thread))
        await self.chat.invite(turn)
        self.keeper.begin(turn.home, turn.place.labels)  # not before: without anybody in it the thread needs none
        return turn

    async def _left_over(self, turn: Turn, name: str) -> ThreadId | None:
        for thread in await self.chat.private_threads(turn, name) if turn.attempts else ():
            if await self.ledger.is_ours(thread) is False:
                return thread
        return None

    async def _discard_machine(self, turn: Turn) -> None:
        """There will be no thread that could use it, unless somebody else's question about the same message has begun
        one. The rounds find what is left."""
        if await self.ledger.is_shared(turn.home, turn.id):
            return
        with suppress(Retriable, Refused):
            await self.keeper.destroy(turn.home)

    async def _name_of(self, turn: Turn) -> str:
        routing = (await self.preferences.settled(turn.place)).routing
        words = turn.prompt if turn.about is None else f"{turn.about.text}\n{turn.prompt}"
        found = await self.router.title(words) if self.router and routing is Routing.AI else None
        return found or title_of(words)

    async def _opener(self, turn: Turn) -> MessageId:
        if turn.about is not None and turn.thread is None and await self.chat.stands(turn.about):
            return turn.about.message
        return MessageId(turn.id) if turn.source is Source.MESSAGE else await self.chat.post_opener(turn)

    async def deliver(self, turn: Turn, token: str) -> Happened:
        await self.delivery.send(turn, token)
        return Event.DELIVERED, Facts()

    async def stop(self, turn: Turn) -> Happened:
        """Somebody does not want it any more."""
        await self.work.abandon(turn)
        return Event.CANCELLED, Facts(ending=Ending.STOPPED)

    async def give_up(self, turn: Turn, tell: str, failure: str) -> Happened:
        """The person hears of it: in place of an answer where there is a thread, else where it was asked."""
        await self.work.abandon(turn)
        if advance(turn.stage, Event.GIVEN_UP) is Stage.ANSWERED:
            parcels = await self.delivery.last_words(turn, tell)
            return Event.GIVEN_UP, Facts(answer=tell, parcels=parcels, failure=failure)
        await self.apologise(turn, tell)
        first = turn.answer if turn.gave_up else None  # what could not be posted was an apology already
        return Event.GIVEN_UP, Facts(answer=first or tell, failure=failure)

    async def apologise(self, turn: Turn, text: str) -> None:
        """Say it where it was asked, as well as can be: a turn that cannot even say so ends all the same. Who did not
        speak to us is not spoken to."""
        if turn.stage is Stage.ADMITTED and turn.addressed is not Addressed.US:
            return
        try:
            await self.chat.tell(turn, text)
        except Exception as failure:  # noqa: BLE001 - a defect in saying sorry must not keep the turn alive
            log.warning("turn.unheard", reason=str(failure))
