"""Files between people and a thread's machine: into the workspace's `inbox/`, and out of its `outbox/`.

All paths are from the workspace, as the agent knows them. Nothing is woken for a file: the machine is awake, or it is
Retriable. The agent may write while files are read; what was listed may be gone or longer by the time it is fetched.
"""

import asyncio
import re
import secrets
import shlex
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from weakref import WeakValueDictionary

from app.ids import ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Shelf
from app.sandboxes.provider import Absent, Provider
from app.turns.attachments import parts, safe_name
from app.turns.errors import Retriable
from app.words.workspace import NOT_PUT

WORKSPACE, INBOX, OUTBOX = "workspace", "inbox", "outbox"
DRAFTS = ".opencord/inbox"  # in HOME
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
MOST_FOUND = 1_000  # in the outbox
MOST_NAMED = 50  # beside it
# What is longer is never attached, so nobody reads it for its checksum: it is told apart by its length and the time of
# its last change.
MARKED_BYTES = 10 * 2**20
WITHIN = 60.0  # seconds for one command


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

# A line for every file: its mark, its size, its path. Many files are one command: one for each would take seconds. The
# two ways to ask for a time are GNU's and BSD's.
_TELL = f"""
[ $# -gt 0 ] || exit 0
find "$@" -prune -type f -size -{MARKED_BYTES + 1}c -exec cksum {{}} +
if stat -c %Y . >/dev/null
then find "$@" -prune -type f -size +{MARKED_BYTES}c -exec stat -c "%Y %s %n" {{}} +
else find "$@" -prune -type f -size +{MARKED_BYTES}c -exec stat -f "%m %z %N" {{}} +
fi
"""

# Links are followed nowhere: the repository may have brought some that lead out of the workspace. A name may hold
# anything but NUL, so that is what ends one; for `sort` and `head`, which know lines alone, the two change places. What
# is told is told in hexadecimal.
_LIST = rf"""
exec 2>/dev/null
export LC_ALL=C
cd {WORKSPACE} || exit 0
here=$(pwd -P)
{{
    find ./{OUTBOX} -name '.*' -prune -o -type f -print0 |
        tr '\n\000' '\000\n' | sort | head -n {MOST_FOUND} | tr '\n\000' '\000\n'
    for file do
        [ -f "$file" ] && [ ! -L "$file" ] || continue
        case "$(cd -P -- "$(dirname -- "$file")" && pwd -P)/" in
            "$here"/*) printf '%s\000' "./$file" ;;
        esac
    done
}} | xargs -0 sh -c '{_TELL}' sh | od -An -v -tx1 | tr -d ' \n'
"""

_BEGINNING = rb"^(-?\d+) (\d+) \./"
_LINE = re.compile(rb"%s(.+?)\n(?=%s|\Z)" % (_BEGINNING, _BEGINNING.replace(b"(", b"(?:")), re.MULTILINE | re.DOTALL)


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
            raise Retriable(f"a file could not be put into the inbox: exit code {done.exit_code}", tell=NOT_PUT)
        return f"{INBOX}/{stem}{'' if number == '1' else f'-{number}'}{extension}"

    async def made(self, thread: ThreadId, also: Collection[str] = ()) -> Sequence[Found]:
        """The regular files in the outbox, and the images among the paths `also`, by their paths: the first thousand
        and the first fifty. Hidden ones, what is in hidden folders of the outbox, and names that are not UTF-8 are left
        out. Raises Retriable."""
        ref = await self._ref(thread)
        images = [path for path in dict.fromkeys(also) if _is_image(path) and not path.startswith(f"{OUTBOX}/")]
        command = f"set -- {' '.join(map(shlex.quote, images[:MOST_NAMED]))}\n{_LIST}"
        done = await self._provider.exec(ref, command, within=WITHIN)
        return sorted(_found(done.output), key=lambda found: found.path)

    async def get(self, thread: ThreadId, path: str, most: int) -> bytes:
        """Raises Absent, TooLarge, Retriable."""
        if not is_inside(path):
            raise Absent(path)
        return await self._provider.download(await self._ref(thread), f"{WORKSPACE}/{path}", most)

    async def _ref(self, thread: ThreadId) -> str:
        sandbox = await self._shelf.sandbox_of(thread)
        if sandbox is None or sandbox.ref is None or sandbox.state is not State.ACTIVE:
            raise Retriable("the machine is not awake")
        return sandbox.ref


def _found(output: str) -> Iterator[Found]:
    with suppress(ValueError):  # what is no text in hexadecimal tells of nothing
        for mark, size, path in _LINE.findall(bytes.fromhex(output.strip())):
            with suppress(UnicodeDecodeError):
                yield Found(path.decode(), int(size), f"{int(mark)}:{int(size)}")


def _is_image(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in IMAGES and is_inside(path)


def is_inside(path: str) -> bool:
    """By its words alone. What cannot be said in UTF-8, or to a shell, is nowhere."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    way = PurePosixPath(path)
    return bool(way.parts) and not way.is_absolute() and ".." not in way.parts and "\0" not in path
