"""What the scripted model says next: a pure function of the conversation that it is shown.

A turn is a list of steps: something to say, a tool to call, a mishap. One request gets the steps up to and including
the next call; how far the turn has come is counted in the tool results after the last user message, and what the
closing words show of them stands there too. So nothing is remembered between requests, and a server that was killed
and started again goes on where it was cut off. (What is to happen only so many times is the exception: `model` counts
that, by working directory, prompt and calls done.)

A prompt may spell its steps out, one directive after the other, on one line or several:

    !say <text>                  !code [language]             !long <number of characters>
    !bash <command>              !write <path> <text>         !edit <path> <old> => <new>
    !read <path>                 !todo <a>; <b>; <c>          !tool <name> <arguments as JSON>
    !slow <seconds>              !hang                        !cut
    !fail <status> [how often]   !limit <seconds to wait>

`\\n` in a text of `!say`, `!write` and `!edit` is a new line. `!fail` answers this HTTP status, each time or the given
number of times; `!limit` answers 429 and when to come back; `!hang` answers nothing at all; `!cut` drops the
connection in the middle of a sentence, once. For any other prompt see `model_wishes`. Who speaks, in front of the first
line as `alice (123): `, is passed over.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from app.turns.history import END
from scripts.playground.model_steps import Call, Cut, Fail, Hang, Pause, Say, Step, absolute, fenced, plan
from scripts.playground.model_wishes import quoted, report, wished

Message = dict[str, Any]

UNDONE = ("[Tool execution was interrupted]", "Tool execution aborted")


def reply(messages: Sequence[Message]) -> list[Step]:
    """The steps that this request is answered with. At least one."""
    prompts = prompts_of(messages)
    if prompts and prompts[-1].startswith("Here is the conversation so far"):
        return [Say("The conversation so far, in one sentence: there was one.")]
    steps = script(prompts, directory_of(messages), results_of(messages))
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


SPEAKER = re.compile(r"\A[^\n]{1,100}? \(\d{1,20}\): ?")


def prompts_of(messages: Sequence[Message]) -> list[str]:
    """What people asked, without what was said before it, and without who asked it."""
    asked = [text_of(message).rpartition(END)[2].lstrip() for message in messages if message["role"] == "user"]
    return [SPEAKER.sub("", prompt, count=1) for prompt in asked]


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


def results_of(messages: Sequence[Message]) -> list[str]:
    """What the calls of this turn gave, in order. What was cut off does not count."""
    last = max((index for index, message in enumerate(messages) if message["role"] == "user"), default=-1)
    results = [text_of(message) for message in messages[last + 1 :] if message["role"] == "tool"]
    return [result for result in results if not result.startswith(UNDONE)]


def calls_done(messages: Sequence[Message]) -> int:
    return len(results_of(messages))


def script(prompts: Sequence[str], directory: str, results: Sequence[str]) -> list[Step]:
    """The whole turn that the last of `prompts` asks for. `results` are those of the calls that were made so far: the
    closing words show them."""
    prompt = prompts[-1] if prompts else ""
    return _directed(prompt, directory, results) or wished(prompt, directory, results) or quoted(prompts)


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


def _directed(prompt: str, directory: str, results: Sequence[str]) -> list[Step]:
    steps: list[Step] = []
    for line in prompt.splitlines():
        pieces = _DIRECTIVE.split(line)[1:]
        steps += [_step(name, argument.strip(), directory) for name, argument in zip(*[iter(pieces)] * 2, strict=True)]
    if steps and not any(isinstance(step, Say) for step in steps):
        steps.append(Say(_last_words(steps, results)))
    return steps


def _step(name: str, argument: str, directory: str) -> Step:
    try:
        return DIRECTIVES[name](argument, directory)
    except ValueError:
        return Say(f"I do not understand `!{name} {argument}`.")


def _last_words(steps: Sequence[Step], results: Sequence[str]) -> str:
    if any(isinstance(step, Call) for step in steps):
        return report(steps, results)
    return "Here I am again after the cut." if any(isinstance(step, Cut) for step in steps) else "Done."


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n")
