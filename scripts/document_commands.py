"""Writes what people read of the commands from their registrations: `docs/commands.md`, and the table in the README.

`python -m scripts.document_commands [--check]`. With `--check` nothing is written, and the exit code is 1 when one of
the two is out of date. What stands outside of the README's two marks is nobody's but its author's.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from app.commands import MENUS, REGISTRATION
from app.commands.access import needed
from app.discord.payloads import Payload
from scripts.command_guide import GUIDE, Guide

ROOT = Path(__file__).resolve().parent.parent
PAGE, README = Path("docs") / "commands.md", Path("README.md")
BEGIN, END = "<!-- commands: python -m scripts.document_commands -->", "<!-- end of commands -->"
HEAD = """# Commands

Everything that can be done with a command, made from what is registered at Discord by
`python -m scripts.document_commands`. Type `/opencord` in a channel to see the same, with a field for every option; an
option that has suggestions shows them while you type. What is for one message is in that message's menu, under *Apps*.

Whoever may talk to the bot may use every command, unless its section names somebody. What does not work where or when
it is used says so, and only who used it sees that.

![The list that a slash opens, in the demo](commands.png)
"""
WIDTH = 120
CHAT_INPUT, GROUP = 1, 2  # a subcommand's type is a command's
TAKES = {
    3: "text",
    4: "whole number",
    5: "true or false",
    6: "person",
    7: "channel",
    8: "role",
    9: "person or role",
    10: "number",
    11: "file",
}


@dataclass(frozen=True, slots=True)
class Runnable:
    """Something that a person can run: a subcommand, alone or in a group, or an entry of a message's menu."""

    path: tuple[str, ...]  # the command's own name first
    description: str
    options: tuple[Payload, ...] = ()
    is_menu: bool = False

    @property
    def title(self) -> str:
        return self.path[0] if self.is_menu else f"/{' '.join(self.path)}"

    @property
    def usage(self) -> str:
        """As it is typed, with what it cannot do without."""
        if self.is_menu:
            return f"*Apps* › **{self.title}**"
        needed = [f"{option['name']}:" for option in self.options if option.get("required")]
        more = ["[…]"] if len(needed) < len(self.options) else []
        return f"`{' '.join([self.title, *needed, *more])}`"

    @property
    def guide(self) -> Guide | None:
        return GUIDE.get(" ".join(self.path[1:] or self.path))

    @property
    def example(self) -> str:
        """A whole command, as somebody would type it; empty where the title is all of it."""
        return f"{self.title} {self.guide.example}" if self.guide and self.guide.example else ""

    @property
    def only_for(self) -> str:
        """Who may run it, when not everybody may."""
        who = needed(self.path[1:])
        return f"{who.value.partition('. ')[0]}." if who else ""


def runnables(commands: Sequence[Payload] = REGISTRATION) -> list[Runnable]:
    found: list[Runnable] = []
    for command in commands:
        if command.get("type", CHAT_INPUT) == CHAT_INPUT:
            found += _below(command, ())
        else:
            found.append(Runnable((command["name"],), purpose(command["name"]), is_menu=True))
    return found


def _below(node: Payload, above: tuple[str, ...]) -> Iterator[Runnable]:
    path, options = (*above, node["name"]), node.get("options", [])
    nested = [option for option in options if option["type"] <= GROUP]
    for option in nested:
        yield from _below(option, path)
    if not nested:
        yield Runnable(path, node["description"], tuple(options))


def purpose(menu: str) -> str:
    """Discord takes no description of what is in a menu: the first sentence of its module is it."""
    sentence = " ".join((MENUS[menu].__doc__ or "").split()).partition(". ")[0].rstrip(".")
    said = sentence.partition(": ")[2] or sentence
    return said[:1].upper() + said[1:]


def page(found: Sequence[Runnable]) -> str:
    return "\n".join([HEAD, *(section(one) for one in found)])


def section(one: Runnable) -> str:
    lines = [f"## {one.title}", "", f"{one.description.rstrip('.')}.", ""]
    if one.guide:
        lines += [one.guide.facts, ""]
    if about := " ".join(filter(None, [one.only_for, one.guide.more if one.guide else ""])):
        lines += [fill(about, WIDTH, break_long_words=False), ""]
    if one.options:
        rows = [f"| `{o['name']}` | {cell(taken(o))} | {cell(o['description'])} |" for o in one.options]
        lines += ["| option | takes | |", "|---|---|---|", *rows, ""]
    if one.example:
        lines += [f"For example: `{one.example}`", ""]
    return "\n".join(lines)


def taken(option: Payload) -> str:
    """What can be given for it."""
    if choices := option.get("choices"):
        what = f"one of *{'*; *'.join(str(choice['name']) for choice in choices)}*"
    else:
        what = TAKES[option["type"]] + limits(option)
    suggests = ", with suggestions while you type" if option.get("autocomplete") else ""
    return f"{what}{suggests}" if option.get("required") else f"{what}{suggests}; optional"


def limits(option: Payload) -> str:
    least, most = option.get("min_value"), option.get("max_value")
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None:
        return f", {least} at least"
    if most is not None:
        return f", {most} at most"
    return f" of {option['max_length']:,} characters at most" if "max_length" in option else ""


def table(found: Sequence[Runnable]) -> str:
    rows = [f"| {cell(one.usage)} | {cell(one.description)} |" for one in found]
    return "\n".join([BEGIN, "", "| command | what it does |", "|---|---|", *rows, "", END])


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def with_table(readme: str, found: Sequence[Runnable]) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{table(found)}{after}"


def wanted(root: Path = ROOT) -> dict[Path, str]:
    """What should stand in each of the files."""
    found = runnables()
    return {root / PAGE: page(found), root / README: with_table((root / README).read_text(), found)}


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="document_commands", description="Write what people read of the commands.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when something is out of date")
    is_check = parser.parse_args(arguments).check
    old = [path for path, text in wanted(root).items() if not path.exists() or path.read_text() != text]
    for path in old:
        print(f"{path.relative_to(root)}: {'out of date' if is_check else 'written'}", file=sys.stderr)
        if not is_check:
            path.write_text(wanted(root)[path])
    return int(is_check and bool(old))


if __name__ == "__main__":
    raise SystemExit(main())
