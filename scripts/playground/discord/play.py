"""What the page calls: the people's verbs over HTTP, their events as a stream, the CDN, and the page itself.

On loopback and without a password: whoever reaches it is the person they say they are. Behind it an agent runs
commands, so nothing from another site may reach it: neither by a name that points here, nor by a page's request.
"""

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from scripts.playground.discord import cdn, commands, payloads, render
from scripts.playground.discord.errors import Json, Refusal
from scripts.playground.discord.filling import Impossible
from scripts.playground.discord.interactions import InteractionFailed
from scripts.playground.discord.people import Person
from scripts.playground.discord.records import Event
from scripts.playground.discord.wire import read_body

if TYPE_CHECKING:
    from scripts.playground.discord.server import Simulator

PAGE = Path(__file__).parent.parent / "page"
OWNED = ("authorize", "deauthorize", "remove_bot", "admit_bot", "begin_outage", "end_outage")
LOCAL = ("127.0.0.1", "localhost")
Endpoint = Callable[[Request], Awaitable[Response]]


class Play:
    """An ASGI app. `close` ends the event streams, which otherwise never end."""

    def __init__(self, discord: "Simulator") -> None:
        self.discord, self.world = discord, discord.world
        self.streams: dict[asyncio.Queue[Event | None], str] = {}
        self.world.listeners.append(self._tell)
        one = "/play/users/{user}"
        routes = [
            ("GET", "/", self.index),
            ("GET", "/page/{file:path}", self.page_file),
            ("GET", "/attachments/{id}/{filename}", self.attachment),
            ("GET", "/play/state", self.state),
            ("GET", "/play/channels/{channel}/messages", self.messages),
            ("GET", "/play/events", self.events),
            ("POST", f"{one}/messages", self.write),
            ("PATCH", f"{one}/messages/{{channel}}/{{message}}", self.edit),
            ("DELETE", f"{one}/messages/{{channel}}/{{message}}", self.delete),
            ("PATCH", f"{one}/threads/{{thread}}", self.change_thread),
            ("DELETE", f"{one}/threads/{{thread}}", self.delete_thread),
            ("POST", f"{one}/owner/{{verb}}", self.own),
            ("POST", f"{one}/commands", self.command),
            ("POST", f"{one}/components", self.press),
            ("POST", f"{one}/modals", self.submit),
            ("POST", f"{one}/autocomplete", self.autocomplete),
        ]
        self.app = Starlette(routes=[Route(path, _guarded(end), methods=[verb]) for verb, path, end in routes])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _foreign(Request(scope)):
            await JSONResponse({"message": "not from here"}, 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def close(self) -> None:
        for queue in self.streams:
            queue.put_nowait(None)

    # the page

    async def index(self, request: Request) -> Response:
        return _file("index.html")

    async def page_file(self, request: Request) -> Response:
        return _file(request.path_params["file"])

    async def attachment(self, request: Request) -> Response:
        path = request.path_params
        kept = cdn.find(self.world, path["id"], path["filename"], request.query_params)
        if kept is None:
            return PlainTextResponse("This content is no longer available.", 404)
        # Somebody's HTML must not run as the page's own.
        safe = kept.upload.content_type in ("image/png", "image/jpeg", "image/gif", "image/webp")
        headers = {"Content-Disposition": "inline" if safe else "attachment", "X-Content-Type-Options": "nosniff"}
        return Response(kept.upload.content, media_type=cdn.content_type(kept.upload), headers=headers)

    # reading

    def _reader(self, request: Request) -> Person:
        """Whom the address names, else the first: a page may have outlived the simulator that it was opened on, or
        never have been told who it is. It learns that from the state."""
        people = self.discord.people
        if not people:
            raise Impossible("there are no people yet")
        return people.get(request.query_params.get("user", ""), next(iter(people.values())))

    async def state(self, request: Request) -> Response:
        world, person = self.world, self._reader(request)
        application = {"id": world.application.id, "name": world.application.name, "bot": render.user(world.bot)}
        return JSONResponse(
            {
                "me": render.user(person.user),
                "guild": {"id": world.guild, "name": world.guild_name},
                "people": [render.user(member.user) for member in world.members.values()],
                "roles": [render.role(role) for role in world.roles.values()],
                "channels": person.channels(),
                "commands": commands.visible(world),
                "application": application | {"file_bytes": world.rules.file_bytes},
                "notes": self.discord.notes,
            }
        )

    async def messages(self, request: Request) -> Response:
        query = request.query_params
        limit = min(max(int(query.get("limit", "100")), 1), 100)
        channel = request.path_params["channel"]
        return JSONResponse(self._reader(request).messages(channel, limit, query.get("before") or None))

    async def events(self, request: Request) -> Response:
        person = self._reader(request)
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.streams[queue] = person.id
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(self._stream(queue), media_type="text/event-stream", headers=headers)

    async def _stream(self, queue: asyncio.Queue[Event | None]) -> AsyncIterator[str]:
        try:
            yield ": hello\n\n"
            while event := await queue.get():
                yield f"data: {json.dumps({'t': event.name, 'd': event.body})}\n\n"
        finally:
            self.streams.pop(queue, None)

    def _tell(self, event: Event) -> None:
        for queue, user in self.streams.items():
            hidden = event.channel is not None and not self.world.sees(user, event.channel)
            if event.only in (None, user) and not hidden and event.name != "INTERACTION_CREATE":
                queue.put_nowait(event)

    # doing

    def _person(self, user: str) -> Person:
        if user not in self.discord.people:
            raise Impossible("no such person")
        return self.discord.people[user]

    async def write(self, request: Request) -> Response:
        given, files = read_body(request.headers.get("content-type", ""), await request.body())
        person = self._person(request.path_params["user"])
        reply_to = given.get("reply_to")
        content, ping = given.get("content") or "", bool(given.get("ping", True))
        return JSONResponse(await person.write(given["channel_id"], content, reply_to, files, ping=ping))

    async def edit(self, request: Request) -> Response:
        path, given = request.path_params, await _given(request)
        person = self._person(path["user"])
        return JSONResponse(await person.edit(path["channel"], path["message"], given["content"]))

    async def delete(self, request: Request) -> Response:
        path = request.path_params
        await self._person(path["user"]).delete(path["channel"], path["message"])
        return Response(status_code=204)

    async def change_thread(self, request: Request) -> Response:
        path, given = request.path_params, await _given(request)
        await self._person(path["user"]).change_thread(path["thread"], **given)
        return Response(status_code=204)

    async def delete_thread(self, request: Request) -> Response:
        await self._person(request.path_params["user"]).delete_thread(request.path_params["thread"])
        return Response(status_code=204)

    async def own(self, request: Request) -> Response:
        verb, owner = request.path_params["verb"], self.discord.owner
        if verb not in OWNED:
            raise Impossible("no such deed")
        getattr(owner, verb)()
        return Response(status_code=204)

    async def command(self, request: Request) -> Response:
        """Options that are files hold the file's number in the same request."""
        person = self._person(request.path_params["user"])
        given, files = read_body(request.headers.get("content-type", ""), await request.body())
        kind, target = given.get("type") or 1, given.get("target_id")
        options = payloads.with_files(given.get("options") or [], files)
        sent = await person.command(given["channel_id"], given["name"], options, type=kind, target=target)
        return JSONResponse({"interaction_id": sent.id}, 202)

    async def press(self, request: Request) -> Response:
        given, person = await _given(request), self._person(request.path_params["user"])
        message = {"id": given["message_id"], "channel_id": given["channel_id"]}
        sent = await person.press(message, given["custom_id"], given.get("values") or [])
        return JSONResponse({"interaction_id": sent.id}, 202)

    async def submit(self, request: Request) -> Response:
        given, person = await _given(request), self._person(request.path_params["user"])
        known = {interaction.id: interaction for interaction in self.world.interactions.values()}
        if given["interaction_id"] not in known:
            raise Impossible("no modal is open")
        sent = await person.submit(known[given["interaction_id"]], given["components"])
        return JSONResponse({"interaction_id": sent.id}, 202)

    async def autocomplete(self, request: Request) -> Response:
        """What the app offers; null where it did not answer, which the client shows beside the field."""
        given, person = await _given(request), self._person(request.path_params["user"])
        try:
            choices = await person.autocomplete(given["channel_id"], given["name"], given.get("options") or [])
        except InteractionFailed:
            return JSONResponse({"choices": None})
        return JSONResponse({"choices": choices})


def _foreign(request: Request) -> bool:
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    return urlsplit(f"//{host}").hostname not in LOCAL or origin not in (None, f"http://{host}")


def _guarded(endpoint: Endpoint) -> Endpoint:
    """What was refused becomes a 4xx with a message."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        except (Impossible, InteractionFailed) as error:
            return JSONResponse({"message": str(error)}, 400)
        except (KeyError, ValueError, AttributeError) as error:
            return JSONResponse({"message": f"malformed request: {error!r}"}, 400)

    return guarded


async def _given(request: Request) -> Json:
    given: Any = await request.json()
    if not isinstance(given, dict):
        raise ValueError("not an object")
    return given


def _file(name: str) -> Response:
    path = (PAGE / name).resolve()
    if not path.is_relative_to(PAGE.resolve()) or not path.is_file():
        return JSONResponse({"message": "no such file"}, 404)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "no-cache"})
