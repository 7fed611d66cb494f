"""The relay as it is written down: which parts of Discord are listened to, how that is, and how far each session of the
Gateway was taken. Times are epoch seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of all servers.

    https://docs.discord.com/developers/events/gateway#sharding
    """

    number: int
    count: int


@dataclass(frozen=True, slots=True)
class Position:
    """How far a Gateway session was taken: everything up to `seq` is written down, or is of no concern to us."""

    session: str
    resume_url: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class Beat:
    """What a shard's listener says of itself every few seconds."""

    holder: str | None  # None: it has no lease
    number: int  # grows with every beat of a holder
    problem: str | None  # why no messages arrive, for the operator
    notice: str | None  # what is lost although they do
    is_last: bool = False  # the holder goes, and gives the lease back


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a shard was when it was last heard of."""

    shard: Shard
    alive_at: float | None  # the last time that it was heard of without a problem
    problem: str | None
    notice: str | None
