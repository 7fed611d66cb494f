"""What has come along into a fork, in words: for people, and for the model. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.sandboxes.cargo import Item
from app.turns.carriers import Carried
from app.turns.history import BETWEEN, Said, plain_name, recent_lines

NO_MACHINE = "the machine of that thread is gone"
MOST_NAMED = 4  # repositories inside of the workspace

FOR_THE_MODEL = (
    "(From here on this is another thread, with a machine of its own, that goes on from an earlier one. Nothing that "
    "was started on the earlier machine runs here. {files})"
)
HERE = "The files of its workspace were copied into this one."
PARTLY = (
    "The files of its workspace were copied into this one as they are by now, which may be later than what was said."
)
NOT_HERE = "The files of its workspace were not copied: look at what is here before you rely on any."
AT_WORK, UNDONE = "what is at work there now", "what was undone there"
TRANSCRIPT = "What was said in the earlier thread lately, oldest first:"


@dataclass(frozen=True, slots=True)
class Belongings:
    """What came along, and why the rest did not."""

    carried: Carried | None = None
    unsaid: str = ""  # why the conversation did not
    items: Sequence[Item] = ()
    unmoved: str = ""  # why the files did not
    is_cut: bool = False  # up to a message that was chosen

    @property
    def is_later(self) -> bool:
        """Whether the files are as they are now, and may have been others at the chosen message."""
        tree = self.carried.tree if self.carried else ""
        is_newest = self.carried is not None and not tree
        return self.is_cut and not is_newest and not any(item.is_earlier for item in self.items)


def report(belongings: Belongings, who: str, origin: str, has_transcript: bool) -> str:
    """For people, in Markdown. `origin` is a link to where it goes on from."""
    lines = [_whence(belongings, who, origin), _conversation(belongings, has_transcript), *_files(belongings)]
    return "\n".join(lines)


def _whence(belongings: Belongings, who: str, origin: str) -> str:
    where = f"up to {origin}" if belongings.is_cut else f"from {origin}"
    return f"{plain_name(who)} forked this {where}. What is done here changes nothing there."


def _conversation(belongings: Belongings, has_transcript: bool) -> str:
    carried = belongings.carried
    if carried is None:
        reason = f"not as it was, since {belongings.unsaid}"
        rest = "OpenCode was told what was said there lately." if has_transcript else "It begins anew."
        return f"- Conversation: {reason}. {rest}"
    left = [words for words, is_left in ((AT_WORK, carried.is_cut_short), (UNDONE, carried.is_undone)) if is_left]
    without = f"; without {' and '.join(left)}" if left else ""
    return f"- Conversation: {_counted(carried.questions, 'question')}, as it was{without}."


def _files(belongings: Belongings) -> Iterator[str]:
    if belongings.unmoved:
        yield f"- Files: none, since {belongings.unmoved}."
        return
    top = next((item for item in belongings.items if item.path == "."), None)
    if top is not None:
        yield f"- Files: {_item(top)}{_when(belongings)}."
    nested = [item for item in belongings.items if item.path != "."]
    for item in nested[:MOST_NAMED]:
        yield f"- In `{_name(item.path)}`: {_item(item)}."
    if len(nested) > MOST_NAMED:
        yield f"- … and {len(nested) - MOST_NAMED} more repositories inside of the workspace."


def _when(belongings: Belongings) -> str:
    if belongings.is_later:
        return "; as they are now, not as they were at that message"
    return ", as they were at that message" if belongings.is_cut else ""


def _item(item: Item) -> str:
    if item.is_left:
        return "left behind, since there is nothing committed in it, or not its whole history"
    if not item.commit:
        return f"{_counted(item.changed, 'file')}, without a git history"
    branch = f"branch `{_name(item.branch)}` at `{item.commit}`" if item.branch else f"commit `{item.commit}`"
    return f"{branch}, {_counted(item.changed, 'file') if item.changed else 'nothing'} uncommitted"


def _name(words: str) -> str:
    return " ".join(words.replace("`", "'").split())


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def remark(belongings: Belongings, said: Sequence[Said]) -> str:
    """For the model, with what was `said` in the old thread where the conversation itself did not come along."""
    files = NOT_HERE if belongings.unmoved else PARTLY if belongings.is_later else HERE
    lines = recent_lines(said)
    return BETWEEN.join([*([TRANSCRIPT, *lines] if lines else []), FOR_THE_MODEL.format(files=files)])
