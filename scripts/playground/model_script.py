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
    !fail <status> [how often]   !limit <seconds to wait>     !reason <text>
    !question <header>: <text>? <option> | <option (description)>; <text>? [] <option> | <option>; <text>?
    !task <description> <what a sub-agent is to do, in directives of its own, up to the end of the line>

`\\n` in a text of `!say`, `!reason`, `!write` and `!edit` is a new line. `!question` asks one or several at once:
behind `[]` more than one option may be chosen, without options the answer is the person's own, and the header may be
left out. `!fail` answers this HTTP status, each time or the given number of times: a 4xx ends the turn at once, a 5xx
only after OpenCode has tried again for about a minute; `!limit` answers 429 and when to come back; `!hang` answers
nothing at all; `!cut` drops the connection in the middle of a sentence, once. For any other prompt see `model_wishes`.
Who speaks, in front of the first line as `alice (123): `, is passed over, and so is what stands around a message that
the prompt is about. Images are acknowledged, unless the prompt
says what to say.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.turns.history import ASKED, END
from app.turns.surroundings import UNSAID
from scripts.playground.model_directives import directed
from scripts.playground.model_steps import Call, Cut, Say, Step
from scripts.playground.model_wishes import quoted, report, wished

Message = dict[str, Any]

READ = "Called the Read tool with the following input:"
UNDONE = ("[Tool execution was interrupted]", "Tool execution aborted")


def reply(messages: Sequence[Message], parts: Mapping[str, str] | None = None) -> list[Step]:
    """The steps that this request is answered with. At least one. `parts` are those that a test has written: what a
    prompt stands for, in directives."""
    prompts = [meant(prompt, parts or {}) for prompt in prompts_of(messages)]
    if prompts and prompts[-1].startswith("Here is the conversation so far"):
        return [Say("The conversation so far, in one sentence: there was one.")]
    steps = script(prompts, directory_of(messages), results_of(messages), images_of(messages))
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


def meant(prompt: str, parts: Mapping[str, str]) -> str:
    """By its first paragraph: behind that, the app says which files came with it."""
    return parts.get(prompt.partition("\n\n")[0].strip(), prompt)


SPEAKER = re.compile(r"\A[^\n]{1,100}? \(\d{1,20}\): ?")
ABOUT = re.compile(r"\A(.*)\n\n\(This is about a message of [^\n]+\n((?:>[^\n]*(?:\n|\Z))+)", re.DOTALL)


def prompts_of(messages: Sequence[Message]) -> list[str]:
    """What people asked, without what was said before it, who asked it, the files that came with it, and the messages
    that it is about."""
    asked = [
        _own_text(message).rpartition(END)[2].lstrip().removeprefix(ASKED).lstrip()
        for message in messages
        if message["role"] == "user"
    ]
    return [_question(SPEAKER.sub("", prompt, count=1)) for prompt in asked]


def _question(prompt: str) -> str:
    """Of one about a message: that message where nothing more was asked, and never what stands around it."""
    if (found := ABOUT.match(prompt)) is None:
        return prompt
    question, said = found.groups()
    if question != UNSAID:
        return str(question)
    return "\n".join(line.removeprefix("> ") for line in said.splitlines())


def _own_text(message: Message) -> str:
    """OpenCode puts two parts in front of a prompt for every text file: that it was read, and what is in it."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    texts = [part["text"] for part in content if part.get("type") == "text"]
    read = [place for place, text in enumerate(texts) if text.startswith(READ)]
    files = {*read, *(place + 1 for place in read)}
    return "\n".join(text for place, text in enumerate(texts) if place not in files)


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


def images_of(messages: Sequence[Message]) -> int:
    """How many came with the last prompt."""
    asked = [message.get("content") for message in messages if message["role"] == "user"][-1:]
    parts = asked[0] if asked and isinstance(asked[0], list) else []
    return sum(part.get("type") == "image_url" for part in parts)


def script(prompts: Sequence[str], directory: str, results: Sequence[str], images: int = 0) -> list[Step]:
    """The whole turn that the last of `prompts` asks for. `results` are those of the calls that were made so far: the
    closing words show them."""
    prompt = prompts[-1] if prompts else ""
    steps = directed(prompt, directory)
    if any(isinstance(step, Say) for step in steps):
        return steps
    if steps:
        steps.append(Say(_last_words(steps, results)))
    else:
        steps = wished(prompt, directory, results) or quoted(prompts)
    if images:
        steps.append(Say("I see an image." if images == 1 else f"I see {images} images."))
    return steps


def _last_words(steps: Sequence[Step], results: Sequence[str]) -> str:
    if any(isinstance(step, Call) for step in steps):
        return report(steps, results)
    return "Here I am again after the cut." if any(isinstance(step, Cut) for step in steps) else "Done."
