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

NAME = 60
REASON = 300
PATTERN = 100
PATTERNS_ROOM = 300
SUBJECT_ROOM = 600  # where there is a diff as well

# No line of a change begins like the first of these.
PREAMBLE = re.compile(r"^Index: .*\n=+\n--- (.*)\n\+\+\+ (.*)$", re.MULTILINE)

# OpenCode's own permissions: https://opencode.ai/docs/permissions
WANTS = {
    "bash": "run a command",
    "edit": "change a file",
    "read": "read a file",
    "glob": "look for files",
    "grep": "search files",
    "list": "list a directory",
    "external_directory": "work outside of its workspace",
    "webfetch": "fetch a page",
    "websearch": "search the web",
    "task": "hand a task over to another agent",
    "skill": "use a skill",
    "doom_loop": "go on, though it does the same again and again",
}


def ask(asked: Asked, notify: UserId | None = None, *, approver: str | None = None, is_over: bool = True) -> View:
    """`notify` is named in it, as long as it is open; in a permission the role that alone decides, too. Unless the turn
    `is_over`, what is gone may be asked again."""
    about, is_open = asked.ask.about, asked.state is AskState.OPEN
    if isinstance(about, Permission):
        head = f"**The agent asks for permission** to {_wanted(about)}:"
        line = _line("🔐", head, notify) if is_open else _outcome(asked, is_over=is_over)
        return _permission(asked, about, line, approver, _afterwards(asked, is_over=is_over))
    if is_open and asked.question is not None:
        head = "**The agent asks**" + (f" · Question {len(asked.answers) + 1} of {len(about)}" * (len(about) > 1))
        return question(asked, asked.question, _line("❓", head, notify), _deadline(asked, "the turn ends"))
    return record(asked, about, _outcome(asked, is_over=is_over), _afterwards(asked, is_over=is_over))


def denial(custom_id: str) -> Payload:
    """What a press of Deny is answered with."""
    words = "With a reason the agent goes on, and does it another way; without one the turn ends."
    reason = text_input("reason", "Reason", description=words, placeholder="Optional", required=False)
    return modal(custom_id, "Deny this?", reason)


def _permission(
    asked: Asked, permission: Permission, head: str, approver: str | None, afterwards: tuple[Payload, ...]
) -> View:
    tail, enclosed = _always(permission) if asked.state is AskState.OPEN else ([], ())
    if asked.state is AskState.OPEN:
        tail += [f"{SUBTEXT}Only people with the role <@&{approver}> may decide this."] if approver else []
        tail += [f"{SUBTEXT}**Deny** ends the turn; with a reason, the agent goes on and does it another way."]
        tail += [_deadline(asked, "nothing of this is done, the turn ends")]
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
    until = "for everybody in this thread, until its machine sleeps or is started again"
    return [f"{SUBTEXT}**Always allow** covers {covered}, {until}."], files


def _patterns(patterns: Sequence[str]) -> tuple[str, tuple[File, ...]]:
    if not patterns:
        return "whatever is like this", ()
    if set(patterns) == {"*"}:
        return "everything of this kind", ()
    shown, room = list[str](), PATTERNS_ROOM
    for pattern in patterns:
        shown += [code(pattern, PATTERN)] if units(code(pattern, PATTERN)) + 2 <= room else []
        room -= units(code(pattern, PATTERN)) + 2
    if shown == [f"`{pattern}`" for pattern in patterns]:
        return ", ".join(shown), ()
    listed = ", ".join([*shown, "…"])
    return f"{listed} (all of them are in the file always.txt)", (enclose("always.txt", visible("\n".join(patterns))),)


def _buttons(asked: Asked) -> tuple[Payload, ...]:
    if asked.state is not AskState.OPEN:
        return ()
    key = f"{asked.turn}:{asked.ask.id}"
    once = button("Allow once", f"allow:{key}:once", Style.SUCCESS)
    return (row(once, button("Always allow", f"allow:{key}:always"), button("Deny", f"deny:{key}", Style.DANGER)),)


def _afterwards(asked: Asked, *, is_over: bool) -> tuple[Payload, ...]:
    is_lost = asked.state is AskState.GONE and is_over
    return (row(button("Retry", f"retry:{asked.turn}")),) if is_lost else ()


def _outcome(asked: Asked, *, is_over: bool) -> str:
    """The first line, once it is not open any more: who decided what."""
    said = [decided] if (decided := _decided(asked)) else []
    if asked.state is AskState.GONE:
        again = "" if is_over else "; if the agent still needs one, it asks again below"
        gone = f"⌛ **Gone**: nobody waits for an answer to this any more{again}"
        said = [gone, *(f"too late: {words}" for words in said)]
    if isinstance(asked.ask.about, Permission):
        said += [f"the agent asked to {_wanted(asked.ask.about)}:"]
    return SUBTEXT + " · ".join(said)


def _decided(asked: Asked) -> str:
    by = f" by {prose(asked.by, NAME)}" if asked.by else ""
    match asked.decision:
        case Allowed(always=always):
            return f"✅ **{'Always allowed' if always else 'Allowed once'}**{by}"
        case Denied(reason=reason):
            return f"🚫 **Denied**{by}" + (f": {prose(reason, REASON)}" if reason.strip() else "")
        case Answered():
            return f"✅ **Answered**{by}"
    return "" if asked.state is AskState.GONE else "✅ **Decided**"


def _wanted(permission: Permission) -> str:
    return WANTS.get(permission.action, f"use {code(permission.action, NAME)}")


def _line(glyph: str, words: str, notify: UserId | None) -> str:
    return f"{SUBTEXT}{glyph} " + (f"{mention(notify)} " if notify else "") + words


def _deadline(asked: Asked, then: str) -> str:
    return f"{SUBTEXT}Waiting until {timestamp(asked.expires_at, 't')}. After that {then}, and the machine sleeps."
