"""What Discord refuses in a modal.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal
"""

from scripts.playground.discord.components import (
    CHECKBOXES,
    FILE_UPLOAD,
    IN_LABEL,
    LABEL,
    RADIO,
    ROW,
    SELECTS,
    STRING_SELECT,
    TEXT,
    TEXT_INPUT,
    check_options,
    walk,
)
from scripts.playground.discord.errors import Complaints, Json
from scripts.playground.discord.shapes import check_shape


def check_modal(modal: Json) -> None:
    """Raises Refusal (50035)."""
    check_shape(modal, "data")
    complaints = Complaints()
    complaints.text("data.custom_id", modal.get("custom_id"), 1, 100)
    complaints.text("data.title", modal.get("title"), 1, 45)
    components = modal.get("components")
    if not isinstance(components, list) or not 1 <= len(components) <= 5:
        complaints.between("data.components", 1, 5)
    seen: set[object] = set()
    for path, component in walk(components, "data.components"):
        _check_one(complaints, path, component)
        if component.get("custom_id") is not None and component["custom_id"] in seen:
            words = "Component custom id cannot be duplicated"
            complaints.add(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", words)
        seen.add(component.get("custom_id"))
    complaints.finish()


def _check_one(complaints: Complaints, path: str, component: Json) -> None:
    kind, nested = component.get("type"), path.count(".") > 2
    if not nested and kind not in (ROW, TEXT, LABEL):
        complaints.choice(f"{path}.type", kind, (ROW, TEXT, LABEL))
    elif kind == LABEL:
        _check_label(complaints, path, component)
    elif kind == ROW and [c.get("type") for c in component.get("components") or []] != [TEXT_INPUT]:
        complaints.choice(f"{path}.components", None, (TEXT_INPUT,))
    elif kind in IN_LABEL:
        _check_input(complaints, path, component)


def _check_label(complaints: Complaints, path: str, label: Json) -> None:
    complaints.text(f"{path}.label", label.get("label"), 1, 45)
    if label.get("description") is not None:
        complaints.text(f"{path}.description", label["description"], 0, 100)
    child = label.get("component")
    if not isinstance(child, dict) or child.get("type") not in IN_LABEL:
        complaints.choice(f"{path}.component.type", child and child.get("type"), IN_LABEL)
    elif child.get("type") == TEXT_INPUT and "label" in child:
        words = "A text input inside a label has no label of its own."
        complaints.add(f"{path}.component.label", "COMPONENT_LABEL_NOT_ALLOWED", words)


def _check_input(complaints: Complaints, path: str, component: Json) -> None:
    """A component that a person fills in."""
    kind = component.get("type")
    complaints.text(f"{path}.custom_id", component.get("custom_id"), 1, 100)
    if component.get("disabled"):
        complaints.add(f"{path}.disabled", "COMPONENT_DISABLED_NOT_ALLOWED", "Nothing in a modal can be disabled.")
    if component.get("min_values") == 0 and component.get("required", True):
        complaints.add(f"{path}.min_values", "COMPONENT_REQUIRED_MIN_VALUES", "Must be at least 1 when required.")
    if component.get("placeholder") is not None:
        complaints.text(f"{path}.placeholder", component["placeholder"], 0, 100 if kind == TEXT_INPUT else 150)
    if kind == TEXT_INPUT:
        _check_text_input(complaints, path, component)
        if path.rpartition(".")[0].endswith(".components") and "label" not in component:
            complaints.require(f"{path}.label")  # in a row, which has none for it
    elif kind == STRING_SELECT:
        check_options(complaints, path, component.get("options") or [], 1, 25)
    elif kind in (RADIO, CHECKBOXES):
        check_options(complaints, path, component.get("options") or [], 2 if kind == RADIO else 1, 10)
    elif kind in (*SELECTS, FILE_UPLOAD) and component.get("max_values", 1) > (10 if kind == FILE_UPLOAD else 25):
        complaints.add(f"{path}.max_values", "NUMBER_TYPE_MAX", "The value is too large.")


def _check_text_input(complaints: Complaints, path: str, component: Json) -> None:
    if component.get("style") not in (1, 2):
        complaints.choice(f"{path}.style", component.get("style"), (1, 2))
    for key, least in (("min_length", 0), ("max_length", 1)):
        if not least <= component.get(key, least) <= 4000:
            complaints.add(f"{path}.{key}", "NUMBER_TYPE_MAX", f"int value should be between {least} and 4000.")
    if component.get("min_length", 0) > component.get("max_length", 4000):
        complaints.add(f"{path}.min_length", "NUMBER_TYPE_MAX", "min_length is greater than max_length.")
    if component.get("value") is not None:
        complaints.text(f"{path}.value", component["value"], 0, component.get("max_length", 4000))
    if "label" in component:
        complaints.text(f"{path}.label", component["label"], 1, 45)
