"""The simulated Discord's memory: one guild, who and what is in it, and the news for whoever listens.

Everything happens in one event loop and no verb awaits in the middle of a change, so there are no locks. Readers may
look at anything; writers use the verbs of the modules that own them.
"""

import asyncio
import base64
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from nacl.signing import SigningKey

from scripts.playground.discord import permissions, render
from scripts.playground.discord.errors import Code, Refusal
from scripts.playground.discord.faults import Faults
from scripts.playground.discord.permissions import USUAL, May
from scripts.playground.discord.records import (
    EPOCH_MS,
    Application,
    Attachment,
    Channel,
    ChannelType,
    Event,
    Json,
    Member,
    Message,
    Overwrite,
    Role,
    User,
)
from scripts.playground.discord.rules import Clock, Rules
from scripts.playground.discord.starts import Starts

if TYPE_CHECKING:
    from scripts.playground.discord.interactions import Interaction


def make_token(application: str) -> str:
    """The form of the real ones, which some libraries read the bot's id from."""
    head = base64.urlsafe_b64encode(application.encode()).decode().rstrip("=")
    return f"{head}.{secrets.token_hex(3)}.{secrets.token_urlsafe(20)}"


class World:
    """Built with a guild, `#general`, and the bot in it."""

    def __init__(self, application: Application, rules: Rules, clock: Clock) -> None:
        self.rules, self.clock, self.url = rules, clock, ""
        self.last_id = 0
        self.listeners: list[Callable[[Event], None]] = []
        self.waiting: set[asyncio.Future[None]] = set()
        self.faults = Faults()
        self.violations: list[str] = []
        self.requests: list[tuple[str, str, int]] = []
        self.channels: dict[str, Channel] = {}
        self.attachments: dict[str, Attachment] = {}
        self.nonces: dict[tuple[str, str], tuple[Message, int | str, float]] = {}
        self.commands: dict[str | None, list[Json]] = {None: []}  # by guild; None is global
        self.command_creates = 0
        self.interactions: dict[str, Interaction] = {}  # by token
        self.identifies, self.resumes, self.beats = 0, 0, 0  # of Gateway sessions, as they were asked for and taken
        self.starts = Starts()
        self.users: dict[str, User] = {}  # also those who have left
        self.unavailable = False  # the guild, in an outage of Discord's

        self.guild_name, self.guild = "The Playground", self.make_id()
        self.guild_at = clock.now()
        self.roles: dict[str, Role] = {self.guild: Role(self.guild, "@everyone", int(USUAL), position=0)}
        self.members: dict[str, Member] = {}
        self.application = self._complete(application)
        self.key = SigningKey(self.application.seed)
        self.bot = User(self.application.id, application.name, bot=True)
        granted = USUAL if application.permissions is None else application.permissions
        self.granted_to_bot = int(granted)
        self.admit_bot()
        self.add_channel("general")

    def _complete(self, application: Application) -> Application:
        application.id = application.id or self.make_id()
        application.seed = application.seed or secrets.token_bytes(32)
        application.token = application.token or make_token(application.id)
        return application

    # what there is

    def make_id(self) -> str:
        """Snowflakes that only grow, also when two are made in the same millisecond."""
        self.last_id = max(self.last_id + 1, (int(self.clock.now() * 1000) - EPOCH_MS) << 22)
        return str(self.last_id)

    def channel(self, channel: str) -> Channel:
        if channel not in self.channels:
            raise Refusal(Code.UNKNOWN_CHANNEL)
        return self.channels[channel]

    def parent(self, channel: Channel) -> Channel:
        """The channel whose permissions count: a thread's parent, else itself."""
        return self.channels[channel.parent] if channel.thread and channel.parent else channel

    def message(self, channel: Channel, message: str) -> Message:
        """Raises Refusal for an ephemeral one: the channel does not know it."""
        found = channel.messages.get(message)
        if found is None or found.ephemeral:
            raise Refusal(Code.UNKNOWN_MESSAGE)
        return found

    def threads(self, *, of: str | None = None, archived: bool = False) -> list[Channel]:
        every = [c for c in self.channels.values() if c.thread and c.thread.archived == archived]
        return [c for c in every if of is None or c.parent == of]

    @property
    def owner(self) -> User:
        """Of the guild and the app: the first person there is."""
        return next((member.user for member in self.members.values() if not member.user.bot), self.bot)

    # who may what

    def may(self, user: str, channel: Channel) -> May:
        if user not in self.members:
            return May(0)
        return permissions.in_channel(self.granted(user), self.members[user], self.parent(channel), self.guild)

    def granted(self, user: str) -> May:
        """In the guild as a whole, whatever its channels say."""
        return permissions.of_member(self.members[user], self.roles, self.guild)

    def sees(self, user: str, channel: Channel) -> bool:
        granted = self.may(user, channel)
        if channel.type == ChannelType.PRIVATE_THREAD and channel.thread:
            return bool(granted & May.VIEW_CHANNEL) and (
                user in channel.thread.members or bool(granted & May.MANAGE_THREADS)
            )
        return bool(granted & May.VIEW_CHANNEL)

    def need(self, user: User, channel: Channel, *needed: May) -> None:
        """Raises Refusal: 50001 for a channel that cannot be seen, 50013 for one where this is not allowed."""
        if not self.sees(user.id, channel):
            raise Refusal(Code.MISSING_ACCESS)
        granted = self.may(user.id, channel)
        if any(not granted & permission for permission in needed):
            raise Refusal(Code.MISSING_PERMISSIONS)

    @property
    def bot_in_guild(self) -> bool:
        return self.bot.id in self.members

    # setting the stage

    def add_role(self, name: str, permissions: int = 0, *, mentionable: bool = False, managed: bool = False) -> Role:
        role = Role(self.make_id(), name, permissions, len(self.roles), mentionable, managed)
        self.roles[role.id] = role
        self.emit(Event("GUILD_ROLE_CREATE", {"guild_id": self.guild, "role": render.role(role)}))
        return role

    def add_member(self, user: User, roles: Iterable[str] = ()) -> Member:
        member = Member(user, list(roles), self.clock.now())
        self.members[user.id], self.users[user.id] = member, user
        self.emit(Event("GUILD_MEMBER_ADD", render.member(member) | {"guild_id": self.guild}))
        return member

    def admit_bot(self) -> None:
        """With a role of its own, as its invitation says."""
        role = self.add_role(self.application.name, self.granted_to_bot, managed=True)
        self.add_member(self.bot, [role.id])

    def remove_member(self, user: str) -> None:
        """Out of the guild and its threads; a role that was made for a bot goes with it."""
        member = self.members.pop(user)
        for thread in [c.thread for c in self.channels.values() if c.thread]:
            thread.members.pop(user, None)
        for role in [id for id in member.roles if self.roles[id].managed]:
            del self.roles[role]
        self.emit(Event("GUILD_MEMBER_REMOVE", {"guild_id": self.guild, "user": render.user(member.user)}))

    def add_channel(
        self,
        name: str,
        type: int = ChannelType.TEXT,
        parent: str | None = None,
        overwrites: Sequence[Overwrite] = (),
    ) -> Channel:
        channel = Channel(self.make_id(), name, type, parent, position=len(self.channels))
        channel.overwrites = {overwrite.id: overwrite for overwrite in overwrites}
        self.channels[channel.id] = channel
        self.emit(Event("CHANNEL_CREATE", render.channel(self, channel), channel))
        return channel

    def remove_channel(self, channel: Channel) -> None:
        """Its threads go with it, and no event says so: clients conclude it."""
        for thread in [c for c in self.channels.values() if c.thread and c.parent == channel.id]:
            del self.channels[thread.id]
        if channel.thread:
            keys = ("id", "guild_id", "parent_id", "type")
            body = {key: value for key, value in render.channel(self, channel).items() if key in keys}
            self.emit(Event("THREAD_DELETE", body, channel))
        else:
            self.emit(Event("CHANNEL_DELETE", render.channel(self, channel), channel))
        del self.channels[channel.id]

    # news

    def emit(self, event: Event) -> None:
        for listener in list(self.listeners):
            listener(event)
        self.touch()

    def touch(self) -> None:
        """Wake whoever waits for a change."""
        for future in self.waiting:
            if not future.done():
                future.set_result(None)

    async def change(self, within: float) -> bool:
        """Whether something happened within so many seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.add(future)
        try:
            done, _ = await asyncio.wait({future}, timeout=within)
            return bool(done)
        finally:
            self.waiting.discard(future)

    def accuse(self, what: str) -> None:
        """Note something that real Discord would punish, or that the house forbids."""
        self.violations.append(what)
