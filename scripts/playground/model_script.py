"""What the scripted model says next: a pure function of the conversation that it is shown.

A turn is a list of steps: something to say, a tool to call, a mishap. One request gets the steps up to and including
the next call; how far the turn has come is counted in the tool results after the last user message. So nothing is
remembered between requests, and a server that was killed and started again goes on where it was cut off. (What is to
happen only so many times is the exception: `model` counts that, by working directory, prompt and calls done.)

A prompt may spell its steps out, one directive after the other, on one line or several:

    !say <text>                  !code [language]             !long <number of characters>
    !bash <command>              !write <path> <text>         !edit <path> <old> => <new>
    !read <path>                 !todo <a>; <b>; <c>          !tool <name> <arguments as JSON>
    !slow <seconds>              !hang                        !cut
    !fail <status> [how often]   !limit <seconds to wait>

`\\n` in a text of `!say`, `!write` and `!edit` is a new line. `!fail` answers this HTTP status, each time or the given
number of times; `!limit` answers 429 and when to come back; `!hang` answers nothing at all; `!cut` drops the
connection in the middle of a sentence, once. Any other prompt is read for a few familiar wishes (list the files,
write hello.py, run it, make a plan) and otherwise quoted.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Fail:
    status: int
    times: int | None = None  # None: always
    retry_after: int | None = None  # seconds


@dataclass(frozen=True, slots=True)
class Hang:
    pass


@dataclass(frozen=True, slots=True)
class Cut:
    pass


Step = Say | Call | Pause | Fail | Hang | Cut

UNDONE = ("[Tool execution was interrupted]", "Tool execution aborted")


def reply(messages: Sequence[Message]) -> list[Step]:
    """The steps that this request is answered with. At least one."""
    prompts = prompts_of(messages)
    if prompts and prompts[-1].startswith("Here is the conversation so far"):
        return [Say("The conversation so far, in one sentence: there was one.")]
    steps = script(prompts, directory_of(messages))
    calls = [index for index, step in enumerate(steps) if isinstance(step, Call)]
    done = calls_done(messages)
    begin = calls[min(done, len(calls)) - 1] + 1 if done and calls else 0
    end = calls[done] + 1 if done < len(calls) else len(steps)
    return _apart(steps[begin:end]) or [Say("That is all.")]


def _apart(steps: Sequence[Step]) -> list[Step]:
    """What is said in one reply becomes one text: a paragraph for each saying."""
    said, result = False, list[Step]()
    for step in steps:
        result.append(Say(f"\n\n{step.text}") if said and isinstance(step, Say) else step)
        said = said or isinstance(step, Say)
    return result


def prompts_of(messages: Sequence[Message]) -> list[str]:
    return [text_of(message) for message in messages if message["role"] == "user"]


def text_of(message: Message) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")


def directory_of(messages: Sequence[Message]) -> str:
    """The working directory as OpenCode's system prompt states it, with a slash at the end; empty if it does not."""
    system = "\n".join(text_of(message) for message in messages if message["role"] == "system")
    found = re.search(r"Working directory: (.+)", system)
    return found.group(1).strip().rstrip("/") + "/" if found else ""


def calls_done(messages: Sequence[Message]) -> int:
    """In this turn. What was cut off does not count."""
    last = max((index for index, message in enumerate(messages) if message["role"] == "user"), default=-1)
    results = [text_of(message) for message in messages[last + 1 :] if message["role"] == "tool"]
    return sum(not result.startswith(UNDONE) for result in results)


def script(prompts: Sequence[str], directory: str) -> list[Step]:
    """The whole turn that the last of `prompts` asks for."""
    prompt = prompts[-1] if prompts else ""
    return _directed(prompt, directory) or _wished(prompt, directory) or _quoted(prompts)


# --- directives


def _say(argument: str, directory: str) -> Step:
    return Say(_unescaped(argument) + "\n\n" if argument else "")


def _code(argument: str, directory: str) -> Step:
    return Say(fenced("def answer():\n    return 42", argument or "python"))


def _long(argument: str, directory: str) -> Step:
    line = "The quick brown fox jumps over the lazy dog and thinks nothing of it.\n"
    length = int(argument)
    return Say((line * (length // len(line) + 1))[:length])


def _bash(argument: str, directory: str) -> Step:
    return Call("bash", {"command": argument, "description": "Runs what was asked for"})


def _write(argument: str, directory: str) -> Step:
    path, _, text = argument.partition(" ")
    return Call("write", {"filePath": _absolute(path, directory), "content": _unescaped(text)})


def _edit(argument: str, directory: str) -> Step:
    path, _, change = argument.partition(" ")
    old, _, new = change.partition(" => ")
    paths = {"filePath": _absolute(path, directory)}
    return Call("edit", {**paths, "oldString": _unescaped(old), "newString": _unescaped(new)})


def _read(argument: str, directory: str) -> Step:
    return Call("read", {"filePath": _absolute(argument, directory)})


def _todo(argument: str, directory: str) -> Step:
    tasks = [task.strip() for task in argument.split(";") if task.strip()]
    states = ["in_progress", *["pending"] * len(tasks)]
    todos = [
        {"content": task, "status": state, "priority": "medium"} for task, state in zip(tasks, states, strict=False)
    ]
    return Call("todowrite", {"todos": todos})


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
    "code": _code,
    "long": _long,
    "bash": _bash,
    "write": _write,
    "edit": _edit,
    "read": _read,
    "todo": _todo,
    "tool": _tool,
    "slow": _slow,
    "fail": _fail,
    "limit": _limit,
    "hang": _hang,
    "cut": _cut,
}
_DIRECTIVE = re.compile(rf"(?:^|(?<=\s))!({'|'.join(DIRECTIVES)})\b")


def _directed(prompt: str, directory: str) -> list[Step]:
    steps: list[Step] = []
    for line in prompt.splitlines():
        pieces = _DIRECTIVE.split(line)[1:]
        steps += [_step(name, argument.strip(), directory) for name, argument in zip(*[iter(pieces)] * 2, strict=True)]
    if steps and not any(isinstance(step, Say) for step in steps):
        steps.append(Say(_last_words(steps)))
    return steps


def _step(name: str, argument: str, directory: str) -> Step:
    try:
        return DIRECTIVES[name](argument, directory)
    except ValueError:
        return Say(f"I do not understand `!{name} {argument}`.")


def _last_words(steps: Sequence[Step]) -> str:
    deeds = [_deed(step) for step in steps if isinstance(step, Call)]
    if deeds:
        return f"Done: {_listed(deeds)}."
    return "Here I am again after the cut." if any(isinstance(step, Cut) for step in steps) else "Done."


# --- familiar wishes

SAMPLES = {
    "py": 'def main() -> None:\n    print("Hello from OpenCode!")\n\n\nif __name__ == "__main__":\n    main()\n',
    "js": 'console.log("Hello from OpenCode!");\n',
    "sh": '#!/bin/sh\necho "Hello from OpenCode!"\n',
    "md": "# Hello\n\nWritten by OpenCode.\n",
}
RUNNERS = {"py": "python3", "js": "node", "sh": "sh"}
LANGUAGES = {"py": "python", "js": "javascript", "sh": "sh", "md": "markdown"}


def _wished(prompt: str, directory: str) -> list[Step]:
    wish = prompt.lower()
    files = re.findall(r"\b(?:write|create|make|add)\b[^.!?]*?\b([\w-]+\.(\w+))", prompt, re.IGNORECASE)
    steps: list[Step] = []
    if re.search(r"\b(plan|todo)\b", wish):
        steps.append(_todo("look around; do what was asked; check the result", directory))
    if re.search(r"\b(list|show)\b.*\bfiles\b", wish):
        steps.append(Call("bash", {"command": "ls -la", "description": "Lists the files"}))
    for name, kind in files:
        content = SAMPLES.get(kind, "Hello from OpenCode!\n")
        steps.append(Call("write", {"filePath": _absolute(name, directory), "content": content}))
        if re.search(r"\brun\b", wish) and kind in RUNNERS:
            steps.append(Call("bash", {"command": f"{RUNNERS[kind]} {name}", "description": f"Runs {name}"}))
    if not steps:
        return []
    deeds = [_deed(step) for step in steps if isinstance(step, Call)]
    shown = [f"\n\n{fenced(SAMPLES[kind].rstrip(), LANGUAGES[kind])}" for _, kind in files if kind in SAMPLES]
    return [Say("Let me have a look. "), *steps, Say(f"Done: {_listed(deeds)}.{''.join(shown)}")]


def _deed(call: Call) -> str:
    path = str(call.arguments.get("filePath", "")).rpartition("/")[2]
    match call.tool:
        case "bash":
            return f"ran `{call.arguments['command']}`"
        case "write":
            return f"wrote `{path}`"
        case "edit":
            return f"edited `{path}`"
        case "read":
            return f"read `{path}`"
        case "todowrite":
            return "made a plan"
    return f"used {call.tool}"


def _quoted(prompts: Sequence[str]) -> list[Step]:
    asked = _one_line(prompts[-1]) if prompts else ""
    answer = f"You asked: “{asked}” I am the scripted model of the playground, so this is all I can say about it."
    if len(prompts) > 1:
        answer += f" Before that you asked: “{_one_line(prompts[-2])}”"
    return [Say(answer)]


# --- text


def fenced(code: str, language: str) -> str:
    return f"```{language}\n{code}\n```"


def _absolute(path: str, directory: str) -> str:
    return path if path.startswith("/") else directory + path


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"


def _listed(deeds: Sequence[str]) -> str:
    return ", ".join(deeds[:-1]) + (" and " if len(deeds) > 1 else "") + deeds[-1]
