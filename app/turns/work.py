"""The two steps of a turn at the agent's side: the prompt, with all that belongs to it, and the wait for its answer.

While it waits, the status message shows what the agent does, whatever it has said for good is sent, and what it asks is
put to the people of the thread. A wait for a person does not count as work: nothing keeps the machine awake then, and
after the time that the question names the turn is over.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from app.background import meanwhile
from app.ids import SessionId, ThreadId
from app.sandboxes.keeper import Keeper
from app.sandboxes.ports import Errand, Machine
from app.turns.abandoning import Abandoning
from app.turns.asking import Asking
from app.turns.books import Facts, Ledger, Preferences
from app.turns.catalogue import command_in
from app.turns.delivery import Delivery
from app.turns.display import Display, Displays
from app.turns.enclosures import Enclosures
from app.turns.errors import Refused, Retriable
from app.turns.history import MOST_MESSAGES, Said, history, said_by, with_history
from app.turns.machine import Ending, Event, Stage
from app.turns.moving import Moving
from app.turns.ports import Agent, Chat, Prompt, Unreadable
from app.turns.preferences import Preference
from app.turns.progress import Progress, Text
from app.turns.records import Turn
from app.turns.status import Phase
from app.turns.surroundings import AFTER, BEFORE, with_message
from app.turns.titles import title_of
from app.words.answer import NEW_MACHINE

Happened = tuple[Event, Facts]

TYPING_SECONDS = 8.0  # Discord shows it for ten
TOUCH_SECONDS = 60.0  # a provider's clock for idle machines counts in minutes
MOVED_IN = "moved in"  # what is said of that, among what the agent says
LOOK_SECONDS = 0.3  # at how far a machine is
PHASES: Final = {
    Errand.CREATING: Phase.STARTING,
    Errand.WAKING: Phase.WAKING,
    Errand.CLONING: Phase.CLONING,
}


@dataclass(frozen=True, slots=True)
class Work:
    ledger: Ledger
    preferences: Preferences
    chat: Chat
    agent: Agent
    keeper: Keeper
    displays: Displays
    delivery: Delivery
    enclosures: Enclosures
    asking: Asking
    abandoning: Abandoning
    moving: Moving

    async def prompt(self, turn: Turn, token: str) -> Happened:
        turn = await self.displays.post(turn, token)
        async with self.displays.opened(turn, token) as display:
            machine = await self._machine_of(turn, display)
            await self.ledger.assure(turn.id, token)  # it may have taken long, and somebody may have stopped the turn
            session, told = await self._begin(turn, machine, display)
            await self.keeper.remember_session(machine.thread, session)
            if not turn.asks:
                return Event.MOVED_IN, Facts(session, told, parcels=await self.delivery.last_words(turn, told))
            if told and not await self.delivery.is_said(turn, MOVED_IN):  # by the one that this asks again
                await self.delivery.say(turn, token, [Text(MOVED_IN, told)])
            said = await self._history(turn, session)
            turn = await self.ledger.seal(turn.id, token)
            await self._ask(turn, machine, session, said)
            display.show(Phase.THINKING)
        return Event.PROMPT_SENT, Facts(session=session)

    async def _begin(self, turn: Turn, machine: Machine, display: Display) -> tuple[SessionId, str]:
        """The session, and what is to be said of that which has moved into it."""
        title = title_of(turn.subject)
        if turn.fork is None:
            return await self.agent.open_session(machine, title), ""
        display.show(Phase.MOVING)
        arrival = await self.moving.move_in(turn, machine, turn.fork.name if not turn.asks else title)
        return arrival.session, arrival.told or ""

    async def _machine_of(self, turn: Turn, display: Display) -> Machine:
        """One that was up a moment ago is believed to be so, until something failed."""
        async with meanwhile(self._show_errand(turn.home, display)):
            return await self.keeper.ensure(turn.home, turn.place.labels, trusting=turn.failing_since is None)

    async def _show_errand(self, thread: ThreadId, display: Display) -> None:
        """One that is awake needs no errand, and is handed over before the first look."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if (errand := self.keeper.errand(thread)) is not None:
                display.show(PHASES[errand])

    async def _history(self, turn: Turn, session: SessionId) -> Sequence[Said]:
        """What a session that knows nothing of its thread must be told. Decided by what was prompted and not by what
        was opened, so that a repeat decides the same."""
        earlier = await self.ledger.sessions_of(turn.home)
        if session in earlier or turn.fork is not None:
            return []
        if earlier:
            await self.chat.announce(turn, NEW_MACHINE)
        return [] if turn.starts_thread else await self.chat.said_before(turn, MOST_MESSAGES)

    async def _ask(self, turn: Turn, machine: Machine, session: SessionId, said: Sequence[Said]) -> None:
        """A file that the server cannot read goes into the workspace, as all do that the model cannot be shown."""
        files, prompt = await self.enclosures.fetch(turn), await self._words(turn)
        settled = await self.preferences.settled(turn.place)
        model, agent = settled.value(Preference.MODEL), settled.value(Preference.AGENT)
        is_bare = not turn.plain and prompt == turn.prompt and not turn.attachments
        command = command_in(prompt) if is_bare else None

        async def send(*, show: bool) -> None:
            shown, words = await self.enclosures.enclose(turn.home, prompt, files, show=show)
            text = with_history(said_by(turn.asker, words), said)
            asked = Prompt(turn.id, text, shown, model, agent, command, history(said) if command else "")
            await self.agent.prompt(machine, session, asked)

        try:
            await send(show=True)
        except Unreadable:
            await send(show=False)

    async def _words(self, turn: Turn) -> str:
        """With the message that it is about. What stands around that can be done without."""
        if turn.about is None:
            return turn.prompt
        around: Sequence[Said] = ()
        with suppress(Retriable, Refused):
            around = await self.chat.said_around(turn.about, BEFORE, AFTER)
        return with_message(turn.prompt, turn.about, around)

    async def await_answer(self, turn: Turn, token: str) -> Happened:
        turn = await self.displays.post(turn, token)
        if await self.asking.has_run_out(turn, token):  # while nobody looked
            return await self._expired(turn)
        async with self.displays.opened(turn, token) as display:
            machine = await self._machine_of(turn, display)
            async with meanwhile(self._show_typing(machine, display)), meanwhile(self._keep_awake(machine, display)):
                return await self._follow(turn, token, machine, display)

    async def _follow(self, turn: Turn, token: str, machine: Machine, display: Display) -> Happened:
        assert turn.session is not None
        if turn.attempts:
            await self.delivery.send(turn, token)  # what an earlier attempt did not get to
        async with aclosing(self.agent.follow(machine, turn.session, turn.id)) as seen:
            async for progress in seen:
                if progress.ended:
                    return Event.ANSWER_TAKEN, await self._answered(turn, progress)
                if await self._is_over(turn, token, machine, display, progress):
                    return await self._expired(turn)
        raise AssertionError("whoever follows a turn sees its end")

    async def _is_over(self, turn: Turn, token: str, machine: Machine, display: Display, progress: Progress) -> bool:
        """Take in how it goes; whether it has waited for a person for too long."""
        await self.delivery.say(turn, token, progress.texts)  # what leads up to a question comes before it
        until = await self.asking.attend(turn, token, machine, progress.asks)
        if (until is None) is (display.status.phase is Phase.WAITING):  # a wait begins or ends
            with suppress(Retriable):
                await self.keeper.keep_awake(machine.thread)
        display.show(Phase.THINKING if until is None else Phase.WAITING, progress, until)
        return until is not None and self.asking.clock() >= until and await self.asking.has_run_out(turn, token)

    async def _expired(self, turn: Turn) -> Happened:
        await self.abandon(turn)
        return Event.CANCELLED, Facts(ending=Ending.EXPIRED)

    async def _answered(self, turn: Turn, progress: Progress) -> Facts:
        await self.keeper.touch(turn.home)
        made = await self.enclosures.made(turn.home, progress.made)
        answer = await self.delivery.unsaid(turn, progress.texts)
        remarks = [*filter(None, [progress.remark]), *made.notes]
        parcels = await self.delivery.last_words(turn, answer, remarks, made.files, made.named)
        return Facts(answer=answer, parcels=parcels)

    async def _keep_awake(self, machine: Machine, display: Display) -> None:
        """Nobody else tells the provider that its machine is at work: a model that thinks makes no traffic."""
        while True:
            if display.status.phase is not Phase.WAITING:
                with suppress(Retriable):
                    await self.keeper.keep_awake(machine.thread)
            await asyncio.sleep(TOUCH_SECONDS)

    async def _show_typing(self, machine: Machine, display: Display) -> None:
        while True:
            if display.status.phase is not Phase.WAITING:
                await self.chat.show_typing(machine.thread)
            await asyncio.sleep(TYPING_SECONDS)

    async def abandon(self, turn: Turn) -> None:
        """Nobody waits for the answer any more: stop what may still be running, as well as can be."""
        if turn.stage in {Stage.THREADED, Stage.PROMPTED}:
            await self.abandoning.abandon(turn)
