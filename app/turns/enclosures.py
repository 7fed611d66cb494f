"""Files that travel with a turn: in with the question, out with the answer.

In: they lie in the workspace, and the prompt says where; images and short texts the model is shown besides. Out: what
the agent left in `outbox/`, and the images that it made, each once as long as it stays the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from app.ids import ThreadId
from app.sandboxes.files import Found
from app.turns.attachments import Kind, Laid, in_words, mention, safe_name, sift, sort
from app.turns.books import Parcels
from app.turns.delivery import MOST_BYTES, MOST_FILES
from app.turns.errors import Refused, Retriable
from app.turns.ports import Chat, Files
from app.turns.records import File, Origin, Turn
from app.words.answer import FILE_EMPTY, FILE_NOT_ATTACHED, FILE_TO_COME, FILE_TOO_LARGE, FILES_TO_COME

MOST_OUT = 2 * MOST_FILES  # with one answer, and so many are named as such that cannot go out


@dataclass(frozen=True, slots=True)
class Made:
    """What goes out with an answer, and a line about each file that cannot."""

    files: tuple[File, ...] = ()
    notes: tuple[str, ...] = ()
    named: tuple[Origin, ...] = ()  # those whose line is said once, and not with every answer


@dataclass(frozen=True, slots=True)
class Enclosures:
    chat: Chat
    files: Files
    parcels: Parcels

    async def fetch(self, turn: Turn) -> tuple[File, ...]:
        """What came with the question. The person hears of what cannot be taken."""
        sifted = sift(turn.attachments)
        fetched, notes = [], list(sifted.left)
        for attachment in sifted.taken:
            try:
                fetched.append(await self.chat.fetch(attachment))
            except Refused as refusal:
                notes.append(refusal.tell)
        if notes:
            await self.chat.announce(turn, "\n".join(notes))
        return tuple(fetched)

    async def enclose(
        self, thread: ThreadId, prompt: str, files: Sequence[File], *, show: bool
    ) -> tuple[tuple[File, ...], str]:
        """The files that the model is shown, none without `show`, and the prompt with the paths of all. The machine
        must be awake."""
        shown = tuple(file for file in files if show and sort(file) is not Kind.OTHER)
        laid = {}
        for file in files:
            path = await self.files.put(thread, safe_name(file.name), file.content)
            laid[path] = Laid(path, len(file.content))
        return shown, "\n\n".join(part for part in (prompt, mention(list(laid.values()))) if part)

    async def made(self, thread: ThreadId, written: Collection[str]) -> Made:
        """As well as can be: the answer does not wait for a file. What could not be looked for goes with the next."""
        try:
            found = await self.files.made(thread, written)
            before = await self.parcels.handed_out(thread)
        except (Retriable, Refused):
            return Made()
        fresh = [one for one in found if origin_of(one) not in before]
        fitting = [one for one in fresh if 0 < one.size <= MOST_BYTES]
        staying = [one for one in fresh if not 0 < one.size <= MOST_BYTES][:MOST_OUT]
        made = await self._taken(thread, fitting[:MOST_OUT])
        notes = (*made.notes, *map(why_it_stays, staying), *more_to_come(len(fitting) - MOST_OUT))
        return replace(made, notes=notes, named=tuple(map(origin_of, staying)))

    async def _taken(self, thread: ThreadId, found: Sequence[Found]) -> Made:
        files, notes = list[File](), list[str]()
        for one in found:
            try:
                content = await self.files.get(thread, one.path, MOST_BYTES)
            except (Retriable, Refused):  # changed, or gone, since it was listed
                notes.append(FILE_NOT_ATTACHED.format(path=in_a_line(one.path)))
            else:
                files.append(File(safe_name(one.path), content, origin_of(one)))
        return Made(tuple(files), tuple(notes))


def origin_of(found: Found) -> Origin:
    return Origin(found.path, found.mark)


def why_it_stays(found: Found) -> str:
    if not found.size:
        return FILE_EMPTY.format(path=in_a_line(found.path))
    return FILE_TOO_LARGE.format(path=in_a_line(found.path), size=in_words(found.size))


def more_to_come(count: int) -> tuple[str, ...]:
    if count <= 0:
        return ()
    return (FILES_TO_COME.format(number=count) if count > 1 else FILE_TO_COME,)


def in_a_line(path: str) -> str:
    """As it is told: its name may hold line breaks, behind which a remark would look like the agent's own words."""
    return "/".join(map(safe_name, path.split("/")))
