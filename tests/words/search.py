"""Finds what is said to people in a source, by its syntax tree.

It takes for words: what reads like a sentence, what is dressed up for people (bold type, a glyph), and any letters that
are given to one of the doors by which words reach somebody. It cannot see a sentence that is put together of fragments
outside of these.
"""

import ast
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

REGISTERED = frozenset({"REGISTRATION", "SETTINGS", "MEANING", "CHOICES"})  # what Discord shows while one types

# The doors: what is given to them in these places is read by somebody.
DOORS: Mapping[str, tuple[int, ...]] = {
    "TurnedAway": (0,),
    "Refused": (0,),
    "Unfit": (0,),
    "UnfitFiles": (0,),
    "Result": (0,),
    "told": (0,),
    "updated": (0,),
    "aloud": (0,),
    "button": (0,),
    "modal": (1,),
    "text_input": (1,),
    "message": (0,),
    "edit": (0,),
    "announce": (1,),
    "annotate": (1,),
    "tell": (1,),
    "dismiss": (1,),
}
NAMED = frozenset({"tell", "aloud", "placeholder", "label"})
SENTENCE = re.compile(r"\W*[A-Z“](?=.*\w\W+\w+\W+\w).*(?:(?<=[\w”}*`)])[.!:…]|(?<=[\w”}`])\?)[)”*`]*", re.DOTALL)


def found_in(source: str) -> Iterator[str]:
    """What is said there to people, fields as `{}`."""
    tree = ast.parse(source)
    silent = set(map(id, not_said(tree)))
    at_doors = {id(one) for call in ast.walk(tree) if isinstance(call, ast.Call) for one in given(call)}
    for node in ast.walk(tree):
        text = text_of(node)
        if text is None or id(node) in silent:
            continue
        if SENTENCE.fullmatch(text.strip()) or is_dressed(text) or (id(node) in at_doors and has_words(text)):
            yield text


def not_said(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, what is logged, what is registered, and the pieces of a longer literal."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                yield node.value
            case ast.JoinedStr():
                yield from node.values
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                yield from ast.walk(node)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield from ast.walk(node) if name in REGISTERED else ()


def given(call: ast.Call) -> Iterator[ast.AST]:
    """What is handed through the doors, also either way of a condition."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    places = DOORS.get(name, ())
    yield from branches(call.args[place] for place in places if place < len(call.args))
    yield from branches(keyword.value for keyword in call.keywords if keyword.arg in NAMED)


def branches(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield node
        if isinstance(node, ast.IfExp):
            yield from branches((node.body, node.orelse))
        if isinstance(node, ast.BinOp | ast.BoolOp | ast.Starred):
            yield from branches(ast.iter_child_nodes(node))


def text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_dressed(text: str) -> bool:
    has_glyph = any(unicodedata.category(one) == "So" for one in text)
    return bool(re.search(r"\*\*[A-Za-z]", text)) or (has_glyph and has_words(text))


def has_words(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]{2}", text))
