"""Files from one thread's machine into another's: the port `Freight`.

Machines cannot see each other, so it goes through the app, a piece at a time: however much it is, one piece is in
memory. Both machines are awake; nothing is woken here. What is packed and how is in `cargo`.
"""

from collections.abc import Mapping

import structlog

from app.ids import ThreadId
from app.sandboxes.cargo import (
    BOXES,
    COMMON,
    HAVES,
    MANIFEST,
    MOST_BYTES,
    PACK,
    PIECE_BYTES,
    TIDY,
    TOO_LARGE,
    UNPACK,
    Item,
    Manifest,
    Unmovable,
    haves,
    manifest_of,
    order_of,
)
from app.sandboxes.machine import State
from app.sandboxes.ports import Shelf
from app.sandboxes.provider import Absent, Overdue, Provider, TooLarge
from app.turns.attachments import in_words
from app.turns.errors import Refused, Retriable
from app.words.forking import NOT_PACKED, NOT_UNPACKED, TOO_MUCH, TOO_SLOW

log = structlog.get_logger()

WITHIN = 300.0  # seconds to pack, and to unpack
LOOK_SECONDS = 30.0
MANIFEST_BYTES = 2**20


class MachineFreight:
    def __init__(self, provider: Provider, shelf: Shelf, snapshots: str, most: int = MOST_BYTES) -> None:
        """`snapshots` is the folder of OpenCode's own, from HOME: a git repository for each, with the trees of earlier
        files. `most` are the bytes that are carried at once."""
        self._provider = provider
        self._shelf = shelf
        self._snapshots = snapshots
        self._most = most

    async def carry(self, old: ThreadId, new: ThreadId, key: str, tree: str = "") -> tuple[Item, ...]:
        """The files of one workspace into another, in place of what is there: what came along and what did not. `key`
        is of this errand alone, and makes a repeat harmless. With a `tree`, that git or OpenCode has of the workspace,
        the files are as they were then, as long as it has it. Raises Unmovable; Retriable."""
        source, target = await self._ref(old), await self._ref(new)
        had = await self._provider.exec(target, HAVES, within=LOOK_SECONDS)
        try:
            env = {**COMMON, "KEY": key, "HAVES": haves(had.output), "TREE": tree, "SNAPSHOTS": self._snapshots}
            manifest = await self._pack(old, source, env)
            for piece in manifest.pieces:
                await self._hand_over(source, target, f"{BOXES}/{key}/{piece}")
            env = {**COMMON, "KEY": key, "ITEMS": order_of(manifest.items)}
            await self._unpack(target, env)
            return manifest.items
        finally:
            await self._tidy(source, key)
            await self._tidy(target, key)

    async def _pack(self, old: ThreadId, source: str, env: Mapping[str, str]) -> Manifest:
        try:
            done = await self._provider.exec(source, PACK, env={**env, "MOST": str(self._most)}, within=WITHIN)
        except Overdue as error:
            raise Unmovable(TOO_SLOW) from error
        if done.exit_code == TOO_LARGE:
            raise Unmovable(TOO_MUCH.format(most=in_words(self._most)))
        try:
            content = await self._provider.download(source, f"{BOXES}/{env['KEY']}/{MANIFEST}", MANIFEST_BYTES)
            return manifest_of(content)
        except (Absent, ValueError) as error:
            await self._ref(old)  # it may have been deleted under our hands: then that is the reason
            raise Unmovable(NOT_PACKED) from error

    async def _hand_over(self, source: str, target: str, path: str) -> None:
        try:
            await self._provider.upload(target, path, await self._provider.download(source, path, PIECE_BYTES))
        except (Absent, TooLarge) as error:
            raise Retriable("what was packed is not there any more") from error

    async def _unpack(self, target: str, env: Mapping[str, str]) -> None:
        """What fails there fails each time."""
        done = await self._provider.exec(target, UNPACK, env=env, within=WITHIN)
        if done.exit_code:
            last = done.output.strip().rpartition("\n")[2][-200:]
            log.warning("fork.not_unpacked", code=done.exit_code, reason=last)
            raise Unmovable(NOT_UNPACKED)

    async def _tidy(self, ref: str, key: str) -> None:
        """As well as can be: whoever packs next sweeps up what is left."""
        try:
            await self._provider.exec(ref, TIDY, env={**COMMON, "KEY": key}, within=LOOK_SECONDS)
        except (Retriable, Refused):
            return

    async def _ref(self, thread: ThreadId) -> str:
        sandbox = await self._shelf.sandbox_of(thread)
        if sandbox is None or sandbox.ref is None or sandbox.state is not State.ACTIVE:
            raise Retriable("the machine is not awake")
        return sandbox.ref
