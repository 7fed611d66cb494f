"""OpenCode as a turn sees it, in memory: sessions that remember prompts by the turn's id, and run each once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from app.ids import SessionId, TurnId
from app.sandboxes.ports import Machine
from app.turns.errors import Refused
from app.turns.ports import Answer, Interrupted, Prompt


@dataclass(slots=True)
class FakeAgent:
    """`runs` is what the model was really asked, in order. `interrupt` names turns whose server stops in the middle,
    so many times; `refuse` those that the model refuses. `meanwhile` happens while a session is opened."""

    runs: list[tuple[SessionId, TurnId]] = field(default_factory=list)
    prompts: dict[TurnId, str] = field(default_factory=dict)
    answers: dict[TurnId, str] = field(default_factory=dict)
    interrupt: dict[TurnId, int] = field(default_factory=dict)
    refuse: dict[TurnId, str] = field(default_factory=dict)
    meanwhile: Callable[[], Awaitable[object]] | None = None
    aborted: list[SessionId] = field(default_factory=list)
    thinking: asyncio.Event = field(default_factory=asyncio.Event)  # set once an answer is waited for
    speak: asyncio.Event | None = None  # no answer before this is set
    _lost: dict[str, int] = field(default_factory=dict)
    _cut: set[TurnId] = field(default_factory=set)
    _done: set[TurnId] = field(default_factory=set)

    def lose_session(self, thread: str) -> None:
        """With the machine that it was on."""
        self._lost[thread] = self._lost.get(thread, 0) + 1

    async def open_session(self, machine: Machine, title: str) -> SessionId:
        if self.meanwhile is not None:
            await self.meanwhile()
        lost = self._lost.get(machine.thread)
        return SessionId(f"ses_{machine.thread}_{lost}" if lost else f"ses_{machine.thread}")

    async def prompt(self, machine: Machine, session: SessionId, prompt: Prompt) -> None:
        if prompt.turn in self._done and prompt.turn not in self._cut:
            return
        self._cut.discard(prompt.turn)
        self._done.add(prompt.turn)
        self.runs.append((session, prompt.turn))
        self.prompts[prompt.turn] = prompt.text
        if self.interrupt.get(prompt.turn, 0) > 0:
            self.interrupt[prompt.turn] -= 1
            self._cut.add(prompt.turn)

    async def await_answer(self, machine: Machine, session: SessionId, turn: TurnId) -> Answer:
        self.thinking.set()
        if self.speak is not None:
            await self.speak.wait()
        if turn in self._cut or turn not in self._done:
            raise Interrupted
        if turn in self.refuse:
            raise Refused(self.refuse[turn])
        return Answer(self.answers.get(turn, f"answer to {turn}\n\nand its end"))

    async def abort(self, machine: Machine, session: SessionId) -> None:
        self.aborted.append(session)
