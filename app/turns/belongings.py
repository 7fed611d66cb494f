"""What has come along into a fork, in words: for people, and for the model. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.sandboxes.cargo import MOST_NESTED, Item, Left
from app.turns.carriers import Carried
from app.turns.history import BETWEEN, Said, plain_name, recent_lines
from app.words import forking
from app.words.amounts import plural, series

LEFT_BEHIND: Mapping[Left, str] = {
    Left.UNREADABLE: forking.LEFT_BEHIND,
    Left.SUBMODULE: forking.SUBMODULE,
    Left.WORKTREE: forking.WORKTREE,
}
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
        is_newest = self.carried is not None and self.carried.tree == ""
        return self.is_cut and not is_newest and not any(item.is_earlier for item in self.items)

    @property
    def is_before(self) -> bool:
        """Whether not even the chosen message came along."""
        return self.is_cut and self.carried is not None and self.carried.is_undone


def report(belongings: Belongings, who: str, origin: str, has_transcript: bool) -> str:
    """For people, in Markdown. `origin` is a link to where it goes on from."""
    lines = [_whence(belongings, who, origin), _conversation(belongings, has_transcript), *_files(belongings)]
    return "\n".join(lines)


def _whence(belongings: Belongings, who: str, origin: str) -> str:
    words = forking.FORKED_UP_TO if belongings.is_cut else forking.FORKED_FROM
    words = forking.FORKED_BEFORE if belongings.is_before else words
    return words.format(name=plain_name(who), origin=origin)


def _conversation(belongings: Belongings, has_transcript: bool) -> str:
    carried = belongings.carried
    if carried is None:
        return (forking.TALK_TOLD if has_transcript else forking.TALK_ANEW).format(reason=belongings.unsaid)
    gaps = ((forking.AT_WORK_THERE, carried.is_cut_short), (forking.UNDONE_THERE, carried.is_undone))
    left = series([words for words, is_left in gaps if is_left])
    without = forking.WITHOUT.format(left=left) if left else ""
    return forking.TALK.format(questions=plural(carried.questions, "question"), without=without)


def _files(belongings: Belongings) -> Iterator[str]:
    if belongings.unmoved:
        yield forking.NO_FILES.format(reason=belongings.unmoved)
        return
    top = next((item for item in belongings.items if item.path == "."), None)
    if top is not None:
        yield forking.FILES.format(item=_item(top), when=_when(belongings))
    nested = [item for item in belongings.items if item.path not in {".", ""}]
    nested.sort(key=lambda item: item.left is None)  # what is missing is named first
    for item in nested[:MOST_NAMED]:
        yield forking.FILES_IN.format(path=_name(item.path), item=_item(item))
    if len(nested) > MOST_NAMED:
        yield forking.MORE_REPOSITORIES.format(count=len(nested) - MOST_NAMED)
    for item in belongings.items:
        if item.left is Left.BEYOND:
            yield forking.BEYOND.format(most=MOST_NESTED, count=item.changed)


def _when(belongings: Belongings) -> str:
    if belongings.is_later:
        return forking.AS_NOW
    return forking.AS_THEN if belongings.is_cut and not belongings.is_before else ""


def _item(item: Item) -> str:
    files = plural(item.changed, "file") if item.changed or not item.commit else forking.NO_CHANGE
    if item.left is not None:
        return LEFT_BEHIND[item.left] + (forking.WITH_CHANGES.format(files=files) if item.changed else "")
    if not item.commit:
        return forking.WITHOUT_GIT.format(files=files)
    words = forking.ON_BRANCH if item.branch else forking.AT_COMMIT
    told = words.format(branch=_name(item.branch), commit=item.commit, files=files)
    return told + (forking.UNFINISHED if item.is_unfinished else "")


def _name(words: str) -> str:
    return " ".join(words.replace("`", "'").split())


def remark(belongings: Belongings, said: Sequence[Said]) -> str:
    """For the model, with what was `said` in the old thread where the conversation itself did not come along."""
    files = NOT_HERE if belongings.unmoved else PARTLY if belongings.is_later else HERE
    lines = recent_lines(said)
    return BETWEEN.join([*([TRANSCRIPT, *lines] if lines else []), FOR_THE_MODEL.format(files=files)])
