"""What the server's owner does, and what only happens to a server: for tests and the page.

The owner may do everything, so nothing here is refused for want of permission.
"""

from collections.abc import Callable, Sequence

from scripts.playground.discord import deletions, messages, render, render_guild, threads
from scripts.playground.discord.errors import Json
from scripts.playground.discord.herald import Notice
from scripts.playground.discord.people import Person
from scripts.playground.discord.records import Event, Message, MessageType, User
from scripts.playground.discord.world import World

SCOPES = ("applications.commands", "bot")


class Owner:
    """`tell` sends a webhook event of this name and content, in the background, unless the app wants none of these."""

    def __init__(self, world: World, tell: Callable[[str, Json], Notice | None]) -> None:
        self.world, self._tell = world, tell

    # the bot

    def authorize(self) -> Notice | None:
        """Let the app into the server, or once more say yes to it when it is there.

        https://docs.discord.com/developers/events/webhook-events#application-authorized
        """
        if not self.world.bot_in_guild:
            self.admit_bot()
        user, guild = render.user(self.world.owner), render_guild.guild(self.world)
        return self._tell(
            "APPLICATION_AUTHORIZED", {"integration_type": 0, "user": user, "scopes": list(SCOPES), "guild": guild}
        )

    def deauthorize(self) -> Notice | None:
        """Take back one's own yes. The bot stays where it is: it was let into the server, not to the person.

        https://docs.discord.com/developers/events/webhook-events#application-deauthorized
        """
        return self._tell("APPLICATION_DEAUTHORIZED", {"user": render.user(self.world.owner)})

    def remove_bot(self) -> None:
        """https://docs.discord.com/developers/events/gateway-events#guild-delete"""
        if self.world.bot_in_guild:
            self.world.remove_member(self.world.bot.id)
            self.world.emit(Event("GUILD_DELETE", {"id": self.world.guild}))

    def admit_bot(self) -> None:
        """https://docs.discord.com/developers/events/gateway-events#guild-create"""
        if not self.world.bot_in_guild:
            self.world.admit_bot()
            self._show_guild()

    # Discord's own trouble

    def begin_outage(self) -> None:
        """The guild is not available: still the bot's, but nothing is heard of it."""
        self.world.unavailable = True
        self.world.emit(Event("GUILD_DELETE", {"id": self.world.guild, "unavailable": True}))

    def end_outage(self) -> None:
        self.world.unavailable = False
        self._show_guild()

    def _show_guild(self) -> None:
        self.world.emit(Event("GUILD_CREATE", render_guild.guild_create(self.world, self.world.bot.id)))

    # channels and messages

    def delete_channel(self, channel: str) -> None:
        """With its threads; or a thread alone."""
        self.world.remove_channel(self.world.channel(channel))

    def delete_messages(self, channel: str, ids: Sequence[str]) -> None:
        """Many at once, as moderators do with the help of bots."""
        deletions.delete_many(self.world, self.world.channel(channel), ids)

    def write_by_webhook(self, channel: str, content: str, name: str = "Webhook") -> Json:
        """https://docs.discord.com/developers/resources/webhook#execute-webhook"""
        place, author = self.world.channel(channel), User(self.world.make_id(), name, bot=True)
        post = Message(self.world.make_id(), channel, author, MessageType.DEFAULT, "", self.world.clock.now())
        post.webhook = author.id
        messages.post(self.world, post, place, {"content": content})
        return render.message(self.world, post)

    def show_system(self, channel: str, kind: MessageType, person: Person, content: str = "") -> Json:
        """What Discord says about what `person` did: came, pinned something, boosted."""
        now = self.world.clock.now()
        post = Message(self.world.make_id(), channel, person.user, kind, content, now)
        threads.show(self.world, self.world.channel(channel), post)
        return render.message(self.world, post)
