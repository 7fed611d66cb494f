"""What a session takes of its model's window, and what it has cost.

A session's own sums leave its sub-agents out, which are sessions themselves. How much the model is given again with the
next prompt is not told anywhere: it is about what it was given and what it said in its newest answer. After a
compaction it is the summary alone, for nothing before that is given again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.ids import SessionId
from app.opencode.client import Client, Row
from app.opencode.transcript import fields
from app.turns.workbench import Usage

PAGE = 8  # messages; the newest alone is needed most of the time, and there may be large files in others


async def usage(client: Client, session: SessionId) -> Usage | None:
    """None before the first answer. Raises Missing."""
    known = await client.session(session)
    last = await newest_answer(client, session, fields(known.get("revert")).get("messageID"))
    if last is None:
        return None
    sessions = [known, *await client.children(session)]
    provider, model = str(last.get("providerID", "")), str(last.get("modelID", ""))
    return Usage(
        model=f"{provider}/{model}",
        agent=str(last.get("agent") or last.get("mode") or ""),
        held=held_after(last),
        window=window_of(await client.providers(), provider, model),
        spent=sum(sum(_counts(one)) for one in sessions),
        cost=sum(float(one.get("cost") or 0) for one in sessions),
    )


async def newest_answer(client: Client, session: SessionId, undone: str | None) -> Row | None:
    """The newest message that the model has written and that counts: `undone` is the first that was taken back. One
    that failed has no tokens."""
    is_undone, before = undone is not None, None
    while True:
        page, before = await client.page(session, PAGE, before)
        for info in (one["info"] for one in reversed(page)):
            if is_undone:
                is_undone = info["id"] != undone
            elif info["role"] == "assistant" and sum(_counts(info)):
                return info if isinstance(info, dict) else None
        if before is None:
            return None


def held_after(answer: Row) -> int:
    if answer.get("summary"):
        return int(fields(answer.get("tokens")).get("output") or 0)
    return sum(_counts(answer))


def window_of(providers: Sequence[Row], provider: str, model: str) -> int | None:
    """Tokens; None where that is not known."""
    found = next((one for one in providers if one.get("id") == provider), {})
    limit = fields(fields(fields(found.get("models")).get(model)).get("limit")).get("context")
    return int(limit) if isinstance(limit, int | float) and limit > 0 else None


def _counts(one: Mapping[str, Any]) -> list[int]:
    """Tokens in and out, cached ones included."""
    tokens = fields(one.get("tokens"))
    cache = fields(tokens.get("cache"))
    kinds = [*(tokens.get(kind) for kind in ("input", "output", "reasoning")), *cache.values()]
    return [int(number) for number in kinds if isinstance(number, int | float)]
