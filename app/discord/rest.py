"""Discord's REST interface, a method for every call that we make. How a call is made is in `transport`.

Answers are Discord's own objects. Every method raises Rejected (Forbidden, NotFound, TokenDead), Unauthorized or
Unavailable of `errors`.

https://docs.discord.com/developers/reference
"""

from collections.abc import Sequence
from typing import Any

from app.discord import payloads
from app.discord.buckets import Route
from app.discord.errors import THREAD_EXISTS, Rejected, Unavailable
from app.discord.limits import PAGE
from app.discord.payloads import Payload
from app.discord.transport import NOTHING, Body, Transport
from app.turns.records import File

Object = dict[str, Any]

MESSAGES = "/channels/{channel}/messages"
MESSAGE = f"{MESSAGES}/{{message}}"
ORIGINAL = "/webhooks/{application}/{token}/messages/@original"
FOLLOW_UPS = "/webhooks/{application}/{token}"
COMMANDS = "/applications/{application}/commands"
GUILD_COMMANDS = "/applications/{application}/guilds/{guild}/commands"

SEND = "Send Messages (in a thread: Send Messages in Threads)"
TYPING_DEADLINE_SECONDS = 5.0
GUILDS_PAGE = 200


class Rest:
    def __init__(self, transport: Transport) -> None:
        self._call = transport.request

    # The application

    async def current_application(self) -> Object:
        """https://docs.discord.com/developers/resources/application#get-current-application"""
        return await self._object(Route.to("GET", "/applications/@me"))

    async def current_user(self) -> Object:
        return await self._object(Route.to("GET", "/users/@me"))

    async def get_commands(self, application: str, guild: str | None = None) -> list[Object]:
        return await self._objects(_commands("GET", application, guild), Body(params={"with_localizations": "true"}))

    async def put_commands(
        self, application: str, commands: Sequence[Object], guild: str | None = None
    ) -> list[Object]:
        """Replaces all of them, of every type."""
        return await self._objects(_commands("PUT", application, guild), Body(list(commands)))

    # Servers

    async def get_guilds(self) -> list[Object]:
        """All that we are in: https://docs.discord.com/developers/resources/user#get-current-user-guilds"""
        guilds: list[Object] = []
        while True:
            after = {"after": str(guilds[-1]["id"])} if guilds else {}
            body = Body(params={"limit": GUILDS_PAGE, **after})
            page = await self._objects(Route.to("GET", "/users/@me/guilds"), body)
            guilds += sorted(page, key=lambda guild: int(guild["id"]))
            if len(page) < GUILDS_PAGE:
                return guilds

    async def get_guild(self, guild: str) -> Object:
        return await self._object(Route.to("GET", "/guilds/{guild}", guild=guild))

    async def get_guild_channels(self, guild: str) -> list[Object]:
        """Without threads, and also those that we may not see."""
        return await self._objects(Route.to("GET", "/guilds/{guild}/channels", guild=guild))

    async def get_active_threads(self, guild: str) -> list[Object]:
        """https://docs.discord.com/developers/resources/guild#list-active-guild-threads"""
        found = await self._object(Route.to("GET", "/guilds/{guild}/threads/active", guild=guild))
        return list(found.get("threads", ()))

    async def get_member(self, guild: str, user: str) -> Object:
        return await self._object(Route.to("GET", "/guilds/{guild}/members/{user}", guild=guild, user=user))

    # Channels and messages

    async def get_channel(self, channel: str) -> Object:
        return await self._object(Route.to("GET", "/channels/{channel}", channel=channel, needs="View Channel"))

    async def get_messages(
        self, channel: str, *, after: str | None = None, before: str | None = None, limit: int = PAGE
    ) -> list[Object]:
        """Newest first. With `after` the page that follows it, not the newest one. Empty as well where the permission
        to read the history is missing: https://docs.discord.com/developers/resources/message#get-channel-messages"""
        params: dict[str, str | int] = {"limit": limit}
        params |= {name: cursor for name, cursor in (("after", after), ("before", before)) if cursor is not None}
        route = Route.to("GET", MESSAGES, channel=channel, needs="Read Message History")
        return await self._objects(route, Body(params=params))

    async def create_message(self, channel: str, message: Payload, files: Sequence[File] = ()) -> Object:
        """Sent again after a failure only where it carries a nonce that Discord enforces."""
        route = Route.to("POST", MESSAGES, channel=channel, needs=f"{SEND}, Attach Files" if files else SEND)
        is_repeatable = bool(message.get("enforce_nonce")) and message.get("nonce") is not None
        return await self._object(route, Body(message, files), repeatable=is_repeatable)

    async def get_message(self, channel: str, message: str) -> Object:
        route = Route.to("GET", MESSAGE, channel=channel, message=message, needs="Read Message History")
        return await self._object(route)

    async def edit_message(self, channel: str, message: str, edit: Payload, files: Sequence[File] = ()) -> Object:
        """Of our own: https://docs.discord.com/developers/resources/message#edit-message"""
        needs = f"{SEND}, Attach Files" if files else SEND
        route = Route.to("PATCH", MESSAGE, channel=channel, message=message, needs=needs)
        return await self._object(route, Body(edit, files))

    async def delete_message(self, channel: str, message: str) -> None:
        """One of our own."""
        await self._call(Route.to("DELETE", MESSAGE, channel=channel, message=message))

    async def wake_thread(self, thread: str) -> None:
        """Take it out of the archive. Harmless on one that is not in it. Of a locked one only a moderator may."""
        route = Route.to("PATCH", "/channels/{channel}", channel=thread, needs="Manage Threads")
        await self._call(route, Body({"archived": False}))

    async def start_thread_from_message(self, channel: str, message: str, name: str) -> str:
        """The id of the thread: that of the message, whether it was made now or had been made before."""
        template = f"{MESSAGES}/{{message}}/threads"
        route = Route.to("POST", template, channel=channel, message=message, needs="Create Public Threads")
        try:
            thread = await self._object(route, Body(payloads.thread(name)), repeatable=True)
        except Rejected as refusal:
            if refusal.code != THREAD_EXISTS:
                raise
            return message
        return str(thread["id"])

    async def start_private_thread(self, channel: str, name: str) -> str:
        """Its id. Nothing tells a second one from the first: never sent twice."""
        route = Route.to("POST", "/channels/{channel}/threads", channel=channel, needs="Create Private Threads")
        return str((await self._object(route, Body(payloads.private_thread(name)), repeatable=False))["id"])

    async def start_post(self, channel: str, name: str, text: str, tags: Sequence[str] = ()) -> str:
        """In a forum or media channel. Its id, which is that of its first message. Nothing tells a second one from the
        first: never sent twice. https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel"""
        route = Route.to("POST", "/channels/{channel}/threads", channel=channel, needs=SEND)
        return str((await self._object(route, Body(payloads.post(name, text, tags)), repeatable=False))["id"])

    async def add_thread_member(self, thread: str, user: str) -> None:
        """Harmless for one who is in it already."""
        template = "/channels/{channel}/thread-members/{user}"
        route = Route.to("PUT", template, channel=thread, user=user, needs="Send Messages in Threads")
        await self._call(route)

    async def get_thread_member(self, thread: str, user: str) -> Object:
        """NotFound for one who is not in it.
        https://docs.discord.com/developers/resources/channel#get-thread-member"""
        template = "/channels/{channel}/thread-members/{user}"
        return await self._object(Route.to("GET", template, channel=thread, user=user, needs="View Channel"))

    async def show_typing(self, channel: str) -> None:
        route = Route.to("POST", "/channels/{channel}/typing", channel=channel, needs=SEND)
        await self._call(route, deadline=TYPING_DEADLINE_SECONDS)

    # The webhook of an interaction: https://docs.discord.com/developers/interactions/receiving-and-responding

    async def edit_original(self, application: str, token: str, edit: Payload, files: Sequence[File] = ()) -> Object:
        return await self._object(Route.to("PATCH", ORIGINAL, application=application, token=token), Body(edit, files))

    async def delete_original(self, application: str, token: str) -> None:
        await self._call(Route.to("DELETE", ORIGINAL, application=application, token=token))

    async def follow_up(self, application: str, token: str, message: Payload, files: Sequence[File] = ()) -> Object:
        """Never sent twice, for webhooks enforce no nonce. The first one after a deferred answer edits that instead,
        flags and all: edit or delete the original first."""
        return await self._object(
            Route.to("POST", FOLLOW_UPS, application=application, token=token), Body(message, files)
        )

    async def _object(self, route: Route, body: Body = NOTHING, *, repeatable: bool | None = None) -> Object:
        answer = await self._call(route, body, repeatable=repeatable)
        if not isinstance(answer, dict):
            raise Unavailable(f"{route}: the answer is not an object")
        return answer

    async def _objects(self, route: Route, body: Body = NOTHING) -> list[Object]:
        answer = await self._call(route, body)
        if not isinstance(answer, list):
            raise Unavailable(f"{route}: the answer is not a list")
        return answer


def _commands(method: str, application: str, guild: str | None) -> Route:
    if guild is None:
        return Route.to(method, COMMANDS, application=application)
    return Route.to(method, GUILD_COMMANDS, application=application, guild=guild)
