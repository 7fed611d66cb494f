"""What is needed to take in what people say where we can hear it: the store's verbs, the machines, Discord's REST
interface, and the policy.

What talks to Discord or to a machine raises Retriable and Refused (see `app.turns.errors`).
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.discord.payloads import Payload
from app.ids import ChannelId, GuildId, MessageId, ThreadId, TurnId
from app.relay import Beat, Position, Pulse, Shard
from app.turns.asks import Asked
from app.turns.errors import Retriable
from app.turns.preferences import Preference
from app.turns.records import Addressed, Attachment, Place, Request, Tracked
from app.turns.routing import Policy

Object = Mapping[str, Any]
Counts = Mapping[str, int]


class Unread(Retriable):
    """Some channels could not be read just now; all others were."""


class Turns(Protocol):
    async def admit(self, request: Request, now: float) -> bool:
        """Write it down, for good. False if it was known already, whatever became of it."""
        ...

    async def amend(self, turn: TurnId, prompt: str, addressed: Addressed, attachments: Sequence[Attachment]) -> bool:
        """What was asked has been edited. False, and nothing changed, once it is at the model, or is no turn."""
        ...

    async def withdraw(self, turns: Collection[TurnId]) -> int:
        """Messages were deleted: those of them that are not at the model yet are cancelled. How many."""
        ...

    async def end_all(
        self, *, thread: ThreadId | None = None, channel: ChannelId | None = None, guild: GuildId | None = None
    ) -> int:
        """The place is gone, and whatever was asked there is cancelled: how many turns."""
        ...

    async def is_ours(self, thread: ThreadId) -> bool | None:
        """None while it is not decided yet."""
        ...


class Asks(Protocol):
    """What agents asked people."""

    async def asked_in(self, message: MessageId) -> Asked | None:
        """What this message of ours asks."""
        ...

    async def forget(self, messages: Collection[MessageId], now: float) -> int:
        """Messages were deleted: what is open and was asked in them is asked anew by the next look. How many."""
        ...

    async def answer_by_reply(self, request: Request, asked: Asked, choice: tuple[str, ...], now: float) -> bool:
        """Answer its next question with a message, which is known from then on and never asked itself. False, and
        nothing written, when it is known already, the question has been answered, or nobody waits for it any more."""
        ...


class Places(Protocol):
    async def place_of(self, thread: ThreadId) -> Place | None:
        """Where a thread is that somebody asked in before."""
        ...

    async def known_category(self, channel: ChannelId) -> ChannelId | None: ...

    async def admit_page(self, channel: ChannelId, newest: MessageId, requests: Sequence[Request], now: float) -> int:
        """What one page of a channel's messages brought, together with how far it has been read by that. Returns how
        many were new. How far only grows."""
        ...

    async def read_to(self) -> Mapping[ChannelId, MessageId]:
        """How far channels and threads have been read."""
        ...

    async def tracked(self, guild: GuildId) -> Sequence[Tracked]:
        """Our threads in this server."""
        ...

    async def begun_at(self) -> float:
        """When this store was made."""
        ...

    async def caught_up_at(self) -> float | None:
        """When the last complete look at all channels began."""
        ...

    async def note_caught_up(self, now: float) -> None: ...

    async def guilds(self) -> Mapping[GuildId, float | None]:
        """The servers we are in, as far as we know, and since when."""
        ...

    async def note_guild(self, guild: GuildId, joined_at: float | None = None) -> None: ...

    async def note_guild_gone(self, guild: GuildId, now: float) -> None: ...

    async def note_authorised(self, guild: GuildId, moment: str) -> None:
        """Somebody brought us into this server, at this moment as Discord writes it."""
        ...

    async def unwelcomed(self) -> Mapping[GuildId, str]:
        """The servers whose last authorisation has not been answered by a welcome, and the moment of that."""
        ...

    async def note_welcomed(self, guild: GuildId, moment: str) -> None: ...

    async def note_gone(self, channel: ChannelId) -> None:
        """A channel or thread exists no more, nor the threads of it."""
        ...


class Shards(Protocol):
    async def hold(self, shard: Shard, holder: str, now: float, until: float) -> bool:
        """Give the shard's lease to `holder`, or prolong it. False while another has it."""
        ...

    async def beat(self, shard: Shard, beat: Beat, now: float, until: float) -> bool:
        """Its holder lives, and keeps the lease. An old beat changes nothing. False while another has the lease."""
        ...

    async def move(self, shard: Shard, position: Position, now: float) -> None:
        """What lies up to here is taken. A session that is new becomes the shard's; within one, `seq` only grows."""
        ...

    async def position(self, shard: Shard) -> Position | None: ...

    async def pulses(self) -> Sequence[Pulse]:
        """Of every shard that was heard of since their count last changed."""
        ...


class Shelf(Protocol):
    """The machines as they are written down."""

    async def rest(self, thread: ThreadId) -> None:
        """It counts as idle from now on."""
        ...

    async def doom(
        self,
        at: float,
        *,
        thread: ThreadId | None = None,
        channel: ChannelId | None = None,
        guild: GuildId | None = None,
    ) -> int:
        """Whatever stands there is deleted by the next round after this time, whoever needs it; where a thread or
        channel is gone, also what is only being made. How many."""
        ...

    async def reprieve(self, guild: GuildId, now: float) -> None:
        """Of what is not due yet."""
        ...


class Discord(Protocol):
    """https://docs.discord.com/developers/reference, in Discord's own objects."""

    async def get_guilds(self) -> Sequence[Object]: ...

    async def get_guild(self, guild: str) -> Object: ...

    async def get_guild_channels(self, guild: str) -> Sequence[Object]:
        """Without threads."""
        ...

    async def get_active_threads(self, guild: str) -> Sequence[Object]: ...

    async def get_member(self, guild: str, user: str) -> Object: ...

    async def get_messages(self, channel: str, *, after: str | None = None) -> Sequence[Object]:
        """The page that follows `after`, newest first. Empty as well where the permission to read is missing."""
        ...

    async def create_message(self, channel: str, message: Payload) -> Object: ...


Afterwards = Callable[[], Awaitable[object]]  # once the sender has its answer; may fail, and be lost


class Preferences(Protocol):
    async def forget(self, guild: GuildId, preference: Preference, value: str) -> int:
        """Take it back wherever it was settled in this server: in how many places."""
        ...

    async def forget_place(self, place: ThreadId | ChannelId) -> int:
        """It is gone, and what was settled there; of a channel also what was in its threads. How many settings."""
        ...


@dataclass(frozen=True, slots=True)
class Inbox:
    """Everything that taking in an event needs beside the event itself."""

    turns: Turns
    asks: Asks
    places: Places
    shelf: Shelf
    shards: Shards
    preferences: Preferences
    policy: Policy
    clock: Callable[[], float]
    us: Callable[[], Awaitable[str]]  # the id of our user; raises Retriable until Discord has told it
    catch_up: Callable[[], Awaitable[Counts]]  # raises Unread when only parts could not be read just now
    catch_up_later: Afterwards  # as often as it takes
    pause: Callable[[ThreadId], Awaitable[object]]  # put a thread's machine to sleep, unless a turn needs it
    sweep: Callable[[], Awaitable[object]]  # delete what is doomed
    welcome: Callable[[], Awaitable[int]]  # greet the servers that wait for it: how many
    take_stock: Callable[[], Awaitable[object]]  # see which servers we are still in
