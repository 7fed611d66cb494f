"""OpenCode as a turn sees it, in memory: sessions that remember prompts by the turn's id, and run each once."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from app.ids import AskId, SessionId, TurnId
from app.sandboxes.ports import Machine
from app.turns.catalogue import Command
from app.turns.errors import Refused
from app.turns.ports import Interrupted, Prompt, Unreadable
from app.turns.progress import Ask, Decision, Progress, Report, Text
from app.turns.records import File

STOPPED = "Sorry, this was stopped before it was finished."
LOOK_SECONDS = 0.02


@dataclass(slots=True)
class FakeAgent:
    """`runs` is what the model was really asked, in order. `interrupt` names turns whose server stops in the middle,
    so many times; `refuse` those that the model refuses. `meanwhile` happens while a session is opened, `aborting`
    before one is aborted; of the turns in `unreported` there is never a report, however long one waits.

    A turn says its `texts` first, then it asks its `asks`, all at once, and goes on when they are answered; what it
    says at the end is in `answers`. What else is to be seen of it is in `progress`. `replies` are the decisions that
    were carried back; an ask in `gone` is answered elsewhere. With `renames` what it says has other names each time
    that it is prompted. An `unreadable` turn cannot be prompted with files.
    """

    runs: list[tuple[SessionId, TurnId]] = field(default_factory=list)
    prompts: dict[TurnId, str] = field(default_factory=dict)
    commands: dict[TurnId, Command | None] = field(default_factory=dict)
    befores: dict[TurnId, str] = field(default_factory=dict)
    files: dict[TurnId, tuple[File, ...]] = field(default_factory=dict)
    answers: dict[TurnId, str] = field(default_factory=dict)
    texts: dict[TurnId, list[str]] = field(default_factory=dict)
    asks: dict[TurnId, list[Ask]] = field(default_factory=dict)
    progress: dict[TurnId, Progress] = field(default_factory=dict)
    reports: dict[TurnId, Report] = field(default_factory=dict)
    replies: list[tuple[AskId, Decision]] = field(default_factory=list)
    gone: set[AskId] = field(default_factory=set)
    renames: bool = False
    unreadable: set[TurnId] = field(default_factory=set)
    interrupt: dict[TurnId, int] = field(default_factory=dict)
    refuse: dict[TurnId, str] = field(default_factory=dict)
    meanwhile: Callable[[], Awaitable[object]] | None = None
    aborting: Callable[[], Awaitable[object]] | None = None
    unreported: set[TurnId] = field(default_factory=set)
    aborted: list[SessionId] = field(default_factory=list)
    thinking: asyncio.Event = field(default_factory=asyncio.Event)  # set once an answer is waited for
    speak: asyncio.Event | None = None  # no answer before this is set
    _lost: dict[str, int] = field(default_factory=dict)
    _cut: set[TurnId] = field(default_factory=set)
    _done: set[TurnId] = field(default_factory=set)
    _ended: set[TurnId] = field(default_factory=set)
    _stopped: set[TurnId] = field(default_factory=set)

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
        if prompt.turn in self.unreadable and prompt.files:
            raise Unreadable
        self._cut.discard(prompt.turn)
        self._done.add(prompt.turn)
        self.runs.append((session, prompt.turn))
        self.prompts[prompt.turn] = prompt.text
        self.commands[prompt.turn] = prompt.command
        self.befores[prompt.turn] = prompt.before
        self.files[prompt.turn] = prompt.files
        if self.interrupt.get(prompt.turn, 0) > 0:
            self.interrupt[prompt.turn] -= 1
            self._cut.add(prompt.turn)

    async def follow(self, machine: Machine, session: SessionId, turn: TurnId) -> AsyncGenerator[Progress, None]:
        self.thinking.set()
        while self._is_at_work(turn):
            yield self._seen(turn)
            await asyncio.sleep(LOOK_SECONDS)
        if turn in self._cut or turn not in self._done:
            raise Interrupted
        said = replace(self._seen(turn), asks=())
        if turn in self._stopped or turn in self.refuse:
            yield said
            raise Refused(STOPPED if turn in self._stopped else self.refuse[turn])
        self._ended.add(turn)
        answer = self.answers.get(turn, f"answer to {turn}\n\nand its end")
        yield replace(said, texts=(*said.texts, Text(f"prt_{turn}_end", answer)), ended=True)

    def _is_at_work(self, turn: TurnId) -> bool:
        is_waiting = bool(self._open(turn)) or (self.speak is not None and not self.speak.is_set())
        return is_waiting and turn not in self._stopped

    def _open(self, turn: TurnId) -> tuple[Ask, ...]:
        replied = {id for id, _ in self.replies}
        return tuple(ask for ask in self.asks.get(turn, []) if ask.id not in replied | self.gone)

    def _seen(self, turn: TurnId) -> Progress:
        run = sum(asked == turn for _, asked in self.runs) if self.renames else 0
        texts = tuple(Text(f"prt_{turn}_{run}{place}", text) for place, text in enumerate(self.texts.get(turn, [])))
        return replace(self.progress.get(turn, Progress()), texts=texts, asks=self._open(turn), ended=False)

    async def reply(self, machine: Machine, ask: Ask, decision: Decision) -> bool:
        if ask.id in self.gone or any(id == ask.id for id, _ in self.replies):
            return False
        self.replies.append((ask.id, decision))
        return True

    async def report(self, machine: Machine, session: SessionId, turn: TurnId) -> Report:
        if turn in self.unreported:
            await asyncio.Event().wait()
        return self.reports.get(turn, Report())

    async def abort(self, machine: Machine, session: SessionId) -> None:
        if self.aborting is not None:
            await self.aborting()
        self.aborted.append(session)
        running = [turn for where, turn in self.runs if where == session and turn not in self._ended]
        self._stopped.update(running[-1:])
