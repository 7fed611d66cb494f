"""A thread that is worked in, as a list of them shows it. Pure."""

from dataclasses import dataclass

from app.ids import ChannelId, ThreadId
from app.sandboxes.machine import State


@dataclass(frozen=True, slots=True)
class Session:
    thread: ThreadId
    channel: ChannelId
    subject: str  # what was asked first in it, or the message that it was asked about
    used_at: float  # epoch seconds: when it was asked last
    live: int  # its turns that wait or are at work
    machine: State | None  # None: it has had none yet
    is_public: bool  # for certain: whoever sees the channel sees it
