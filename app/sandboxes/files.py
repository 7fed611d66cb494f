"""Files between people and a thread's machine: into the workspace's `inbox/`, and out of its `outbox/`.

All paths are from the workspace, as the agent knows them. Nothing is woken for a file: the machine is awake, or it is
Retriable. The agent may write while files are read; what was listed may be gone or longer by the time it is fetched.
"""

import asyncio
import re
import secrets
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from weakref import WeakValueDictionary

from app.ids import ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Absent, Provider, Shelf
from app.turns.attachments import parts, safe_name
from app.turns.errors import Retriable

WORKSPACE, INBOX, OUTBOX = "workspace", "inbox", "outbox"
DRAFTS = ".opencord/inbox"  # in HOME
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
MOST_FOUND = 50  # in the outbox, and beside it
# What is longer is never attached, so nobody reads it for its checksum: it is told apart by its length and the time of
# its last change.
MARKED_BYTES = 10 * 2**20
WITHIN = 60.0  # seconds for one command

NO_ROOM = "Sorry, I could not put your files into my machine. Please try again, or `/opencord reset` for a new one."

# Waits beside its place and is moved there, so that what has a name is complete. Where the name is taken by something
# else, the next number is tried; it says which one it was.
_MOVE = f"""
find "$HOME/{DRAFTS}" -type f -mmin +60 -exec rm -f {{}} + 2>/dev/null
cd {WORKSPACE} && mkdir -p {INBOX} && [ ! -L {INBOX} ] || exit 1
n=1; to={INBOX}/$STEM$EXTENSION
while [ -e "$to" ] || [ -L "$to" ]; do
    if [ -f "$to" ] && [ ! -L "$to" ] && cmp -s "$HOME/$DRAFT" "$to"; then rm -f "$HOME/$DRAFT"; echo $n; exit; fi
    n=$((n+1)); to={INBOX}/$STEM-$n$EXTENSION
done
mv "$HOME/$DRAFT" "$to" && echo $n
"""

# A line for every file: its size, its mark, its path in hexadecimal, since a name may hold anything but NUL. The two
# ways to ask for a time are GNU's and BSD's.
_TELL = f"""
for file do
    size=$(wc -c <"$file") || continue
    if [ $((size)) -le {MARKED_BYTES} ]; then mark=$(cksum <"$file" | cut -d " " -f 1)
    else mark=$(stat -c %Y -- "$file" || stat -f %m -- "$file"); fi
    printf "%s %s " $((size)) "$mark"; printf %s "$file" | od -An -v -tx1 | tr -d " \\n"; echo || exit
done
"""

# Links are followed nowhere: the repository may have brought some that lead out of the workspace.
_LIST = rf"""
exec 2>/dev/null
cd {WORKSPACE} || exit 0
here=$(pwd -P)
find {OUTBOX} -type f ! -name '.*' -exec sh -c '{_TELL}' sh {{}} + | head -n {MOST_FOUND}
for file do
    [ -f "$file" ] && [ ! -L "$file" ] || continue
    case "$(cd -P -- "$(dirname -- "$file")" && pwd -P)/" in
        "$here"/*) sh -c '{_TELL}' sh "$file" ;;
    esac
done
"""

_LINE = re.compile(r"(\d+) (-?\d*) ((?:[0-9a-f]{2})+)")


@dataclass(frozen=True, slots=True)
class Found:
    path: str
    size: int  # bytes
    mark: str  # the same for the same content, as far as that can be attached; another one as soon as the content is


class Files:
    def __init__(self, provider: Provider, shelf: Shelf) -> None:
        self._provider = provider
        self._shelf = shelf
        self._lines: WeakValueDictionary[ThreadId, asyncio.Lock] = WeakValueDictionary()

    async def put(self, thread: ThreadId, name: str, content: bytes) -> str:
        """Where it lies: `inbox/` and the name, made safe, with a number where another file has that name already. The
        same file under the same name twice is one. Raises Retriable."""
        ref = await self._ref(thread)
        draft = f"{DRAFTS}/{secrets.token_hex(8)}"
        stem, extension = parts(safe_name(name))
        await self._provider.upload(ref, draft, content)
        env = {"STEM": stem, "EXTENSION": extension, "DRAFT": draft}
        async with self._lines.setdefault(thread, asyncio.Lock()):  # two at a time might take the same name
            done = await self._provider.exec(ref, _MOVE, env=env, within=WITHIN)
        number = done.output.strip()
        if done.exit_code != 0 or not number.isdecimal():
            raise Retriable(f"a file could not be put into the inbox: exit code {done.exit_code}", tell=NO_ROOM)
        return f"{INBOX}/{stem}{'' if number == '1' else f'-{number}'}{extension}"

    async def made(self, thread: ThreadId, also: Collection[str] = ()) -> Sequence[Found]:
        """The regular files in the outbox, and the images among the paths `also`, fifty of each at most; hidden ones
        and ones with names that are not UTF-8 left out. Raises Retriable."""
        ref = await self._ref(thread)
        images = [path for path in dict.fromkeys(also) if _is_image(path) and not path.startswith(f"{OUTBOX}/")]
        command = f"set -- {' '.join(map(shlex.quote, images[:MOST_FOUND]))}\n{_LIST}"
        done = await self._provider.exec(ref, command, within=WITHIN)
        return sorted(chain.from_iterable(map(_found, done.output.splitlines())), key=lambda found: found.path)

    async def get(self, thread: ThreadId, path: str, most: int) -> bytes:
        """Raises Absent, TooLarge, Retriable."""
        if not _is_inside(path):
            raise Absent(path)
        return await self._provider.download(await self._ref(thread), f"{WORKSPACE}/{path}", most)

    async def _ref(self, thread: ThreadId) -> str:
        sandbox = await self._shelf.sandbox_of(thread)
        if sandbox is None or sandbox.ref is None or sandbox.state is not State.ACTIVE:
            raise Retriable("the machine is not awake")
        return sandbox.ref


def _found(line: str) -> Sequence[Found]:
    told = _LINE.fullmatch(line)
    if told is None:
        return ()
    try:
        path = bytes.fromhex(told[3]).decode()
    except UnicodeDecodeError:
        return ()
    return (Found(path, int(told[1]), f"{told[2]}:{told[1]}"),)


def _is_image(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in IMAGES and _is_inside(path)


def _is_inside(path: str) -> bool:
    """By its words alone. What cannot be said in UTF-8, or to a shell, is nowhere."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    way = PurePosixPath(path)
    return bool(way.parts) and not way.is_absolute() and ".." not in way.parts and "\0" not in path
