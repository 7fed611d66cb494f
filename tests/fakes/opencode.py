"""OpenCode's server as far as the app uses it, on a real socket, quick, and able to misbehave.

How it works on a turn is told in `opencode_turns`, how sessions move in `opencode_moving`. Sessions outlive a kill, as
they do on disk; what was going on does not. The knobs at the top of `FakeOpenCode` make it misbehave; `seen` remembers
every request. `OneMachine` is a provider whose only instance runs this server instead of the program that it is told to
launch; commands it runs for real, in a HOME of its own.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.opencode.config import VERSION
from app.sandboxes.provider import (
    Absent,
    Access,
    Completed,
    Condition,
    Endpoint,
    Instance,
    Link,
    Program,
    TooLarge,
    Unserved,
)
from app.turns import images
from app.turns.errors import Retriable
from scripts.playground.model import on_loopback
from tests.fakes.opencode_files import changes, restore, run, snapshot, uncommitted
from tests.fakes.opencode_moving import Moves
from tests.fakes.opencode_turns import Json, Session, now

__all__ = ["FakeOpenCode", "Json", "OneMachine", "Session", "run"]


class FakeOpenCode(Moves):
    def __init__(self, workspace: Path, password: str, config: Json) -> None:
        super().__init__(workspace, config)
        self.version = VERSION
        self.html = False  # answer everything with a web page
        self.silent = 0  # so many requests are taken and never answered
        self.lost_prompts = 0  # so many prompts are answered 204 and forgotten
        self.bad_config = False
        self.idle_at_once = False  # take a prompt, and never work on it
        self.asks_work = True  # the lists of what is asked
        self.mute = 0  # so many replies are taken, and not answered
        self.stubborn = 0  # so many aborts change nothing
        self.events_work = True

        self.password = password
        self.seen: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.prompts: list[Json] = []
        self.sent = 0  # messages, in pages
        self.port = 0
        self._serving: AsyncExitStack | None = None

    def require(self, rules: Json) -> None:
        """What people are asked for, by the configuration's `permission`."""
        self._config = {**self._config, "permission": rules}

    def models(self, provider: str) -> Json:
        """Those that it offers, as its configuration has them."""
        found: Json = self._config["provider"][provider]["models"]
        return found

    # --- life

    @property
    def running(self) -> bool:
        return self._serving is not None

    async def start(self) -> None:
        self._serving = AsyncExitStack()
        self.port = await self._serving.enter_async_context(on_loopback(self._guarded(self._app()), self.port))

    async def kill(self) -> None:
        """As by kill -9: nothing is finished, nothing is written down any more."""
        if self._serving is None:
            return
        work = list(self._work.values())
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        self._work.clear()
        self._status.clear()
        self.asked.clear()
        self._always.clear()
        serving, self._serving = self._serving, None
        await serving.aclose()

    def _app(self) -> Starlette:
        session = "/session/{session}"
        return Starlette(
            routes=[
                Route("/global/health", self._health),
                Route("/config/providers", self._providers),
                Route("/event", self._events),
                Route("/session", self._list),
                Route("/session", self._create, methods=["POST"]),
                Route("/session/status", self._statuses),
                Route(session, self._one),
                Route(f"{session}/diff", self._diff),
                Route(f"{session}/revert", self._revert, methods=["POST"]),
                Route(f"{session}/unrevert", self._unrevert, methods=["POST"]),
                Route(f"{session}/message", self._messages),
                Route(f"{session}/message/{{message}}", self._message),
                Route(f"{session}/message/{{message}}", self._remove, methods=["DELETE"]),
                Route(f"{session}/prompt_async", self._prompt, methods=["POST"]),
                Route("/agent", self._agents),
                Route("/command", self._commands),
                Route(f"{session}/command", self._command, methods=["POST"]),
                Route(f"{session}/abort", self._abort, methods=["POST"]),
                Route(f"{session}/children", self._children),
                Route(f"{session}/todo", self._todos),
                Route(f"{session}/summarize", self._summarize, methods=["POST"]),
                Route("/vcs/diff", self._uncommitted),
                Route("/permission", self._permissions),
                Route("/permission/{id}/reply", self._reply, methods=["POST"]),
                Route("/question", self._questions),
                Route("/question/{id}/reply", self._reply, methods=["POST"]),
                Route("/question/{id}/reject", self._reply, methods=["POST"]),
                *self.moving(),
                Route("/{anything:path}", lambda request: HTMLResponse("<html>OpenCode</html>")),
            ],
            exception_handlers={HTTPException: _envelope},
        )

    def _guarded(self, app: ASGIApp) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            self.seen.append((scope["method"], scope["path"]))
            self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
            await self._answer_for(scope, app)(scope, receive, send)

        return guarded

    def _answer_for(self, scope: Scope, app: ASGIApp) -> ASGIApp:
        if self.silent:
            self.silent -= 1
            return _never
        if dict(scope["headers"]).get(b"authorization") != _basic(self.password):
            return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="Secure Area"'})
        if self.html:
            return HTMLResponse("<html>OpenCode</html>")
        instance = not scope["path"].startswith("/global/")
        if self.bad_config and instance:
            return JSONResponse({"name": "ConfigInvalidError", "data": {"path": "/secret/place"}}, 400)
        return app

    # --- what is asked

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"healthy": True, "version": self.version})

    async def _providers(self, request: Request) -> Response:
        known = self._config.get("provider", {})
        providers = [{"id": name, "models": one.get("models", {})} for name, one in known.items()]
        return JSONResponse({"providers": providers, "default": {}})

    async def _list(self, request: Request) -> Response:
        roots = [session for session in self.sessions.values() if session.parent is None]
        return JSONResponse([session.shown() for session in reversed(roots)])

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        return JSONResponse(self._new_session(body.get("title", ""), body.get("metadata", {})).shown())

    async def _one(self, request: Request) -> Response:
        return JSONResponse(self._session(request).shown())

    async def _statuses(self, request: Request) -> Response:
        return JSONResponse(self._status)

    async def _messages(self, request: Request) -> Response:
        messages = self._session(request).messages
        end = int(request.query_params.get("before", len(messages)))
        begin = max(0, end - int(request.query_params.get("limit", len(messages))))
        self.sent += end - begin
        return JSONResponse(messages[begin:end], headers={"X-Next-Cursor": str(begin)} if begin else {})

    async def _message(self, request: Request) -> Response:
        return JSONResponse(self._found(request))

    def _found(self, request: Request) -> Json:
        found = self._session(request).message(request.path_params["message"])
        if found is None:
            raise HTTPException(404, "Message not found")
        return found

    async def _remove(self, request: Request) -> Response:
        session, found = self._session(request), self._found(request)
        if session.id in self._work:
            return JSONResponse({"_tag": "SessionBusyError", "sessionID": session.id}, 409)
        session.messages.remove(found)
        return JSONResponse(True)

    async def _prompt(self, request: Request) -> Response:
        session, body = self._session(request), await request.json()
        self.prompts.append(body)
        if self.lost_prompts:
            self.lost_prompts -= 1
            return Response(status_code=204)
        if not all(_is_readable(part) for part in body["parts"]):
            data = {"message": "ImageDecodeError: Image could not be decoded\n    at somewhere"}
            self._tell("session.error", session.id, error={"name": "UnknownError", "data": data})
            return Response(status_code=204)
        session.truncate()
        self._store(session, body)
        if body.get("noReply"):
            return Response(status_code=204)
        if session.id not in self._work and not _is_done(session, body["messageID"]) and not self.idle_at_once:
            self._status[session.id] = {"type": "busy"}
            self._work[session.id] = asyncio.create_task(self._run(session))
        return Response(status_code=204)

    async def _agents(self, request: Request) -> Response:
        return JSONResponse([{"name": name, "mode": "primary"} for name in ("build", "plan")])

    async def _commands(self, request: Request) -> Response:
        return JSONResponse([{"name": name, **one} for name, one in self._config.get("command", {}).items()])

    async def _command(self, request: Request) -> Response:
        """Answered when it is done."""
        session, body = self._session(request), await request.json()
        text = self._config["command"][body["command"]]["template"].replace("$ARGUMENTS", body["arguments"])
        provider, _, model = body["model"].partition("/")
        part = {"id": self._id("prt"), "type": "text", "text": text}
        session.truncate()
        self._store(session, {**body, "model": {"providerID": provider, "modelID": model}, "parts": [part]})
        self._status[session.id] = {"type": "busy"}
        work = self._work[session.id] = asyncio.create_task(self._run(session))
        await asyncio.wait([work])
        return JSONResponse({})

    def _store(self, session: Session, body: Json) -> None:
        known = session.message(body["messageID"])
        if known is None:
            info = {"id": body["messageID"], "role": "user", "time": {"created": now()}, "model": body["model"]}
            parts = [*(part for file in body["parts"] for part in _inlined(file)), *map(dict, body["parts"])]
            session.messages.append({"info": info, "parts": parts})
        else:
            ids = {part.get("id") for part in known["parts"]}
            known["parts"] += [part for part in body["parts"] if part.get("id") not in ids]

    async def _abort(self, request: Request) -> Response:
        if self.stubborn:
            self.stubborn -= 1
        else:
            await self._stop_work(request.path_params["session"])
        return JSONResponse(True)

    async def _permissions(self, request: Request) -> Response:
        return self._asks("per")

    async def _questions(self, request: Request) -> Response:
        return self._asks("que")

    def _asks(self, kind: str) -> Response:
        if not self.asks_work:
            return HTMLResponse("<html>OpenCode</html>")
        return JSONResponse([row for id, row in self.asked.items() if id.startswith(kind)])

    async def _reply(self, request: Request) -> Response:
        rejected = request.url.path.endswith("/reject")
        if not self._take_reply(id := request.path_params["id"], {} if rejected else await request.json()):
            kind = "Permission" if id.startswith("per") else "Question"
            return JSONResponse({"_tag": f"{kind}NotFoundError", "requestID": id}, 404)
        if self.mute:
            self.mute -= 1
            while (await request.receive())["type"] != "http.disconnect":
                pass
        return JSONResponse(True)

    async def _diff(self, request: Request) -> Response:
        session, prompt = self._session(request), request.query_params.get("messageID", "")
        if session.message(prompt) is None or prompt not in session.after:
            return JSONResponse([])
        return JSONResponse(changes(session.before[prompt], session.after[prompt]))

    async def _uncommitted(self, request: Request) -> Response:
        return JSONResponse(await uncommitted(self._workspace))

    async def _children(self, request: Request) -> Response:
        parent = self._session(request).id
        return JSONResponse([one.shown() for one in self.sessions.values() if one.parent == parent])

    async def _todos(self, request: Request) -> Response:
        return JSONResponse(self._session(request).todos)

    async def _summarize(self, request: Request) -> Response:
        session, body = self._session(request), await request.json()
        if session.id in self._work:
            return JSONResponse({"_tag": "SessionBusyError", "sessionID": session.id}, 409)
        session.truncate()
        self._status[session.id] = {"type": "busy"}
        work = self._work[session.id] = asyncio.create_task(self._sum_up(session, body))
        await asyncio.wait([work])
        return JSONResponse(True)

    async def _revert(self, request: Request) -> Response:
        session, message = self._session(request), (await request.json())["messageID"]
        if session.id in self._work:
            return JSONResponse({"_tag": "SessionBusyError", "sessionID": session.id}, 409)
        if message in session.before:
            session.kept = session.kept or snapshot(self._workspace)
            session.revert = message
            restore(self._workspace, session.before[message])
        return JSONResponse(session.shown())

    async def _unrevert(self, request: Request) -> Response:
        session = self._session(request)
        if session.id in self._work:
            return JSONResponse({"_tag": "SessionBusyError", "sessionID": session.id}, 409)
        if session.kept is not None:
            restore(self._workspace, session.kept)
        session.revert = session.kept = None
        return JSONResponse(session.shown())

    async def _events(self, request: Request) -> Response:
        if not self.events_work:
            raise HTTPException(500, "no events today")
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._listeners.add(queue)
        queue.put_nowait({"type": "server.connected", "properties": {}})

        async def lines() -> AsyncIterator[str]:
            try:
                while True:
                    yield f"data: {json.dumps(await queue.get())}\n\n"
            finally:
                self._listeners.discard(queue)

        return StreamingResponse(lines(), media_type="text/event-stream")

    def _session(self, request: Request) -> Session:
        try:
            return self.sessions[request.path_params["session"]]
        except KeyError:
            raise HTTPException(404, "Session not found") from None


def _is_readable(part: Json) -> bool:
    if not str(part.get("mime", "")).startswith("image/"):
        return True
    return images.mime(base64.b64decode(part["url"].partition(",")[2])) is not None


def _inlined(part: Json) -> list[Json]:
    """What OpenCode puts in front of a prompt for a text file that comes with it."""
    if part.get("mime") != "text/plain":
        return []
    read = "Called the Read tool with the following input: " + json.dumps({"filePath": part["filename"]})
    content = base64.b64decode(part["url"].partition(",")[2]).decode()
    return [{"type": "text", "text": text, "synthetic": True} for text in (read, content)]


def _is_done(session: Session, message_id: str) -> bool:
    answers = [one["info"] for one in session.messages if one["info"].get("parentID") == message_id]
    return bool(answers) and answers[-1].get("finish") == "stop"


async def _never(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _envelope(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    name = "NotFoundError" if error.status_code == 404 else "UnknownError"
    return JSONResponse({"name": name, "data": {"message": error.detail}}, error.status_code)


def _basic(password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"opencode:{password}".encode())


class OneMachine:
    """`path` is where its commands are looked for. What was launched is in `programs`, the server in `server`."""

    name = "one machine"

    def __init__(self, home: Path, path: str) -> None:
        self.home = home
        self.path = path
        self.programs: list[Program] = []
        self.commands: list[str] = []
        self.server: FakeOpenCode | None = None
        self.dies_at_once = False
        self.faults: dict[str, Any] = {}  # knobs of the server, set before it starts
        self.instance = Instance("one", "one", Condition.RUNNING)

    async def warm(self) -> None:
        return

    async def create(self, name: str, labels: Mapping[str, str], *, within: float) -> Instance:
        return self.instance

    async def find(self, name: str) -> Instance | None:
        return self.instance

    async def start(self, ref: str, *, within: float) -> None:
        pass

    async def stop(self, ref: str) -> None:
        await self.close()

    async def delete(self, ref: str) -> None:
        await self.close()

    async def list(self) -> Sequence[Instance]:
        return [self.instance]

    async def exec(self, ref: str, command: str, *, env: Mapping[str, str] | None = None, within: float) -> Completed:
        self.commands.append(command)
        try:
            async with asyncio.timeout(within):
                return await run(command, self.home, {**(env or {}), "HOME": str(self.home), "PATH": self.path})
        except TimeoutError as error:
            raise Retriable("too slow") from error

    async def upload(self, ref: str, path: str, content: bytes) -> None:
        (self.home / path).parent.mkdir(parents=True, exist_ok=True)
        (self.home / path).write_bytes(content)

    async def download(self, ref: str, path: str, most: int) -> bytes:
        if not (self.home / path).is_file():
            raise Absent(path)
        content = (self.home / path).read_bytes()
        if len(content) > most:
            raise TooLarge(path, most)
        return content

    async def launch(self, ref: str, program: Program) -> None:
        self.programs.append(program)
        sessions = self.server.sessions if self.server else {}
        await self.close()
        password = program.env["OPENCODE_SERVER_PASSWORD"]
        config = json.loads(program.env["OPENCODE_CONFIG_CONTENT"])
        self.server = FakeOpenCode(self.home / "workspace", password, config)
        self.server.sessions = sessions
        for name, value in self.faults.items():
            setattr(self.server, name, value)
        if not self.dies_at_once:
            await self.server.start()

    async def endpoint(self, ref: str, port: int) -> Endpoint:
        if self.server is None or not self.server.running:
            raise Retriable("nothing runs there")
        return Endpoint(f"http://127.0.0.1:{self.server.port}")

    async def preview(self, ref: str, port: int, seconds: int) -> Link:
        raise Unserved(port)

    async def ssh(self, ref: str, minutes: int) -> Access:
        raise Retriable("there is nobody to let in")

    async def touch(self, ref: str) -> None:
        return

    async def close(self) -> None:
        if self.server is not None:
            await self.server.kill()
