"""What can go wrong on the way: planned by a test, taken out by the REST door, the courier and the Gateway."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Fault:
    """One planned mishap. `hits` counts how often it struck."""

    method: str
    path: re.Pattern[str]
    status: int = 500
    times: int = 1
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_effect: bool = False
    delay: float = 0.0
    drop: bool = False
    hits: int = 0


class Faults:
    """`duplicate_interactions` is how many of the next interactions are POSTed twice, `delay_interactions` the seconds
    that each one waits first. Of the next Gateway events, `duplicate_gateway` are sent twice, each waits
    `delay_gateway` seconds, and as many as `reorder_gateway` says are gathered and sent last first, with their
    sequence numbers in order (what is out of order is the world, not the wire).

    The next `lose_hellos` connections are never greeted, the next `lose_resumes` RESUMEs never answered; with
    `lose_acks` heartbeats are not acknowledged. The next IDENTIFYs and RESUMEs are closed with the codes in
    `close_starts`, one each. `omit_channel_type` leaves out of messages what Discord does not promise to put there.

    `duplicate_notices` is how many of the next webhook events are POSTed once more after they were taken."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []
        self.duplicate_interactions = 0
        self.delay_interactions = 0.0
        self.duplicate_gateway = 0
        self.delay_gateway = 0.0
        self.reorder_gateway = 0
        self.lose_hellos = 0
        self.lose_resumes = 0
        self.lose_acks = False
        self.close_starts: list[int] = []
        self.omit_channel_type = False
        self.duplicate_notices = 0

    def fail(
        self,
        *,
        path: str,
        method: str = "",
        status: int = 500,
        times: int = 1,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        after_effect: bool = False,
        delay: float = 0.0,
        drop: bool = False,
    ) -> Fault:
        """The next `times` requests whose path (after /api/v10) matches `path` as a whole.

        `delay` alone (status 0) only makes it slow. `drop` closes the connection without an answer. With
        `after_effect` the request is carried out and only its answer is lost.
        """
        fault = Fault(method, re.compile(path), status, times, body, headers or {}, after_effect, delay, drop)
        self.planned.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self.planned:
            if fault.hits < fault.times and fault.method in ("", method) and fault.path.fullmatch(path):
                fault.hits += 1
                return fault
        return None

    def take_duplicate_interaction(self) -> bool:
        due = self.duplicate_interactions > 0
        self.duplicate_interactions -= due
        return due

    def take_duplicate_event(self) -> bool:
        due = self.duplicate_gateway > 0
        self.duplicate_gateway -= due
        return due

    def take_lost_hello(self) -> bool:
        due = self.lose_hellos > 0
        self.lose_hellos -= due
        return due

    def take_lost_resume(self) -> bool:
        due = self.lose_resumes > 0
        self.lose_resumes -= due
        return due

    def take_duplicate_notice(self) -> bool:
        due = self.duplicate_notices > 0
        self.duplicate_notices -= due
        return due
