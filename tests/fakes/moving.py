"""What moves from machine to machine, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.ids import SessionId, ThreadId, TurnId
from app.sandboxes.cargo import Item, Unmovable
from app.sandboxes.ports import Machine
from app.turns.carriers import Arrival, Carried, Uncarried
from app.turns.errors import Retriable


@dataclass(slots=True)
class FakeMigration:
    """`carried` are the conversations that were carried, and how far; `settled` what arrived whole, by the thread.
    A thread in `unwilling` keeps its conversation, for that reason."""

    carried: list[tuple[ThreadId, ThreadId, TurnId | None]] = field(default_factory=list)
    settled: dict[ThreadId, Arrival] = field(default_factory=dict)
    remarks: dict[ThreadId, str] = field(default_factory=dict)
    settlements: int = 0
    unwilling: dict[ThreadId, str] = field(default_factory=dict)

    async def arrival(self, machine: Machine) -> Arrival | None:
        return self.settled.get(machine.thread)

    async def carry(self, old: Machine, new: Machine, last: TurnId | None) -> Carried:
        if old.thread in self.unwilling:
            raise Uncarried(self.unwilling[old.thread])
        self.carried.append((old.thread, new.thread, last))
        return Carried(SessionId(f"ses_{new.thread}"), 2)

    async def settle(
        self, machine: Machine, session: SessionId, turn: TurnId, title: str, remark: str, told: str
    ) -> None:
        self.settlements += 1
        self.settled[machine.thread] = Arrival(session, told)
        self.remarks[machine.thread] = remark


@dataclass(slots=True)
class FakeFreight:
    """A thread in `unwilling` keeps its files, for that reason. So many times it is too `early`."""

    carried: list[tuple[ThreadId, ThreadId, str]] = field(default_factory=list)
    unwilling: dict[ThreadId, str] = field(default_factory=dict)
    early: int = 0

    async def carry(self, old: ThreadId, new: ThreadId, key: str, tree: str = "") -> Sequence[Item]:
        if self.early:
            self.early -= 1
            raise Retriable("the machine is not awake")
        if old in self.unwilling:
            raise Unmovable(self.unwilling[old])
        self.carried.append((old, new, key))
        return (Item(".", "main", "abc1234", 3, 0),)
