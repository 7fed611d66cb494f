"""What Discord's client lets a person choose and write, and the form in which it comes back.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.playground.discord.components import (
    CHECKBOX,
    LABEL,
    RADIO,
    ROW,
    SELECTS,
    STRING_SELECT,
    TEXT_INPUT,
    find,
    walk,
)
from scripts.playground.discord.errors import Json


class Impossible(Exception):
    """A person cannot do this in Discord's client: no such command, option, button, or not theirs to press."""


SINGLE = (TEXT_INPUT, RADIO, CHECKBOX)
NESTED = (1, 2)  # subcommands, and groups of them
STRING, INTEGER, BOOLEAN, NUMBER = 3, 4, 5, 10
VALUES: Mapping[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}
SAFE_INTEGER = (1 << 53) - 1


def fits(kind: int, value: object) -> bool:
    """Whether an option of this type can have this value. What is chosen by its id is not judged here."""
    taken = VALUES.get(kind)
    if taken is None:
        return True
    return isinstance(value, taken) and (kind == BOOLEAN or not isinstance(value, bool))


def judge_options(definition: Json, tree: Sequence[Json], *, whole: bool = True) -> None:
    """What the client checks of a typed command before it sends it. Of one that is still being typed (not `whole`) only
    that it names what there is. Raises Impossible."""
    known = {option["name"]: option for option in definition.get("options") or []}
    given = {option["name"]: option for option in tree}
    if unknown := sorted(given.keys() - known.keys()):
        raise Impossible(f"there is no option {unknown[0]}")
    if any(option["type"] in NESTED for option in known.values()) and len(tree) != 1:
        raise Impossible(f"choose one of {', '.join(known)}")
    for name, option in known.items():
        if name in given:
            _judge_option(option, given[name], whole)
        elif whole and option.get("required"):
            raise Impossible(f"option {name} is required")


def _judge_option(option: Json, given: Json, whole: bool) -> None:
    if given.get("type") != option["type"]:
        raise Impossible(f"option {option['name']} has the wrong type")
    if option["type"] in NESTED:
        judge_options(option, given.get("options") or [], whole=whole)
    elif whole and (why := _unfit(option, given.get("value"))):
        raise Impossible(f"option {option['name']} {why}")


def _unfit(option: Json, value: Any) -> str | None:
    if not fits(option["type"], value):
        return f"cannot be {value!r}"
    if option.get("choices") and value not in [choice["value"] for choice in option["choices"]]:
        return "is none of its choices"
    if isinstance(value, str) and not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000):
        return "has the wrong length"
    if option["type"] not in (INTEGER, NUMBER):
        return None
    least, most = option.get("min_value", -SAFE_INTEGER), option.get("max_value", SAFE_INTEGER)
    return None if least <= value <= most else f"is not from {least} to {most}"


def focused_in(tree: Sequence[Json]) -> Json | None:
    """The option that is being typed."""
    for option in tree:
        found = option if option.get("focused") else focused_in(option.get("options") or [])
        if found is not None:
            return found
    return None


def definition_of(definition: Json, tree: Sequence[Json], name: str) -> Json:
    """Of an option of the subcommand that `tree` is about. Raises Impossible."""
    known = {option["name"]: option for option in definition.get("options") or []}
    if name in known and known[name]["type"] not in NESTED:
        return dict(known[name])
    if len(tree) != 1 or tree[0]["name"] not in known:
        raise Impossible(f"there is no option {name}")
    return definition_of(known[tree[0]["name"]], tree[0].get("options") or [], name)


def named(components: object, name: str) -> Json | None:
    """By its custom_id, else by the words on it: a person knows nothing else."""
    by_words = (c for _, c in walk(components) if name in (c.get("label"), c.get("placeholder")) and "custom_id" in c)
    return find(components, name) or next(by_words, None)


def chosen(select: Json, picked: Sequence[str]) -> list[str]:
    """The values of what was picked, by value or by label. Raises Impossible for too few, too many or none of these."""
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if not (least if select.get("required", True) else 0) <= len(picked) <= most:
        raise Impossible(f"{len(picked)} chosen, where {least} to {most} can be")
    if select["type"] != STRING_SELECT:
        return list(picked)
    values = {name: option["value"] for option in select["options"] for name in (option["label"], option["value"])}
    if unknown := [name for name in picked if name not in values]:
        raise Impossible(f"there is no option {unknown[0]}")
    return [values[name] for name in picked]


def filled_modal(components: list[Json], values: Mapping[str, Any]) -> list[Json]:
    """A modal as it comes back: what was asked, with what the person put in, by custom_id or by label. Raises
    Impossible for what the form does not take."""
    answers = dict(values)
    filled = [
        _filled(part, answers, str(part.get("label") or "")) for part in components if part["type"] in (ROW, LABEL)
    ]
    if answers:
        raise Impossible(f"there is no field {next(iter(answers))}")
    return filled


def values_of(filled: Sequence[Json]) -> dict[str, Any]:
    """What was put into a modal, by custom_id."""
    fields = [field for _, field in walk(list(filled)) if "custom_id" in field]
    return {field["custom_id"]: field.get("values", field.get("value")) for field in fields}


def _filled(part: Json, answers: dict[str, Any], label: str) -> Json:
    """Takes what it uses out of the answers."""
    body: Json = {"type": part["type"]} | ({"id": part["id"]} if "id" in part else {})
    if part["type"] == ROW:
        return body | {"components": [_filled(child, answers, child.get("label", "")) for child in part["components"]]}
    if part["type"] == LABEL:
        return body | {"component": _filled(part["component"], answers, label)}
    custom_id = part["custom_id"]
    value = answers.pop(custom_id, answers.pop(label, _default(part)))
    _judge(part, value)
    return body | {"custom_id": custom_id, ("value" if part["type"] in SINGLE else "values"): value}


def _default(part: Json) -> Any:
    options = [option["value"] for option in part.get("options") or [] if option.get("default")]
    return part.get("value", "") if part["type"] in SINGLE else options


def _judge(part: Json, value: Any) -> None:
    required, custom_id = part.get("required", True), part["custom_id"]
    if part["type"] in SELECTS:
        chosen(part, value)
    elif required and value in ("", None, []):
        raise Impossible(f"{custom_id} is required")
    elif part["type"] == TEXT_INPUT and value:
        least, most = part.get("min_length", 0), part.get("max_length", 4000)
        if not least <= len(value) <= most:
            raise Impossible(f"{custom_id} has {len(value)} characters, where {least} to {most} can be")
