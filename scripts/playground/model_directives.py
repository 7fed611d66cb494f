"""The directives of the scripted model: each makes one step of a turn. `model_script` says what they look like."""

import json
import re
from collections.abc import Callable
from typing import Any

from scripts.playground.model_steps import Call, Cut, Fail, Hang, Pause, Say, Step, Think, absolute, fenced, plan

HEADER, LONGEST_HEADER = "Question", 30
_JAVASCRIPT = "function answer() {\n  return 42;\n}"
_SHELL = "answer() {\n  echo 42\n}"
CODE = {
    "python": "def answer():\n    return 42",
    "py": "def answer():\n    return 42",
    "javascript": _JAVASCRIPT,
    "js": _JAVASCRIPT,
    "typescript": "function answer(): number {\n  return 42;\n}",
    "ts": "function answer(): number {\n  return 42;\n}",
    "bash": _SHELL,
    "sh": _SHELL,
    "go": "func answer() int {\n\treturn 42\n}",
    "rust": "fn answer() -> u8 {\n    42\n}",
    "java": "int answer() {\n    return 42;\n}",
    "c": "int answer(void) {\n    return 42;\n}",
    "sql": "SELECT 42 AS answer;",
    "json": '{"answer": 42}',
    "html": "<p>42</p>",
    "css": ".answer { order: 42; }",
}


def directed(prompt: str, directory: str) -> list[Step]:
    """The steps that a prompt spells out. None, when there is no directive in it."""
    steps: list[Step] = []
    for line in prompt.splitlines():
        # A task takes the rest of its line: there may be directives in it too.
        own, *task = _TASK.split(line, maxsplit=1)
        pieces = [*_DIRECTIVE.split(own)[1:], *(piece for rest in task for piece in ("task", rest))]
        steps += [_step(name, argument.strip(), directory) for name, argument in zip(*[iter(pieces)] * 2, strict=True)]
    return steps


def _step(name: str, argument: str, directory: str) -> Step:
    try:
        return DIRECTIVES[name](argument, directory)
    except ValueError:
        return Say(f"I do not understand `!{name} {argument}`.")


def question(text: str, *options: str, header: str = HEADER, many: bool = False) -> dict[str, Any]:
    """One of those that OpenCode's tool of this name asks. An option may be described in brackets."""
    described = [re.fullmatch(r"(.+?)(?: \((.+)\))?", option) for option in options]
    choices = [{"label": one[1], "description": one[2] or one[1]} for one in described if one]
    return {"question": text, "header": header[:LONGEST_HEADER], "options": choices, "multiple": many}


def _say(argument: str, directory: str) -> Step:
    return Say(_unescaped(argument) + "\n\n" if argument else "")


def _reason(argument: str, directory: str) -> Step:
    return Think(_unescaped(argument))


def _code(argument: str, directory: str) -> Step:
    language = argument or "python"
    return Say(fenced(CODE.get(language.lower(), "42"), language))


def _long(argument: str, directory: str) -> Step:
    line = "The quick brown fox jumps over the lazy dog and thinks nothing of it.\n"
    length = int(argument)
    return Say((line * (length // len(line) + 1))[:length])


def _bash(argument: str, directory: str) -> Step:
    return Call("bash", {"command": argument, "description": "Runs what was asked for"})


def _write(argument: str, directory: str) -> Step:
    path, _, text = argument.partition(" ")
    return Call("write", {"filePath": absolute(path, directory), "content": _unescaped(text)})


def _edit(argument: str, directory: str) -> Step:
    path, _, change = argument.partition(" ")
    old, _, new = change.partition(" => ")
    paths = {"filePath": absolute(path, directory)}
    return Call("edit", {**paths, "oldString": _unescaped(old), "newString": _unescaped(new)})


def _read(argument: str, directory: str) -> Step:
    return Call("read", {"filePath": absolute(argument, directory)})


def _todo(argument: str, directory: str) -> Step:
    return plan([task.strip() for task in argument.split(";") if task.strip()])


def _question(argument: str, directory: str) -> Step:
    questions = []
    for piece in argument.split(";"):
        asked, mark, choices = piece.partition("?")
        if not mark:
            raise ValueError(piece)
        headed = _HEADED.match(asked.strip())
        header, text = headed.groups() if headed else (HEADER, asked.strip())
        many = choices.strip().startswith("[]")
        options = [option.strip() for option in choices.strip().removeprefix("[]").split("|")]
        questions.append(question(f"{text}?", *filter(None, options), header=header, many=many))
    return Call("question", {"questions": questions})


def _task(argument: str, directory: str) -> Step:
    """What is before the first directive describes the task, all of it is the sub-agent's prompt."""
    description = argument.partition("!")[0].strip(" :") or "Helps out"
    return Call("task", {"description": description, "prompt": argument, "subagent_type": "general"})


def _tool(argument: str, directory: str) -> Step:
    name, _, arguments = argument.partition(" ")
    return Call(name, json.loads(arguments or "{}"))


def _slow(argument: str, directory: str) -> Step:
    return Pause(float(argument))


def _fail(argument: str, directory: str) -> Step:
    status, *times = argument.split()
    return Fail(int(status), int(times[0]) if times else None)


def _limit(argument: str, directory: str) -> Step:
    return Fail(429, retry_after=int(argument))


def _hang(argument: str, directory: str) -> Step:
    return Hang()


def _cut(argument: str, directory: str) -> Step:
    return Cut()


DIRECTIVES: dict[str, Callable[[str, str], Step]] = {
    "say": _say,
    "reason": _reason,
    "code": _code,
    "long": _long,
    "bash": _bash,
    "write": _write,
    "edit": _edit,
    "read": _read,
    "todo": _todo,
    "question": _question,
    "task": _task,
    "tool": _tool,
    "slow": _slow,
    "fail": _fail,
    "limit": _limit,
    "hang": _hang,
    "cut": _cut,
}
_HEADED = re.compile(rf"([^:]{{1,{LONGEST_HEADER}}}):\s+(.+)", re.DOTALL)
_TASK = re.compile(r"(?:^|(?<=\s))!task\b")
_DIRECTIVE = re.compile(rf"(?:^|(?<=\s))!({'|'.join(DIRECTIVES)})\b")


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n")
