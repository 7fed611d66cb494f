"""A thread's machine by hand: what people do in it themselves, beside the agent.

All paths are from the workspace, as people see them named. Nothing is woken here: the machine is awake, or it is
Retriable. What people write reaches the shell through its environment and never becomes part of a command; links are
followed nowhere, for they may lead out of the workspace.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.ids import ThreadId
from app.sandboxes.files import WORKSPACE, is_inside
from app.sandboxes.machine import State
from app.sandboxes.ports import Shelf
from app.sandboxes.provider import Absent, Access, Completed, Link, Provider
from app.turns.errors import Refused, Retriable
from app.words.workspace import A_FILE, A_FOLDER

MOST_OUTPUT = 4 * 2**20  # bytes of a command's output that are kept
MOST_LISTED = 1_000
WITHIN = 30.0  # seconds for one look
_NOWHERE, _FOLDER, _FILE = 44, 45, 46

# Background processes may go on writing after the command has ended, so its output is a file, and not a pipe; without a
# name, so that nothing is left of it whenever all of them have ended; and cut down again and again while the command
# runs, since a flood of a minute could fill the disk. What is told begins with how many bytes there are.
_RUN = f"""
cd {WORKSPACE} || exit 1
line=$LINE; unset LINE
output=$(mktemp) || exit 1
exec 3>>"$output" 4<"$output" 5<"$output"
rm -f "$output"
while sleep 0.2; do truncate -s '<{MOST_OUTPUT + 1}' /dev/fd/3; done >/dev/null 2>&1 </dev/null &
sh -c -- "$line" >&3 2>&1 </dev/null 3>&- 4<&- 5<&-
code=$?
kill $!
wc -c <&4
head -c {MOST_OUTPUT} <&5
exit $code
"""

# The newest of them: each start of the server begins another.
_LOG = """
export LC_ALL=C
cd "$LOGS" 2>/dev/null || exit 0
newest=$(ls -t | head -n 1)
[ -f "./$newest" ] && tail -n "$LINES_WANTED" "./$newest"
"""

# A kind, a size, a name and NUL for each, in hexadecimal since a name may hold anything; the number of all at the end.
_LIST = f"""
exec 2>/dev/null
export LC_ALL=C
cd {WORKSPACE} || exit {_NOWHERE}
here=$(pwd -P)
[ -f "./$ASKED" ] && exit {_FILE}
cd -P -- "./$ASKED" || exit {_NOWHERE}
case "$(pwd -P)/" in "$here"/*) ;; *) exit {_NOWHERE} ;; esac
number=0
{{
    for name in * .[!.]* ..?*; do
        [ -e "$name" ] || [ -L "$name" ] || continue
        number=$((number+1))
        [ $number -le {MOST_LISTED} ] || continue
        kind=o size=0
        if [ -L "$name" ]; then kind=l
        elif [ -d "$name" ]; then kind=d
        elif [ -f "$name" ]; then kind=f size=$(wc -c <"./$name")
        fi
        printf '%s %s %s\\000' $kind "$((${{size:-0}}))" "$name"
    done
    printf '%s' $number
}} | od -An -v -tx1 | tr -d ' \\n'
"""

_CHECK = f"""
exec 2>/dev/null
cd {WORKSPACE} || exit {_NOWHERE}
here=$(pwd -P)
file=./$ASKED
[ -d "$file" ] && exit {_FOLDER}
[ -f "$file" ] && [ ! -L "$file" ] || exit {_NOWHERE}
case "$(cd -P -- "$(dirname -- "$file")" && pwd -P)/" in "$here"/*) ;; *) exit {_NOWHERE} ;; esac
"""


class Elsewhere(Refused):
    """The path leads to a folder instead of a file, or to a file instead of a folder."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said, standard output and standard error as they came; the first four megabytes where it
    `is_cut`."""

    exit_code: int
    output: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """Of a folder. `size` is in bytes, and None for whatever is no regular file; a folder's name ends with a slash."""

    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The first thousand, those that are hidden last, and how many there are."""

    entries: Sequence[Entry]
    total: int


class Console:
    def __init__(self, provider: Provider, shelf: Shelf, logs: str) -> None:
        """`logs` is the folder of the server's own log files, from HOME."""
        self._provider = provider
        self._shelf = shelf
        self._logs = logs

    async def run(self, thread: ThreadId, line: str, within: float) -> Ran:
        """A line of `sh` in the workspace, without anything to read. Raises Overdue, and then nothing of it goes on
        running; Retriable."""
        return _ran(await self._exec(thread, _RUN, {"LINE": line}, within))

    async def log(self, thread: ThreadId, lines: int) -> str:
        """The last lines of the server's log; empty where it has none. Raises Retriable."""
        env = {"LOGS": self._logs, "LINES_WANTED": str(lines)}
        return (await self._exec(thread, _LOG, env, WITHIN)).output

    async def list(self, thread: ThreadId, path: str) -> Listing:
        """What is in the folder; that of an empty path is the workspace. Raises Absent, Elsewhere, Retriable."""
        if path and not is_inside(path):
            raise Absent(path)
        done = await self._exec(thread, _LIST, {"ASKED": path}, WITHIN)
        if done.exit_code == _FILE:
            raise Elsewhere(A_FILE)
        if done.exit_code == _NOWHERE:
            raise Absent(path)
        return _listing(done)

    async def get(self, thread: ThreadId, path: str, most: int) -> bytes:
        """What is in a regular file of the workspace. Raises Absent, Elsewhere, TooLarge, Retriable."""
        if not is_inside(path):
            raise Absent(path)
        done = await self._exec(thread, _CHECK, {"ASKED": path}, WITHIN)
        if done.exit_code == _FOLDER:
            raise Elsewhere(A_FOLDER)
        if done.exit_code:
            raise Absent(path)
        return await self._provider.download(await self._ref(thread), f"{WORKSPACE}/{path}", most)

    async def preview(self, thread: ThreadId, port: int, seconds: int) -> Link:
        """Raises Unserved, Reserved, Retriable."""
        return await self._provider.preview(await self._ref(thread), port, seconds)

    async def ssh(self, thread: ThreadId, minutes: int) -> Access:
        """Raises Refused where there is no such thing, Retriable."""
        return await self._provider.ssh(await self._ref(thread), minutes)

    async def _exec(self, thread: ThreadId, script: str, env: Mapping[str, str], within: float) -> Completed:
        return await self._provider.exec(await self._ref(thread), script, env=env, within=within)

    async def _ref(self, thread: ThreadId) -> str:
        sandbox = await self._shelf.sandbox_of(thread)
        if sandbox is None or sandbox.ref is None or sandbox.state is not State.ACTIVE:
            raise Retriable("the machine is not awake")
        return sandbox.ref


def _ran(done: Completed) -> Ran:
    """Raises Retriable."""
    size, newline, output = done.output.partition("\n")
    if not newline or not size.strip().isdecimal():
        raise Retriable(f"a command could not be run: exit code {done.exit_code}")
    return Ran(done.exit_code, output, is_cut=int(size) > MOST_OUTPUT)


def _listing(done: Completed) -> Listing:
    """Raises Retriable."""
    with suppress(ValueError):
        *rows, total = bytes.fromhex(done.output.strip()).decode(errors="replace").split("\0")
        return Listing([_entry(row) for row in rows], int(total))
    raise Retriable(f"a folder could not be listed: exit code {done.exit_code}")


def _entry(row: str) -> Entry:
    kind, size, name = row.split(" ", 2)
    return Entry(f"{name}/" if kind == "d" else name, int(size) if kind == "f" else None)
