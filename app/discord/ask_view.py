"""What an agent asks people: leave to do something, here; questions, in `question_view`. Pure.

Whoever decides sees all of what they decide on: the whole command, the whole diff, every option; what a message does
not hold is enclosed as a file. Each message says until when it waits and what happens then, and in the end who decided
what. Its buttons carry all that a press needs: `allow:<turn>:<ask>:once`, and so on.
"""

import re
from collections.abc import Sequence

from app.discord.enclosures import document, enclose
from app.discord.limits import CONTENT
from app.discord.notation import SUBTEXT, code, mention, prose, timestamp, visible
from app.discord.payloads import Payload, Style, View, button, modal, row, text_input
from app.discord.question_view import question, record
from app.discord.text import units
from app.ids import UserId
from app.turns.asks import Asked, AskState
from app.turns.progress import Allowed, Answered, Denied, Permission
from app.turns.records import File
from app.words.decisions import (
    ALLOW_ONCE,
    ALLOWED_ALWAYS,
    ALLOWED_ONCE,
    ALWAYS_ALLOW,
    ALWAYS_COVERS,
    ALWAYS_UNTIL,
    ANSWERED,
    APPROVERS_DECIDE,
    ASKED_LEAVE,
    ASKS,
    ASKS_LEAVE,
    ASKS_NUMBER,
    BY,
    COVERS_ALL,
    COVERS_FILE,
    COVERS_LIKE,
    DECIDED,
    DENIAL_ENDS,
    DENIAL_HINT,
    DENIAL_OPTIONAL,
    DENIAL_REASON,
    DENIAL_TITLE,
    DENIED,
    DENIED_BECAUSE,
    DENY,
    GONE,
    GONE_FOR_NOW,
    RETRY,
    THEN_ENDS,
    THEN_UNDONE,
    TOO_LATE,
    WAITING,
    WANTS,
    WANTS_TOOL,
)

NAME = 60
REASON = 300
PATTERN = 100
PATTERNS_ROOM = 300
SUBJECT_ROOM = 600  # where there is a diff as well

# No line of a change begins like the first of these.
PREAMBLE = re.compile(r"^Index: .*\n=+\n--- (.*)\n\+\+\+ (.*)$", re.MULTILINE)


def ask(asked: Asked, notify: UserId | None = None, *, approver: str | None = None, is_over: bool = True) -> View:
    """`notify` is named in it, as long as it is open; in a permission the role that alone decides, too. Unless the turn
    `is_over`, what is gone may be asked again."""
    about, is_open = asked.ask.about, asked.state is AskState.OPEN
    if isinstance(about, Permission):
        head = ASKS_LEAVE.format(wanted=_wanted(about))
        line = _line("🔐", head, notify) if is_open else _outcome(asked, is_over=is_over)
        return _permission(asked, about, line, approver, _afterwards(asked, is_over=is_over))
    if is_open and asked.question is not None:
        head = (ASKS_NUMBER if len(about) > 1 else ASKS).format(number=len(asked.answers) + 1, all=len(about))
        return question(asked, asked.question, _line("❓", head, notify), _deadline(asked, THEN_ENDS))
    return record(asked, about, _outcome(asked, is_over=is_over), _afterwards(asked, is_over=is_over))


def denial(custom_id: str) -> Payload:
    """What a press of Deny is answered with."""
    reason = text_input("reason", DENIAL_REASON, description=DENIAL_HINT, placeholder=DENIAL_OPTIONAL, required=False)
    return modal(custom_id, DENIAL_TITLE, reason)


def _permission(
    asked: Asked, permission: Permission, head: str, approver: str | None, afterwards: tuple[Payload, ...]
) -> View:
    tail, enclosed = _always(permission) if asked.state is AskState.OPEN else ([], ())
    if asked.state is AskState.OPEN:
        tail += [SUBTEXT + APPROVERS_DECIDE.format(role=approver)] if approver else []
        tail += [SUBTEXT + DENIAL_ENDS]
        tail += [_deadline(asked, THEN_UNDONE)]
    room = CONTENT - sum(units(line) + 1 for line in (head, *tail))
    body, files = _subject(permission, room)
    content = "\n".join([head, *body, *tail])
    return View(content, _buttons(asked) or afterwards, (*files, *enclosed))


def _subject(permission: Permission, room: int) -> tuple[list[str], tuple[File, ...]]:
    """What it is about, the whole of it."""
    if not permission.diff.strip():
        name, language = ("command.sh", "sh") if permission.action == "bash" else ("request.txt", "")
        shown, files = document(name, permission.subject, language, room)
        return [shown], files
    subject, files = _path(permission.subject)
    diff, more = document("changes.diff", _plain(permission), "diff", room - units(subject) - 1)
    return [subject, diff], (*files, *more)


def _plain(permission: Permission) -> str:
    """The diff without what OpenCode writes above it, and with the paths as people know them."""
    paths = permission.subject.splitlines()

    def short(path: str) -> str:
        return next((known for known in paths if known and path.strip().endswith(f"/{known}")), path.strip())

    def heading(found: re.Match[str]) -> str:
        return f"--- {short(found[1])}\n+++ {short(found[2])}"

    return PREAMBLE.sub(heading, permission.diff).rstrip("\n") + "\n"


def _path(path: str) -> tuple[str, tuple[File, ...]]:
    shown = code(path, 2 * PATTERN)
    if shown == f"`{path}`" or not path.strip():
        return shown, ()
    return document("path.txt", path, "", SUBJECT_ROOM)


def _always(permission: Permission) -> tuple[list[str], tuple[File, ...]]:
    """What “Always allow” would cover, and for how long."""
    covered, files = _patterns(permission.always)
    return [SUBTEXT + ALWAYS_COVERS.format(covered=covered, until=ALWAYS_UNTIL)], files


def _patterns(patterns: Sequence[str]) -> tuple[str, tuple[File, ...]]:
    if not patterns:
        return COVERS_LIKE, ()
    if set(patterns) == {"*"}:
        return COVERS_ALL, ()
    shown, room = list[str](), PATTERNS_ROOM
    for pattern in patterns:
        shown += [code(pattern, PATTERN)] if units(code(pattern, PATTERN)) + 2 <= room else []
        room -= units(code(pattern, PATTERN)) + 2
    if shown == [f"`{pattern}`" for pattern in patterns]:
        return ", ".join(shown), ()
    listed = ", ".join([*shown, "…"])
    file = enclose("always.txt", visible("\n".join(patterns)))
    return COVERS_FILE.format(listed=listed, file=file.name), (file,)


def _buttons(asked: Asked) -> tuple[Payload, ...]:
    if asked.state is not AskState.OPEN:
        return ()
    key = f"{asked.turn}:{asked.ask.id}"
    once = button(ALLOW_ONCE, f"allow:{key}:once", Style.SUCCESS)
    return (row(once, button(ALWAYS_ALLOW, f"allow:{key}:always"), button(DENY, f"deny:{key}", Style.DANGER)),)


def _afterwards(asked: Asked, *, is_over: bool) -> tuple[Payload, ...]:
    is_lost = asked.state is AskState.GONE and is_over
    return (row(button(RETRY, f"retry:{asked.turn}")),) if is_lost else ()


def _outcome(asked: Asked, *, is_over: bool) -> str:
    """The first line, once it is not open any more: who decided what."""
    said = [decided] if (decided := _decided(asked)) else []
    if asked.state is AskState.GONE:
        said = [GONE if is_over else GONE_FOR_NOW, *(TOO_LATE.format(decided=words) for words in said)]
    if isinstance(asked.ask.about, Permission):
        said += [ASKED_LEAVE.format(wanted=_wanted(asked.ask.about))]
    return SUBTEXT + " · ".join(said)


def _decided(asked: Asked) -> str:
    by = BY.format(name=prose(asked.by, NAME)) if asked.by else ""
    match asked.decision:
        case Allowed(always=always):
            return (ALLOWED_ALWAYS if always else ALLOWED_ONCE).format(by=by)
        case Denied(reason=reason):
            return (DENIED_BECAUSE if reason.strip() else DENIED).format(by=by, reason=prose(reason, REASON))
        case Answered():
            return ANSWERED.format(by=by)
    return "" if asked.state is AskState.GONE else DECIDED


def _wanted(permission: Permission) -> str:
    return WANTS.get(permission.action, WANTS_TOOL.format(tool=code(permission.action, NAME)))


def _line(glyph: str, words: str, notify: UserId | None) -> str:
    return f"{SUBTEXT}{glyph} " + (f"{mention(notify)} " if notify else "") + words


def _deadline(asked: Asked, then: str) -> str:
    return SUBTEXT + WAITING.format(until=timestamp(asked.expires_at, "t"), then=then)
