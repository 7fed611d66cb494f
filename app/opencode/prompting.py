"""Giving a session its prompt: once, alone, and with files that it can read.

Look before you send. A message that is there already is never sent again unless it lies in an idle session without an
end, and has done so for a while. One thread has one turn at work: whatever else still runs in its session is left over,
and is ended first.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

from app.ids import SessionId
from app.opencode import compacting, offers
from app.opencode.client import Client
from app.opencode.config import AGENT
from app.opencode.inquiries import Inquiry, inquiries_of, telling
from app.opencode.listening import Bell, listening
from app.opencode.patience import Patience, Settling
from app.opencode.reading import Reader
from app.opencode.transcript import ENDED, Fate, Outcome, message_id, part_id, preface_id
from app.opencode.wire import Missing
from app.turns import attachments
from app.turns.catalogue import Command
from app.turns.errors import Refused, Retriable
from app.turns.ports import Prompt, Unreadable
from app.turns.progress import Denied
from app.turns.records import File
from app.words.apologies import OVERTAKEN

UNDECODED = "ImageDecodeError"
BYTES_PER_SECOND = 1_000_000  # at which a server takes in images
COMMAND_SECONDS = 15.0  # for what a command has run before it is stored


class Prompting:
    def __init__(self, client: Client, session: SessionId, model: str, patience: Patience) -> None:
        self._client = client
        self._session = session
        self._model = model
        self._patience = patience

    async def ensure(self, prompt: Prompt, reader: Reader) -> None:
        """Raises Missing, Unreadable; Refused as well for a model or an agent that the server does not have."""
        outcome = await self._settled(message_id(prompt.turn), reader)
        if outcome.fate is Fate.RUNNING or outcome.fate in ENDED:
            return
        if outcome.overtaken:
            raise Refused(OVERTAKEN)
        if prompt.model is not None and prompt.model != self._model:
            await offers.check_model(self._client, prompt.model)
        if prompt.agent is not None:
            await offers.check_agent(self._client, prompt.agent)
        await self._send(prompt)

    async def _settled(self, message: str, reader: Reader) -> Outcome:
        """What became of it, once that is certain enough to send it or to leave it."""
        status = self._client.status(self._session)
        stored, now, left = await asyncio.gather(self._has(message), status, self._left_behind())
        if not stored:
            if now.busy:
                await self._make_room()
                left = await self._left_behind()
            await self._forget(*left)
            return Outcome(Fate.ABSENT)
        settling = Settling(self._patience)
        while True:
            outcome = await reader.look()
            if outcome.fate is Fate.RUNNING or settling.is_over(outcome.fate):
                return outcome
            await asyncio.sleep(settling.pause)

    async def _make_room(self) -> None:
        """A prompt that is sent into a running turn would join it, or be forgotten when that one is aborted."""

        async def idle() -> bool:
            return not (await self._client.status(self._session)).busy

        if not await _until(idle, self._patience.idle):
            await self._client.abort(self._session)
            if not await _until(idle, self._patience.idle):
                raise Retriable(f"session {self._session} is still busy with something else")

    async def _left_behind(self) -> tuple[Sequence[Inquiry], Sequence[str]]:
        """What is listed as asked, and the messages of a compaction that came to nothing."""
        return await asyncio.gather(self._asked(), compacting.remnant(self._client, self._session))

    async def _asked(self) -> Sequence[Inquiry]:
        """As well as can be."""
        try:
            return inquiries_of(*await asyncio.gather(self._client.permissions(), self._client.questions()))
        except (Missing, Retriable, Refused):
            return ()

    async def _forget(self, asked: Sequence[Inquiry], remnant: Sequence[str]) -> None:
        """Nothing runs, so nobody waits for it: aborted turns leave what they asked behind for ever."""
        for one in asked:
            told = telling(one.ask, Denied())
            with suppress(Missing, Retriable, Refused):
                await self._client.tell(told.path, told.body)
        await compacting.forget(self._client, self._session, remnant)

    async def _send(self, prompt: Prompt) -> None:
        """A server that cannot decode an image says so in an event, and nowhere else."""
        if prompt.command is not None and await self._offers(prompt.command):
            await self._run(prompt, prompt.command)
            return
        parts = await asyncio.to_thread(parts_of, prompt)  # files may be large
        images = any(str(part.get("mime", "")).startswith("image/") for part in parts)
        async with AsyncExitStack() as stack:
            bell = await stack.enter_async_context(listening(self._client, self._session)) if images else Bell()
            if images:
                await bell.wait(0.0, self._patience.connected)
            model, agent = prompt.model or self._model, prompt.agent or AGENT
            await self._client.prompt(self._session, message_id(prompt.turn), parts, model, agent)
            await self._until_stored(prompt, bell)

    async def _offers(self, command: Command) -> bool:
        return any(row.get("name") == command.name for row in await self._client.commands())

    async def _run(self, prompt: Prompt, command: Command) -> None:
        """One that is stored already holds all that the command says: it is taken up again as it is."""
        message, model, agent = message_id(prompt.turn), prompt.model or self._model, prompt.agent or AGENT
        if await self._has(message):
            await self._client.prompt(self._session, message, (), model, agent)
            return
        if prompt.before:
            await self._client.tell_first(self._session, preface_id(prompt.turn), prompt.before, model)
        await self._client.command(self._session, message, command.name, command.arguments, model, agent)
        await self._until_stored(prompt, Bell(), COMMAND_SECONDS)

    async def _until_stored(self, prompt: Prompt, bell: Bell, longer: float = 0.0) -> None:
        message = message_id(prompt.turn)

        async def stored() -> bool:
            if bell.fault is not None and UNDECODED in (bell.fault.name, bell.fault.hint.partition(":")[0]):
                raise Unreadable
            return await self._has(message)

        size = sum(len(file.content) for file in prompt.files)
        if not await _until(stored, self._patience.stored + longer + size / BYTES_PER_SECOND):
            raise Retriable(f"{message} was taken and not stored")

    async def _has(self, message: str) -> bool:
        try:
            await self._client.message(self._session, message)
        except Missing:
            return False
        return True


def parts_of(prompt: Prompt) -> Sequence[Mapping[str, Any]]:
    """Own ids make a repeat of the prompt the same parts."""
    text = {"id": part_id(prompt.turn, 0), "type": "text", "text": prompt.text}
    files = enumerate(prompt.files, 1)
    return [text, *({"id": part_id(prompt.turn, ordinal), **_file(file)} for ordinal, file in files)]


def _file(file: File) -> Mapping[str, str]:
    """What is no image is called plain text: one file of another type can spoil a session for good."""
    mime = attachments.mime(file) or "text/plain"
    content = base64.b64encode(file.content).decode("ascii")
    return {"type": "file", "mime": mime, "filename": file.name, "url": f"data:{mime};base64,{content}"}


async def _until(true: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Whether it came true within about so many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await true():
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(0.1)
    return True
