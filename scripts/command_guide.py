"""What the registrations do not say of the commands: where each is used, who sees what it answers, whether it wakes a
machine that sleeps, and an example. `document_commands` writes it into its page.

`tests/commands/test_guide.py` runs every example, and holds what is said here to what happens then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Where(Enum):
    THREAD = "in a thread"
    ASKING = "in a text channel or a thread"
    EITHER = "in a channel or a thread"
    SETTING = "in a thread; in a channel it only shows what counts there"


class Seen(Enum):
    ASKER = "only you see the answer"
    TOLD = "only you see the answer, and the thread is told that you did it"
    ALL = "everybody there sees it"
    CHANGE = "only you see what counts, and everybody there is told of a change"


@dataclass(frozen=True, slots=True)
class Guide:
    """`example` is what is typed behind the command; empty where it takes nothing. `more` is whole sentences."""

    where: Where
    seen: Seen
    example: str = ""
    wakes: bool = False
    more: str = ""

    @property
    def facts(self) -> str:
        facts = [self.where.value, self.seen.value, *["wakes a machine that sleeps"] * self.wakes]
        return " · ".join(fact[:1].upper() + fact[1:] for fact in facts)


IDLE = "Not while a question is at work or waits."
FINAL = "Not while the last question is undone either: it could not be redone any more."
SETTINGS = "What each setting means: [conversation.md](conversation.md#settings)."
NEWS = "A change counts from the next question on; of a repository and its branch from the next machine on."

# By the words behind `/opencord`, or by the name of an entry in a menu.
GUIDE: Mapping[str, Guide] = {
    "ask": Guide(
        Where.ASKING,
        Seen.ALL,
        "prompt: run the tests, and mend what fails",
        more="What is chosen beside the prompt stays chosen for the thread. With `private` only you see it, "
        "whom you invite, and who may manage threads.",
    ),
    "help": Guide(Where.EITHER, Seen.ASKER),
    "agent": Guide(Where.SETTING, Seen.CHANGE, "name: plan", more="It counts from the next question on."),
    "command": Guide(Where.ASKING, Seen.ALL, "name: init", more="It waits its turn like any other question."),
    "compact": Guide(Where.THREAD, Seen.TOLD, wakes=True, more=f"{IDLE} {FINAL}"),
    "config show": Guide(Where.EITHER, Seen.ASKER, more=SETTINGS),
    "config channel": Guide(
        Where.EITHER, Seen.ALL, "repository: https://github.com/owner/name branch: main", more=NEWS
    ),
    "config thread": Guide(
        Where.THREAD,
        Seen.ALL,
        "model: opencode/claude-sonnet-4-5 verbosity: quiet",
        more=f"{NEWS} The approver only people who may manage the channel (Manage Channel) can set.",
    ),
    "context": Guide(Where.THREAD, Seen.ASKER, wakes=True),
    "diff": Guide(Where.THREAD, Seen.ASKER, "of: everything that is not committed", wakes=True),
    "files list": Guide(Where.THREAD, Seen.ASKER, "path: src", wakes=True),
    "files get": Guide(Where.THREAD, Seen.ASKER, "path: src/main.py", wakes=True),
    "fork": Guide(
        Where.THREAD,
        Seen.ASKER,
        "prompt: try it with SQLite",
        more="Both threads are told who forked it, and the new one what came along. What was set for this thread "
        "counts there too.",
    ),
    "model": Guide(
        Where.SETTING, Seen.CHANGE, "name: opencode/claude-sonnet-4-5", more="It counts from the next question on."
    ),
    "pause": Guide(Where.THREAD, Seen.ASKER, more=IDLE),
    "preview": Guide(
        Where.THREAD,
        Seen.ASKER,
        "port: 3000",
        more="The link works for an hour, for whoever has it. No machine is woken for it, for nothing would run there.",
    ),
    "queue list": Guide(Where.THREAD, Seen.ASKER),
    "queue clear": Guide(
        Where.THREAD, Seen.ASKER, more="Where something of others is withdrawn, the thread is told that you did it."
    ),
    "queue move": Guide(Where.THREAD, Seen.ALL, "number: 2 to: 1"),
    "redo": Guide(Where.THREAD, Seen.TOLD, wakes=True, more="As long as nothing else was asked."),
    "reset": Guide(
        Where.THREAD,
        Seen.TOLD,
        more="It asks first where it would stop a question, and where work that exists nowhere else would be lost, or "
        "may be.",
    ),
    "resume": Guide(Where.THREAD, Seen.ASKER, wakes=True),
    "sessions": Guide(Where.EITHER, Seen.ASKER, "of: channel"),
    "ssh": Guide(
        Where.THREAD,
        Seen.ASKER,
        wakes=True,
        more="It works for an hour, for whoever has the line. Machines at Daytona have it, local ones do not. Where an "
        "approver is set, it is for people with that role, and for who may manage the channel: a shell needs no "
        "leave.",
    ),
    "status": Guide(Where.EITHER, Seen.ASKER),
    "stop": Guide(Where.THREAD, Seen.ASKER, more="What waits goes on waiting, and the next of it begins."),
    "todo": Guide(Where.THREAD, Seen.ASKER, wakes=True),
    "undo": Guide(
        Where.THREAD, Seen.TOLD, wakes=True, more="Files and conversation, of the thread's last question alone."
    ),
    "verbosity": Guide(Where.SETTING, Seen.CHANGE, "level: quiet"),
    "admin shell": Guide(
        Where.THREAD, Seen.ASKER, "command: git status", wakes=True, more="After a minute it is ended."
    ),
    "admin logs": Guide(Where.THREAD, Seen.ASKER, "lines: 200", wakes=True),
    "Ask OpenCord about this message": Guide(
        Where.ASKING, Seen.ASKER, more="Right-click the message, or hold it, and choose *Apps*. The answer is for all."
    ),
    "Continue from here": Guide(
        Where.ASKING,
        Seen.ASKER,
        more="In the menu of a question, or of something of its answer. What was asked later stays behind.",
    ),
}
