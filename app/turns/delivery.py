"""What an agent says, on its way into the thread: cut into messages that are written down before they are sent.

The person who asked is notified once, by the last message. What the agent says before that is sent as soon as it is
complete, and notifies nobody.

What Discord does not take costs nothing else: a message goes without its files, or a remark of ours stands in its
place. Both are written down before they are sent, like everything here.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import structlog

from app.ids import MessageId
from app.turns.books import Parcelled, Parcels
from app.turns.errors import Unfit, UnfitFiles
from app.turns.machine import Stage
from app.turns.ports import Chat
from app.turns.progress import Text
from app.turns.records import Content, File, Origin, Parcel, Turn
from app.words.answer import AND_MORE, NOT_ATTACHED, PART_REFUSED, SHORTER, STAYS

log = structlog.get_logger()

MOST_FILES = 10  # of one message: https://docs.discord.com/developers/reference#uploading-files
MOST_BYTES = 10 * 2**20  # of all of them together, so that a server without boosts takes them
MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Delivery:
    chat: Chat
    parcels: Parcels

    async def say(self, turn: Turn, token: str, texts: Sequence[Text]) -> None:
        """Send those that have not been sent yet. Idempotent by what they are called."""
        so_far = await self.parcels.so_far(turn.id)
        fresh = await self._fresh(turn, texts, so_far)
        for text in fresh:
            contents = await asyncio.to_thread(self.chat.compose, text.text)  # a long one takes its time
            parcels = tuple(numbered(turn, so_far.count, contents, text.part))
            await self.parcels.add(turn.id, token, parcels)
            so_far = replace(so_far, count=so_far.count + len(parcels))
        if fresh:
            await self.send(turn, token)

    async def is_said(self, turn: Turn, part: str) -> bool:
        """Whether a turn of the same thread has said it, and all of it stands there."""
        return await self.parcels.is_said(turn.home, part)

    async def unsaid(self, turn: Turn, texts: Sequence[Text]) -> str:
        fresh = await self._fresh(turn, texts, await self.parcels.so_far(turn.id))
        return "\n\n".join(text.text for text in fresh)

    async def _fresh(self, turn: Turn, texts: Sequence[Text], so_far: Parcelled) -> list[Text]:
        """An agent that was interrupted begins again, and says what it has said by other names."""
        fresh = [text for text in texts if text.part not in so_far.parts]
        if not fresh or not turn.interruptions:
            return fresh
        said = await self.parcels.said(turn.id)
        composed = [await asyncio.to_thread(self.chat.compose, text.text) for text in fresh]
        return [text for text, contents in zip(fresh, composed, strict=True) if not is_among(said, contents)]

    async def last_words(
        self,
        turn: Turn,
        text: str,
        remarks: Sequence[str] = (),
        files: Sequence[File] = (),
        named: Sequence[Origin] = (),
    ) -> tuple[Parcel, ...]:
        """What is left to be said, as it will be sent; its last message notifies the asker. `named` are those that the
        remarks are about."""
        so_far = await self.parcels.so_far(turn.id)
        contents = await asyncio.to_thread(self.chat.compose, text, turn.asker.id, remarks)
        *others, last = numbered(turn, so_far.count, with_files(contents, files))
        return (*others, replace(last, notify=turn.asker.id, named=tuple(named)))

    async def send(self, turn: Turn, token: str) -> None:
        """Everything that is written down. Discord remembers a nonce for minutes only: whoever takes up an unfinished
        delivery looks in the thread first."""
        for parcel in await self.parcels.unsent(turn.id):
            is_left = turn.attempts > 0 or (turn.stage is Stage.ANSWERED and parcel.part is not None)
            message = await self._find_posted(turn, parcel) if is_left else None
            try:
                message = message or await self.chat.post(turn.home, parcel, question_of(turn, parcel))
            except Unfit as refusal:
                await self._rewrite(turn, token, parcel, refusal)
                await self.send(turn, token)
                return
            await self.parcels.mark_sent(turn.id, token, parcel.ordinal, message)

    async def _rewrite(self, turn: Turn, token: str, parcel: Parcel, refusal: Unfit) -> None:
        """As it may be taken; raises the refusal where that has been tried. Files that do not go out count as not
        handed out, and so do those that a lost remark named."""
        if isinstance(refusal, UnfitFiles):
            contents = self.chat.annotate(parcel.content, left_out(parcel.content.files, refusal.tell))
            named = parcel.named
        else:
            contents, named = self.chat.compose("", parcel.notify, [PART_REFUSED]), ()
            if contents[0].text == parcel.content.text:
                raise refusal
        log.warning("parcel.refused", ordinal=parcel.ordinal, reason=repr(refusal.__cause__ or refusal))
        start = (await self.parcels.so_far(turn.id)).count
        first, *more = [replace(parcel, content=contents[0], named=named), *numbered(turn, start, contents[1:])]
        if more:  # whoever is mentioned is mentioned in the last
            first, more[-1] = replace(first, notify=None), replace(more[-1], notify=parcel.notify)
        await self.parcels.rewrite(turn.id, token, first, more)

    async def _find_posted(self, turn: Turn, parcel: Parcel) -> MessageId | None:
        """Behind the question and behind every answer that is known to stand there: what says the same is this one."""
        behind = max(turn.opener or turn.home, await self.parcels.last_posted(turn.home) or turn.home, key=int)
        return await self.chat.find_posted(turn.home, behind, parcel)


def is_among(said: Collection[tuple[str, ...]], contents: Sequence[Content]) -> bool:
    """A file may differ though the message beside it does not."""
    return tuple(one.text for one in contents) in said and not any(one.files for one in contents)


def left_out(files: Sequence[File], reason: str) -> str:
    """What is said in place of a message's files."""
    names = ", ".join(file.name for file in files[:MOST_NAMES])
    if len(files) > MOST_NAMES:
        names = AND_MORE.format(names=names, number=len(files) - MOST_NAMES)
    is_made = all(file.origin for file in files)
    then = STAYS if is_made else SHORTER
    return NOT_ATTACHED.format(names=names, reason=reason, then=then)


def numbered(turn: Turn, start: int, contents: Sequence[Content], part: str | None = None) -> Iterator[Parcel]:
    """So that every later attempt sends the same."""
    for number, content in enumerate(contents, start):
        yield Parcel(number, content, f"{turn.id}-{number}", part=part)


def with_files(contents: Sequence[Content], files: Sequence[File]) -> list[Content]:
    """The last content gets them, together with its own; where there are too many for one message, messages of nothing
    but files go before it."""
    *others, last = contents
    *before, at_end = batches([*last.files, *files])
    return [*others, *(Content("", batch) for batch in before), replace(last, files=at_end)]


def batches(files: Sequence[File]) -> list[tuple[File, ...]]:
    """Each as large as one message may be; at least one, that may be empty."""
    found: list[tuple[File, ...]] = [()]
    for file in files:
        size = sum(len(one.content) for one in found[-1]) + len(file.content)
        if found[-1] and (len(found[-1]) == MOST_FILES or size > MOST_BYTES):
            found.append(())
        found[-1] = (*found[-1], file)
    return found


def question_of(turn: Turn, parcel: Parcel) -> MessageId | None:
    """What the message replies to. In a thread, others may have asked since: the answer's first message says which
    question it is for."""
    return turn.opener if parcel.ordinal == 0 and not turn.starts_thread else None
