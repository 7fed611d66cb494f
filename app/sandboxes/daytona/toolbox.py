"""Running things in a sandbox of Daytona's: commands to their end, and programs that go on.

A command is started in the background, once, under an id of ours, by a request that waits for its end for a while; if
that takes longer, the same request is sent again, and finds it. So it costs one round trip mostly, it may take as long
as it likes though proxies cut a silent request after a minute, and a lost answer does no harm.

A program runs in a session of its own, whose name tells what it is: any process of ours can read there what was
launched, and whether it has ended.

https://www.daytona.io/docs/en/process-code-execution
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, TypeVar

import anyio

from app.sandboxes.daytona import shell
from app.sandboxes.daytona.calls import Pace, every, once
from app.sandboxes.daytona.errors import Failed
from app.sandboxes.daytona.life import STARTED, look, state_of
from app.sandboxes.provider import Completed, Overdue, Program
from app.turns.errors import Refused, Retriable
from app.words.machine import DAYTONA_UNREACHABLE

if TYPE_CHECKING:
    from daytona import AsyncSandbox

T = TypeVar("T")

HOLD = 40.0  # seconds that one request waits for the end of a command
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SESSION = re.compile(r"opencord-(?P<name>.+)-(?P<port>\d+)-[0-9a-f]{8}")


async def run(sandbox: "AsyncSandbox", command: str, env: Mapping[str, str], within: float, pace: Pace) -> Completed:
    """Past its time, and when nobody waits for it any more, it is ended with all that it started."""
    id = secrets.token_hex(8)
    whole = {**env, shell.COMMAND: command, shell.RUN: id}
    finished = False
    try:
        async with asyncio.timeout(within):
            completed = await _completed(sandbox, id, whole, within, pace)
        finished = True
        return completed
    except TimeoutError as error:
        raise Overdue(within) from error
    finally:
        if not finished:
            await _end_run(sandbox, id, pace)


async def _completed(sandbox: "AsyncSandbox", id: str, env: Mapping[str, str], within: float, pace: Pace) -> Completed:
    ends = asyncio.get_running_loop().time() + within
    while True:
        hold = min(HOLD, max(0.1, ends - asyncio.get_running_loop().time()))
        output = await _shell(sandbox, shell.run(id, hold), env, hold, "run a command", pace)
        head, _, rest = output.partition("\n")
        if ended := re.fullmatch(r"ended (\d{1,3})", head):
            return Completed(int(ended[1]), rest)
        if head != "running":
            raise Retriable("a sandbox has no shell, no HOME or no space left")


async def _end_run(sandbox: "AsyncSandbox", id: str, pace: Pace) -> None:
    """Best effort: whatever it was that kept the command from its end may also keep it from being ended."""
    with anyio.move_on_after(pace.call, shield=True):
        try:
            await once(partial(_execute, sandbox, shell.end_run(id), {}, pace.call), "end a command", pace.call)
        except (Retriable, Refused):
            return


async def launch(
    sandbox: "AsyncSandbox", program: Program, pace: Pace, alongside: Callable[[], Awaitable[None]]
) -> None:
    """Two round trips, one after the other; `alongside` is done during the first.

    The environment file is written by a command that finds its content in its environment, and not by Daytona's
    upload: which makes a file that others may read until its mode is changed, at a path that would have to be asked
    for. Commands of sessions are kept in clear, and hold no secret.
    """
    from daytona import SessionExecuteRequest

    if not _NAME.fullmatch(program.name):
        raise ValueError("a program's name is letters, digits, dots, dashes and underscores")
    session = f"opencord-{program.name}-{program.port}-{secrets.token_hex(4)}"
    env = {shell.FILE: shell.environment_file(program.env)}
    create = partial(sandbox.process.create_session, session)
    await every(
        _shell(sandbox, shell.put_environment(sandbox.id, program.name), env, pace.call, "launch a program", pace),
        inside(sandbox, create, "make a session", pace, done=409),
        _end_sessions(sandbox, program.name, session, pace),
        alongside(),
    )
    command = shell.start(sandbox.id, program.name, program.command, program.port)
    request = SessionExecuteRequest(command=command, run_async=True)
    execute = partial(sandbox.process.execute_session_command, session, request)
    await once(execute, "launch a program", pace.call)  # once, for it may be running already


async def serves(sandbox: "AsyncSandbox", port: int, pace: Pace) -> bool:
    """Whether something that was launched on `port`, by whichever process, has not ended."""
    sessions = await inside(sandbox, sandbox.process.list_sessions, "list sessions", pace)
    return any(
        any(command.exit_code is None for command in session.commands)
        for session in sessions or ()
        if (found := _SESSION.fullmatch(session.session_id)) and int(found["port"]) == port
    )


async def listens(sandbox: "AsyncSandbox", port: int, pace: Pace) -> bool:
    """Whether anything does on `port`, whoever started it."""
    return (await run(sandbox, shell.listens(port), {}, pace.call, pace)).exit_code == 0


async def _end_sessions(sandbox: "AsyncSandbox", name: str, but: str, pace: Pace) -> None:
    sessions = await inside(sandbox, sandbox.process.list_sessions, "list sessions", pace) or ()
    for session in sessions:
        found = _SESSION.fullmatch(session.session_id)
        if found and found["name"] == name and session.session_id != but:
            delete = partial(sandbox.process.delete_session, session.session_id)
            await inside(sandbox, delete, "end a session", pace, done=404)


async def _shell(
    sandbox: "AsyncSandbox", command: str, env: Mapping[str, str], within: float, what: str, pace: Pace
) -> str:
    """The output. Only for commands that may be sent twice. Raises Retriable when one says that it did not work."""
    code, output = await inside(
        sandbox, partial(_execute, sandbox, command, env, within + pace.call), what, pace, within=within + pace.call
    ) or (1, "")
    if code != 0:
        raise Retriable(f"the shell of a sandbox could not {what}: exit code {code}")
    return output


async def _execute(sandbox: "AsyncSandbox", command: str, env: Mapping[str, str], within: float) -> tuple[int, str]:
    done = await sandbox.process.exec(command, env=dict(env), timeout=ceil(within))
    return 1 if done.exit_code is None else int(done.exit_code), done.result or ""


async def inside(
    sandbox: "AsyncSandbox",
    work: Callable[[], Awaitable[T]],
    what: str,
    pace: Pace,
    *,
    done: int | None = None,
    within: float | None = None,
) -> T | None:
    """For what may be done twice. A status of `done` says that it was done before.

    The proxy in front of the sandboxes says 400 and 404 both of one that is stopped and of one that it has not found
    again yet after a move: so the sandbox's state decides whether to try again.
    """
    for pause in (*pace.pauses, None):
        try:
            return await once(work, what, within or pace.call)
        except Failed as failure:
            if failure.status is not None and failure.status == done:
                return None
            wait = pause if failure.status in (400, 404) else failure.wait(pause or 0)
            if wait is None or pause is None:
                raise
            await look(sandbox, pace)
            if state_of(sandbox) != STARTED:
                raise Retriable(
                    f"Daytona could not {what}: the sandbox is not running", tell=DAYTONA_UNREACHABLE
                ) from failure
        await asyncio.sleep(wait)
    raise AssertionError
