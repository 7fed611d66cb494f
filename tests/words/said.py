"""All words that there are, each by `module.NAME`, and which of them a source uses."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from app import words

ROOT = Path(__file__).parents[2]
SOURCES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.glob("app/**/*.py"))}
HOME = "app.words"


def strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from (text for one in value.values() for text in strings(one))
        case tuple():
            yield from (text for one in value for text in strings(one))


SAID: Mapping[str, tuple[str, ...]] = {
    f"{one.name}.{name}": tuple(strings(value))
    for one in pkgutil.iter_modules(words.__path__)
    for name, value in vars(importlib.import_module(f"{HOME}.{one.name}")).items()
    if name.isupper()
}


def names_in(node: ast.AST, known: Mapping[str, str]) -> Iterator[str]:
    """The words that are read in it: `known` says what the names of its source stand for."""
    for one in ast.walk(node):
        match one:
            case ast.Name(id=name, ctx=ast.Load()) if name in known:
                yield known[name]
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in known and name.isupper():
                yield f"{known[module]}.{name}"


def known_in(where: str, tree: ast.AST) -> dict[str, str]:
    """What the names of a source stand for: words, and modules of words."""
    known = {}
    if where.startswith("app/words/"):
        module = Path(where).stem
        known = {name.rpartition(".")[2]: name for name in SAID if name.startswith(f"{module}.")}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(HOME):
            module = (node.module or "")[len(HOME) + 1 :]
            known |= {one.asname or one.name: f"{module}.{one.name}".lstrip(".") for one in node.names}
    return known
