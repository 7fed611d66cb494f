"""A workbench with nothing on it but what a test lays there."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from app.ids import SessionId, TurnId
from app.sandboxes.ports import Machine
from app.turns.progress import Todo
from app.turns.workbench import Compacted, Difference, Usage


@dataclass(slots=True)
class FakeWorkbench:
    """`failure` is what the next call meets. `asked` has what every call was about."""

    log: list[str]
    changed: Difference = field(default_factory=lambda: Difference((), ""))  # by any turn
    left: Difference = field(default_factory=lambda: Difference((), ""))  # uncommitted
    tasks: Sequence[Todo] = ()
    used: Usage | None = None
    compacted: Compacted = Compacted.DONE
    busy: bool = False
    meanwhile: Callable[[], Awaitable[object]] | None = None  # something is summed up
    failure: Exception | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def difference(self, machine: Machine, session: SessionId, turn: TurnId) -> Difference:
        self._note("difference", session, turn)
        return self.changed

    async def uncommitted(self, machine: Machine) -> Difference:
        self._note("uncommitted")
        return self.left

    async def todos(self, machine: Machine, session: SessionId) -> Sequence[Todo]:
        self._note("todos", session)
        return self.tasks

    async def is_busy(self, machine: Machine, session: SessionId) -> bool:
        self._note("is_busy", session)
        return self.busy

    async def usage(self, machine: Machine, session: SessionId) -> Usage | None:
        self._note("usage", session)
        return self.used

    async def compact(self, machine: Machine, session: SessionId, model: str | None) -> Compacted:
        self._note("compact", session, model or "")
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.compacted

    def _note(self, call: str, *about: str) -> None:
        self.log.append(call)
        self.asked.append((call, *about))
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
