"""The events of a session, as they are carried to another server. Pure.

OpenCode writes down every change of a session, numbered from 0 without a gap, and can make the session anew from that.
A tool that prints writes hundreds of events for one part of a message, each with all of it so far. Only the last state
of everything counts, so that is all that is carried, numbered anew: what comes of it is the same session.

A session belongs to the project and the folder that are named in its events. Those of another machine may be others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.ids import TurnId
from app.opencode.transcript import ENDED, Message, is_prompt, message_id, outcome_of

Event = Mapping[str, Any]

NOTE = "msg_df"  # how the ids of our own remarks begin, which ask nothing


class Unheard(Exception):
    """The session does not have the turn that was named."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a session goes along."""

    before: str | None  # the first message that does not; None: all of it goes
    questions: int
    tree: str | None  # OpenCode's name for the files as they were then; empty: they are still so; None: nobody knows
    is_cut_short: bool  # a turn at work was left out, which would have come along
    is_undone: bool  # something that was undone was left out, which would have come along


def note_id(turn: TurnId) -> str:
    return f"{NOTE}{turn}"


def condensed(events: Iterable[Mapping[str, Any]], session: str, home: Mapping[str, str]) -> list[Event]:
    """As a server takes them. `events` are rows of its history, in their order; `home` has what takes the place of
    fields of the session, in every event that tells of it."""
    known: dict[tuple[str, str], Event] = {}
    for row in events:
        if row.get("aggregate_id") != session:
            continue
        kind, content = str(row["type"]), row["data"]
        if kind.startswith("message.removed"):
            known = {subject: event for subject, event in known.items() if subject[0] != content["messageID"]}
        elif kind.startswith("message.part.removed"):
            known.pop((content["messageID"], content["partID"]), None)
        else:
            known[_subject(kind, content, row)] = _at_home(row, kind, home)
    return [
        {"id": row["id"], "aggregateID": session, "seq": number, "type": row["type"], "data": row["data"]}
        for number, row in enumerate(known.values())
    ]


def _subject(kind: str, content: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[str, str]:
    """What it tells of: a later one tells all of that anew."""
    if kind.startswith("message.part.updated"):
        return content["part"]["messageID"], content["part"]["id"]
    if kind.startswith("message.updated"):
        return content["info"]["id"], ""
    return ("", kind) if kind.startswith(("session.created", "session.updated")) else ("", str(row["id"]))


def _at_home(row: Mapping[str, Any], kind: str, home: Mapping[str, str]) -> Mapping[str, Any]:
    info = row["data"].get("info")
    if not kind.startswith("session.") or not isinstance(info, dict):
        return row
    return {**row, "data": {**row["data"], "info": info | {name: home[name] for name in home.keys() & info.keys()}}}


def messages_of(events: Sequence[Event]) -> list[Message]:
    """In the session's order, of condensed events."""
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        content = event["data"]
        if str(event["type"]).startswith("message.updated"):
            found[content["info"]["id"]] = {"info": content["info"], "parts": []}
        elif str(event["type"]).startswith("message.part.updated") and content["part"]["messageID"] in found:
            found[content["part"]["messageID"]]["parts"].append(content["part"])
    return list(found.values())


def reverted_in(events: Sequence[Event]) -> str | None:
    """The first message that is undone."""
    told = [event["data"].get("info") or {} for event in events if str(event["type"]).startswith("session.updated")]
    return (told[-1].get("revert") or {}).get("messageID") if told else None


def extent(messages: Sequence[Message], reverted: str | None, last: TurnId | None, *, is_busy: bool) -> Extent:
    """Up to and including the turn `last`, or all of it but what is at work and what is undone. Raises Unheard."""
    ids = [str(one["info"]["id"]) for one in messages]
    ends = [len(messages)]
    if last is not None:
        begin = next((ids.index(one) for one in (message_id(last), note_id(last)) if one in ids), None)
        if begin is None:
            raise Unheard(last)
        ends += [at for at in range(begin + 1, len(messages)) if _is_ours(messages[at])][:1]
    wished = min(ends)
    at_work = _at_work(messages) if is_busy else len(messages)
    ends += [at_work]
    ends += [ids.index(reverted)] if reverted in ids else []
    end = min(ends)
    kept = messages[:end]
    return Extent(
        before=ids[end] if end < len(messages) else None,
        questions=sum(map(_asks, kept)),
        tree=_tree(kept, messages[end:]) if last is not None and end < len(messages) else "",
        is_cut_short=at_work < wished,
        is_undone=reverted in ids and ids.index(reverted) < wished,
    )


def _at_work(messages: Sequence[Message]) -> int:
    """Where in a busy session that begins which is at work: the newest prompt, or what the server does behind it."""
    newest = max((at for at, one in enumerate(messages) if is_prompt(one)), default=0)
    if not messages or outcome_of(messages, str(messages[newest]["info"]["id"])).fate not in ENDED:
        return newest
    behind = (at for at in range(newest + 1, len(messages)) if messages[at]["info"]["role"] == "user")
    return next(behind, len(messages))


def _is_ours(message: Message) -> bool:
    return is_prompt(message) or str(message["info"]["id"]).startswith(NOTE)


def _asks(message: Message) -> bool:
    """Whether somebody has asked it: not a server that has compacted the session, and no remark of ours."""
    parts = [part for part in message["parts"] if not part.get("synthetic") and part["type"] != "compaction"]
    return message["info"]["role"] == "user" and bool(parts)


def _tree(kept: Sequence[Message], later: Sequence[Message]) -> str | None:
    """The last that OpenCode has taken note of, where that was the end of a step; a step that was broken off may have
    changed more, and then the next one knows what it began with."""
    last, then = _snapshots(kept)[-1:], _snapshots(later)[:1]
    ends = [part for part in last if part["type"] == "step-finish"]
    begins = [part for part in then if part["type"] == "step-start"]
    return next((str(part["snapshot"]) for part in (*ends, *begins)), None)


def _snapshots(messages: Sequence[Message]) -> Sequence[Mapping[str, Any]]:
    return [part for one in messages for part in one["parts"] if part.get("snapshot")]
