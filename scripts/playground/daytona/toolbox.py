"""The toolbox: commands, sessions and files of one sandbox, over the daemon's routes.

Paths are the machine's own, relative ones start at HOME, and those outside the sandbox are refused.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from scripts.playground.daytona import inside
from scripts.playground.daytona.cloud import Cloud
from scripts.playground.daytona.errors import DAEMON, PROXY, Refusal
from scripts.playground.daytona.files import Files, within
from scripts.playground.daytona.records import Json, Sandbox
from scripts.playground.daytona.routes import app_of, body_of
from scripts.playground.daytona.sessions import Command, Session
from scripts.playground.daytona.traffic import need_address, under_way

SESSION_GRACE = 5.0  # seconds between asking a session's processes to end and killing them
VERSION = "0.190.0"


class Toolbox:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        session = "/process/session/{session}"
        command = session + "/command/{command}"
        self.app = app_of(
            [
                self._route("/process/execute", self.execute, "POST"),
                self._route("/process/session", self.create_session, "POST"),
                self._route("/process/session", self.list_sessions, "GET"),
                self._route(session, self.get_session, "GET"),
                self._route(session, self.delete_session, "DELETE"),
                self._route(session + "/exec", self.execute_in_session, "POST"),
                self._route(command, self.get_command, "GET"),
                self._route(command + "/logs", self.logs, "GET"),
                self._route(command + "/input", self.input, "POST"),
                self._route("/user-home-dir", self.home, "GET"),
                self._route("/work-dir", self.home, "GET"),
                self._route("/version", self.version, "GET"),
                *(self._route(path, act, method) for method, path, act in Files().table()),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def _route(self, path: str, act: Callable[[Request, Sandbox], Awaitable[Response]], method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            sandbox = self.cloud.records.get(request.scope["sandbox"])
            if sandbox is None:
                raise Refusal(404, f"Sandbox with ID {request.scope['sandbox']} not found", source=PROXY)
            need_address(sandbox, PROXY)
            with under_way(sandbox):
                return await act(request, sandbox)
            return Response(status_code=502)  # it was stopped meanwhile

        return Route(path, endpoint, methods=[method])

    async def execute(self, request: Request, sandbox: Sandbox) -> Response:
        body = await body_of(request)
        cwd = within(sandbox, body.get("cwd") or "")
        if not cwd.is_dir():
            raise Refusal(400, f"chdir {cwd}: no such file or directory", source=DAEMON)
        try:
            code, output = await inside.run(
                sandbox,
                self.cloud.path,
                _command_line(body),
                cwd=cwd,
                env=body.get("envs") or {},
                timeout=body.get("timeout") or None,
            )
        except TimeoutError as error:
            raise Refusal(408, "command execution timeout", "PROCESS_EXECUTION_TIMEOUT", DAEMON) from error
        return JSONResponse({"exitCode": code, "result": output})

    # Sessions

    async def create_session(self, request: Request, sandbox: Sandbox) -> Response:
        id = (await body_of(request)).get("sessionId")
        if not id:
            raise Refusal(400, "sessionId is required", source=DAEMON)
        if id in sandbox.sessions:
            raise Refusal(409, "session already exists", source=DAEMON)
        process = await inside.start(sandbox, self.cloud.path, cwd=sandbox.home, env={}, quiet=True)
        folder, launch = sandbox.home / ".daytona" / "sessions" / id, inside.launch_of(process.pid)
        sandbox.launches.append(launch)
        sandbox.sessions[id] = Session(id, folder, process, launch)
        return Response(status_code=201)

    async def list_sessions(self, request: Request, sandbox: Sandbox) -> Response:
        return JSONResponse([_session(each) for each in sandbox.sessions.values()])

    async def get_session(self, request: Request, sandbox: Sandbox) -> Response:
        return JSONResponse(_session(_asked(request, sandbox)))

    async def delete_session(self, request: Request, sandbox: Sandbox) -> Response:
        session = _asked(request, sandbox)
        del sandbox.sessions[session.id]
        await asyncio.to_thread(inside.end_session, session.launch, SESSION_GRACE)
        await asyncio.to_thread(inside.remove, session.folder)
        inside.forget(sandbox, session.launch)
        return Response(status_code=204)

    async def execute_in_session(self, request: Request, sandbox: Sandbox) -> Response:
        session, body = _asked(request, sandbox), await body_of(request)
        if session.ended:
            raise Refusal(410, "session has ended", "SESSION_ENDED", DAEMON)
        command = session.begin(_command_line(body))
        if body.get("runAsync") or body.get("async"):
            return JSONResponse({"cmdId": command.id}, 202)
        code = await session.finished(command)
        return JSONResponse({"cmdId": command.id, "exitCode": code, **_said(command)})

    async def get_command(self, request: Request, sandbox: Sandbox) -> Response:
        session, command = _command(request, sandbox)
        return JSONResponse(_shown(session, command))

    async def logs(self, request: Request, sandbox: Sandbox) -> Response:
        _, command = _command(request, sandbox)
        return JSONResponse(_said(command))

    async def input(self, request: Request, sandbox: Sandbox) -> Response:
        session, command = _command(request, sandbox)
        if session.exit_code(command) is not None:
            raise Refusal(410, "command has already completed", "COMMAND_ALREADY_COMPLETED", DAEMON)
        command.feed((await body_of(request)).get("data") or "")
        return Response(status_code=204)

    # The rest

    async def home(self, request: Request, sandbox: Sandbox) -> Response:
        return JSONResponse({"dir": str(sandbox.home)})

    async def version(self, request: Request, sandbox: Sandbox) -> Response:
        return JSONResponse({"version": VERSION})


def _command_line(body: Json) -> str:
    """Raises Refusal (400)."""
    command = body.get("command")
    if not command or not isinstance(command, str):
        raise Refusal(400, "command is required", source=DAEMON)
    return command


def _asked(request: Request, sandbox: Sandbox) -> Session:
    """Raises Refusal (404)."""
    session = sandbox.sessions.get(request.path_params["session"])
    if session is None:
        raise Refusal(404, "session not found", source=DAEMON)
    return session


def _command(request: Request, sandbox: Sandbox) -> tuple[Session, Command]:
    """Raises Refusal (404)."""
    session = _asked(request, sandbox)
    command = session.commands.get(request.path_params["command"])
    if command is None:
        raise Refusal(404, "command not found", source=DAEMON)
    return session, command


def _session(session: Session) -> Json:
    return {"sessionId": session.id, "commands": [_shown(session, each) for each in session.commands.values()]}


def _shown(session: Session, command: Command) -> Json:
    code = session.exit_code(command)
    return {"id": command.id, "command": command.text} | ({} if code is None else {"exitCode": code})


def _said(command: Command) -> Json:
    return {
        "output": command.output.decode(errors="replace"),
        "stdout": command.stdout.decode(errors="replace"),
        "stderr": command.stderr.decode(errors="replace"),
    }
