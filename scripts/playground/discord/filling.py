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
