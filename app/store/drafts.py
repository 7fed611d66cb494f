"""Drafts of questions, by the id of the interaction whose form is still open. One that is kept stays as it is."""

import json

from sqlite_utils import Database

from app.ids import ChannelId, UserId
from app.store.rows import about_of_json, json_of_about, json_of_attachments
from app.turns.drafts import Draft
from app.turns.preferences import Preference
from app.turns.records import Attachment


def keep(db: Database, id: str, draft: Draft, now: float) -> None:
    content = json.dumps(
        {
            "asker": draft.asker,
            "at": draft.at,
            "wishes": dict(draft.wishes),
            "attachments": json_of_attachments(draft.attachments),
            "private": draft.private,
            "about": json_of_about(draft.about),
        }
    )
    db.execute("INSERT INTO drafts (id, content, kept_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [id, content, now])


def find(db: Database, id: str) -> Draft | None:
    rows = list(db.query("SELECT content FROM drafts WHERE id = ?", [id]))
    return draft_of_json(rows[0]["content"]) if rows else None


def prune(db: Database, before: float) -> int:
    return len(list(db.query("DELETE FROM drafts WHERE kept_at < ? RETURNING id", [before])))


def draft_of_json(said: str) -> Draft:
    content = json.loads(said)
    return Draft(
        UserId(content["asker"]),
        ChannelId(content.get("at", "")),  # of an earlier version, that did not write it down: it fits nowhere
        {Preference(name): value for name, value in content["wishes"].items()},
        tuple(Attachment(**one) for one in json.loads(content["attachments"])),
        content["private"],
        about_of_json(content["about"]),
    )
