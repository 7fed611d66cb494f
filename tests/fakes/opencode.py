"""OpenCode's server as far as the app uses it, on a real socket, quick, and able to misbehave.

It asks a real (scripted) model and runs the tools `bash` and `write` for real. Sessions outlive a kill, as they do on
disk; what was going on does not. The knobs at the top of `FakeOpenCode` make it misbehave; `seen` remembers every
request. `OneMachine` is a provider whose only instance runs this server instead of the program that it is told to
launch; commands it runs for real, in a HOME of its own.
"""

import asyncio
import base64
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.opencode.config import VERSION
from app.sandboxes.ports import Completed, Condition, Endpoint, Instance, Program
from app.turns.errors import Retriable
from scripts.playground.model import on_loopback

Json = dict[str, Any]


@dataclass(slots=True)
class Session:
    id: str
    title: str
    metadata: Json
    messages: list[Json] = field(default_factory=list)

    def shown(self) -> Json:
        return {"id": self.id, "title": self.title, "metadata": self.metadata, "version": VERSION}

    def message(self, message_id: str) -> Json | None:
        return next((one for one in self.messages if one["info"]["id"] == message_id), None)


class FakeOpenCode:
    def __init__(self, workspace: Path, password: str, config: Json) -> None:
        self.version = VERSION
        self.html = False  # answer everything with a web page
        self.silent = 0  # so many requests are taken and never answered
        self.lost_prompts = 0  # so many prompts are answered 204 and forgotten
        self.bad_config = False
        self.endless = False  # begin every turn, and never go on
        self.idle_at_once = False  # take a prompt, and never work on it
        self.retry_seconds = 0.05  # before the model is asked again, unless it says when
        self.most_retries = 5
        self.events_work = True

        self.password = password
        self.seen: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.prompts: list[Json] = []
        self.sessions: dict[str, Session] = {}
        self.port = 0
        self._workspace = workspace
        self._config = config
        self._status: dict[str, Json] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        self._listeners: set[asyncio.Queue[Json]] = set()
        self._serving: AsyncExitStack | None = None

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
        serving, self._serving = self._serving, None
        await serving.aclose()

    def _app(self) -> Starlette:
        session = "/session/{session}"
        return Starlette(
            routes=[
                Route("/global/health", self._health),
                Route("/global/dispose", self._dispose, methods=["POST"]),
                Route("/config/providers", self._providers),
                Route("/event", self._events),
                Route("/session", self._list),
                Route("/session", self._create, methods=["POST"]),
                Route("/session/status", self._statuses),
                Route(session, self._one),
                Route(f"{session}/message", self._messages),
                Route(f"{session}/message/{{message}}", self._message),
                Route(f"{session}/prompt_async", self._prompt, methods=["POST"]),
                Route(f"{session}/abort", self._abort, methods=["POST"]),
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

    async def _dispose(self, request: Request) -> Response:
        for session in list(self._work):
            await self._stop_work(session)
        return JSONResponse(True)

    async def _providers(self, request: Request) -> Response:
        known = self._config.get("provider", {})
        providers = [{"id": name, "models": one.get("models", {})} for name, one in known.items()]
        return JSONResponse({"providers": providers, "default": {}})

    async def _list(self, request: Request) -> Response:
        return JSONResponse([session.shown() for session in reversed(self.sessions.values())])

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        session = Session(f"ses_{len(self.sessions) + 1:04}", body.get("title", ""), body.get("metadata", {}))
        self.sessions[session.id] = session
        return JSONResponse(session.shown())

    async def _one(self, request: Request) -> Response:
        return JSONResponse(self._session(request).shown())

    async def _statuses(self, request: Request) -> Response:
        return JSONResponse(self._status)

    async def _messages(self, request: Request) -> Response:
        messages = self._session(request).messages
        end = int(request.query_params.get("before", len(messages)))
        begin = max(0, end - int(request.query_params.get("limit", len(messages))))
        return JSONResponse(messages[begin:end], headers={"X-Next-Cursor": str(begin)} if begin else {})

    async def _message(self, request: Request) -> Response:
        found = self._session(request).message(request.path_params["message"])
        if found is None:
            raise HTTPException(404, "Message not found")
        return JSONResponse(found)

    async def _prompt(self, request: Request) -> Response:
        session, body = self._session(request), await request.json()
        self.prompts.append(body)
        if self.lost_prompts:
            self.lost_prompts -= 1
            return Response(status_code=204)
        known = session.message(body["messageID"])
        if known is None:
            info = {"id": body["messageID"], "role": "user", "time": {"created": _now()}, "model": body["model"]}
            session.messages.append({"info": info, "parts": [{**part} for part in body["parts"]]})
        else:
            ids = {part["id"] for part in known["parts"]}
            known["parts"] += [part for part in body["parts"] if part.get("id") not in ids]
        if session.id not in self._work and not _is_done(session, body["messageID"]) and not self.idle_at_once:
            self._status[session.id] = {"type": "busy"}
            self._work[session.id] = asyncio.create_task(self._run(session))
        return Response(status_code=204)

    async def _abort(self, request: Request) -> Response:
        await self._stop_work(request.path_params["session"])
        return JSONResponse(True)

    async def _stop_work(self, session_id: str) -> None:
        task = self._work.pop(session_id, None)
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        error = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}
        last = self.sessions[session_id].messages[-1]
        if last["info"]["role"] == "assistant" and "completed" not in last["info"]["time"]:
            last["info"].update(error=error)
            last["info"]["time"]["completed"] = _now()
        self._tell("session.error", session_id, error=error)
        self._rest(session_id)

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

    # --- what is done

    async def _run(self, session: Session) -> None:
        self._tell("session.status", session.id, status={"type": "busy"})
        while True:
            prompt = next(one["info"] for one in reversed(session.messages) if one["info"]["role"] == "user")
            info: Json = {
                "id": f"msg_{len(session.messages):06}",
                "role": "assistant",
                "parentID": prompt["id"],
                "time": {"created": _now()},
            }
            answer: Json = {"info": info, "parts": []}
            session.messages.append(answer)
            if self.endless:
                await asyncio.Event().wait()
            go_on = await self._step(session, answer, prompt["model"])
            info["time"]["completed"] = _now()
            self._tell("message.updated", session.id, info=info)
            newer = any(one["info"]["role"] == "user" for one in session.messages[session.messages.index(answer) :])
            if not go_on and not newer:
                break
        self._work.pop(session.id, None)
        self._rest(session.id)

    async def _step(self, session: Session, answer: Json, model: Json) -> bool:
        """Whether the model is asked once more."""
        response = await self._asked(session, model)
        if response.status_code != 200:
            details = {"message": response.json()["error"]["message"], "statusCode": response.status_code}
            error = {"name": "APIError", "data": {**details, "responseBody": "a secret", "metadata": {"url": "secret"}}}
            answer["info"]["error"] = error
            self._tell("session.error", session.id, error=error)
            return False
        choice = response.json()["choices"][0]
        if text := choice["message"]["content"]:
            answer["parts"].append({"type": "text", "text": text})
        for call in choice["message"].get("tool_calls", []):
            await self._use(answer, call)
        answer["info"]["finish"] = {"tool_calls": "tool-calls"}.get(choice["finish_reason"], "stop")
        return bool(choice["finish_reason"] == "tool_calls")

    async def _asked(self, session: Session, model: Json) -> httpx.Response:
        provider = self._config["provider"][model["providerID"]]
        url = f"{provider['options']['baseURL']}/chat/completions"
        body = {"model": model["modelID"], "messages": self._conversation(session)}
        async with httpx.AsyncClient(timeout=None) as http:
            for attempt in range(1, self.most_retries + 2):
                response = await http.post(url, json=body)
                if response.status_code < 429 or attempt > self.most_retries:
                    break
                pause = float(response.headers.get("retry-after", self.retry_seconds))
                upcoming = (time.time() + pause) * 1000
                self._status[session.id] = {"type": "retry", "attempt": attempt, "message": "?", "next": upcoming}
                self._tell("session.status", session.id, status=self._status[session.id])
                await asyncio.sleep(pause)
                self._status[session.id] = {"type": "busy"}
        return response

    def _conversation(self, session: Session) -> list[Json]:
        system = f"Working directory: {self._workspace}\n"
        messages: list[Json] = [{"role": "system", "content": system}]
        for message in session.messages[:-1]:
            text = "\n".join(part["text"] for part in message["parts"] if part["type"] == "text")
            if message["info"]["role"] == "user":
                messages.append({"role": "user", "content": text})
            elif "error" not in message["info"]:
                messages += _shown_to_model(message, text)
        return messages

    async def _use(self, answer: Json, call: Json) -> None:
        arguments = json.loads(call["function"]["arguments"])
        name = call["function"]["name"]
        state: Json = {"status": "running", "input": arguments}
        answer["parts"].append({"type": "tool", "tool": name, "callID": call["id"], "call": call, "state": state})
        if name == "bash":
            state["output"] = (await run(arguments["command"], self._workspace, {})).output
        elif name == "write":
            write = Path(self._workspace, arguments["filePath"]).write_text
            await asyncio.to_thread(write, arguments["content"])
            state["output"] = "Wrote file successfully."
        state["status"] = "completed"

    def _tell(self, kind: str, session: str, **properties: Any) -> None:
        for queue in self._listeners:
            queue.put_nowait({"type": kind, "properties": {"sessionID": session, **properties}})

    def _rest(self, session: str) -> None:
        self._status.pop(session, None)
        self._tell("session.status", session, status={"type": "idle"})
        self._tell("session.idle", session)


def _shown_to_model(message: Json, text: str) -> list[Json]:
    tools = [part for part in message["parts"] if part["type"] == "tool"]
    if not tools:
        return [{"role": "assistant", "content": text}] if text else []
    cut = "[Tool execution was interrupted]"
    results = [
        {"role": "tool", "tool_call_id": part["callID"], "content": part["state"].get("output", cut)} for part in tools
    ]
    return [{"role": "assistant", "content": text, "tool_calls": [part["call"] for part in tools]}, *results]


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


def _now() -> int:
    return int(time.time() * 1000)


async def run(command: str, folder: Path, env: Mapping[str, str]) -> Completed:
    """By `sh`; nothing of it survives a cancellation."""
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        command,
        cwd=folder,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return Completed(process.returncode or 0, output.decode())


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

    async def touch(self, ref: str) -> None:
        return

    async def close(self) -> None:
        if self.server is not None:
            await self.server.kill()
