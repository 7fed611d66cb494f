"""Undoing a turn, and taking that back.

OpenCode rewinds a session to before a message: the files, and the conversation with them. So only the newest turn can
be undone by itself, and then the one before it. As long as nothing else is asked, it can all be taken back at once; the
next prompt makes it final. A turn that was aborted can be undone too, with what its last step had written.
"""

from collections.abc import Sequence

from app.ids import SessionId
from app.opencode.client import Client
from app.opencode.reading import Reader
from app.opencode.transcript import Message, is_prompt
from app.opencode.wire import Missing, Occupied
from app.turns.workbench import Rewound


async def undo(client: Client, session: SessionId, reader: Reader) -> Rewound:
    """`reader` is the turn's."""
    chronicle = reader.chronicle
    try:
        if (await client.status(session)).busy:
            return Rewound.BUSY
        await reader.read()
        reverted = ((await client.session(session)).get("revert") or {}).get("messageID")
        verdict = _verdict(chronicle.messages, reverted)
        if verdict is not Rewound.DONE:
            return verdict
        after = await client.revert(session, chronicle.prompt)
    except Missing:
        return Rewound.NOTHING
    except Occupied:
        return Rewound.BUSY
    return Rewound.DONE if (after.get("revert") or {}).get("messageID") == chronicle.prompt else Rewound.NOTHING


def _verdict(messages: Sequence[Message], reverted: str | None) -> Rewound:
    """`messages` are those from the turn's prompt on, `reverted` is the first that is undone. DONE: it may be."""
    ids = [one["info"]["id"] for one in messages]
    if not ids or reverted == ids[0] or (reverted is not None and reverted not in ids):  # the last: with an older one
        return Rewound.NOTHING
    standing = messages[: None if reverted is None else ids.index(reverted)]
    return Rewound.NEWER if any(is_prompt(one) for one in standing[1:]) else Rewound.DONE


async def redo(client: Client, session: SessionId) -> Rewound:
    """Everything that was undone since the last prompt."""
    try:
        if (await client.status(session)).busy:
            return Rewound.BUSY
        if not (await client.session(session)).get("revert"):
            return Rewound.NOTHING
        await client.unrevert(session)
    except Missing:
        return Rewound.NOTHING
    except Occupied:
        return Rewound.BUSY
    return Rewound.DONE
