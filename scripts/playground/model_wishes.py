"""What the scripted model does without directives: a few familiar wishes (list the files, write hello.py, run it, make
a plan, ask me which colour I like, ask me whether …, let a sub-agent look around), and a quotation of anything else.
Also what it says at the end of a turn that called tools.
"""

import re
from collections.abc import Sequence

from scripts.playground.model_directives import question
from scripts.playground.model_steps import Call, Say, Step, absolute, fenced, plan

MOST_LINES, WIDEST = 20, 120  # of what a command printed
SAMPLES = {
    "py": 'def main() -> None:\n    print("Hello from OpenCode!")\n\n\nif __name__ == "__main__":\n    main()\n',
    "js": 'console.log("Hello from OpenCode!");\n',
    "sh": '#!/bin/sh\necho "Hello from OpenCode!"\n',
    "md": "# Hello\n\nWritten by OpenCode.\n",
}
RUNNERS = {"py": "python3", "js": "node", "sh": "sh"}
LANGUAGES = {"py": "python", "js": "javascript", "sh": "sh", "md": "markdown"}


def wished(prompt: str, directory: str, results: Sequence[str]) -> list[Step]:
    wish = prompt.lower()
    if re.search(r"\bask me\b", wish):
        asking = Call("question", {"questions": [_asked(prompt)]})
        return [Say("I would rather ask. "), asking, Say(report([asking], results))]
    files = re.findall(r"\b(?:write|create|make|add)\b[^.!?]*?\b([\w-]+\.(\w+))", prompt, re.IGNORECASE)
    steps: list[Step] = []
    if re.search(r"\b(plan|todo)\b", wish):
        steps.append(plan(["look around", "do what was asked", "check the result"]))
    if re.search(r"\bsub-?agent\b|\bdelegate\b", wish):
        order = {"description": "Looks around", "prompt": "list the files", "subagent_type": "general"}
        steps.append(Call("task", order))
    elif re.search(r"\b(list|show)\b.*\bfiles\b", wish):
        steps.append(Call("bash", {"command": "ls -la", "description": "Lists the files"}))
    for name, kind in files:
        content = SAMPLES.get(kind, "Hello from OpenCode!\n")
        steps.append(Call("write", {"filePath": absolute(name, directory), "content": content}))
        if re.search(r"\brun\b", wish) and kind in RUNNERS:
            steps.append(Call("bash", {"command": f"{RUNNERS[kind]} {name}", "description": f"Runs {name}"}))
    if not steps:
        return []
    return [Say("Let me have a look. "), *steps, Say(report(steps, results))]


def _asked(prompt: str) -> dict[str, object]:
    if re.search(r"\bcolou?r", prompt, re.IGNORECASE):
        colours = ("Red (like a rose)", "Green (like grass)", "Blue (like the sea)")
        return question("Which colour do you like?", *colours, header="Colour")
    wanted = re.search(r"\bask me\s+(?:whether|if)?\s*([^.!?\n]+)", prompt, re.IGNORECASE)
    return question(f"{wanted[1].strip().capitalize() if wanted else 'Shall I'}?", "Yes", "No")


# --- what was done


def report(steps: Sequence[Step], results: Sequence[str]) -> str:
    calls = [step for step in steps if isinstance(step, Call)]
    pieces = [_proof(call, result) for call, result in zip(calls, results, strict=False)]
    return "\n\n".join([f"Done: {_listed([_deed(call) for call in calls])}.", *filter(None, pieces)])


def _proof(call: Call, result: str) -> str:
    """What a command printed, what was answered, the code that was written; nothing for what speaks for itself."""
    if call.tool == "bash":
        return fenced(_shortened(result), "") if result.strip() else ""
    if call.tool == "question":
        answers = re.findall(r'"="([^"]*)"', result)
        return f"You answered: {', '.join(answers)}." if answers else ""
    if call.tool == "task" and (found := re.search(r"<task_result>\n?(.*?)\n?</task_result>", result, re.DOTALL)):
        return "\n".join(f"> {line}" for line in found[1].strip().splitlines())
    language = LANGUAGES.get(str(call.arguments.get("filePath", "")).rpartition(".")[2])
    if call.tool == "write" and language:
        return fenced(_shortened(str(call.arguments.get("content", ""))), language)
    return ""


def _deed(call: Call) -> str:
    path = str(call.arguments.get("filePath", "")).rpartition("/")[2]
    match call.tool:
        case "bash":
            return f"ran `{call.arguments.get('command', '')}`"
        case "write":
            return f"wrote `{path}`"
        case "edit":
            return f"edited `{path}`"
        case "read":
            return f"read `{path}`"
        case "todowrite":
            return "made a plan"
        case "question":
            return "asked you"
        case "task":
            return "let a sub-agent work"
    return f"used {call.tool}"


def quoted(prompts: Sequence[str]) -> list[Step]:
    asked = _one_line(prompts[-1]) if prompts else ""
    answer = f"You asked: “{asked}” I am the scripted model of the playground, so this is all I can say about it."
    if len(prompts) > 1:
        answer += f" Before that you asked: “{_one_line(prompts[-2])}”"
    return [Say(answer)]


# --- text


def _shortened(text: str) -> str:
    """At most so many lines of at most so many characters, none of which can end a fence."""
    lines = text.rstrip().replace("```", "``\u200b`").splitlines()
    shown = [line if len(line) <= WIDEST else line[: WIDEST - 1] + "…" for line in lines[:MOST_LINES]]
    return "\n".join(shown + ([f"… (lines in all: {len(lines)})"] if len(lines) > MOST_LINES else []))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"


def _listed(deeds: Sequence[str]) -> str:
    return ", ".join(deeds[:-1]) + (" and " if len(deeds) > 1 else "") + deeds[-1]
