"""What Discord refuses in components, in messages and in modals; and finding one by its custom_id.

https://docs.discord.com/developers/components/reference
"""

from collections.abc import Iterator

from scripts.playground.discord.errors import Complaints, Json
from scripts.playground.discord.records import Flag

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LABEL, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 18, 19, 21, 22, 23
TOP_V2 = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_LABEL = (TEXT_INPUT, *SELECTS, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX)


def is_v2(body: Json) -> bool:
    flags = body.get("flags")
    return isinstance(flags, int) and bool(flags & Flag.IS_COMPONENTS_V2)


def walk(components: object, path: str = "components") -> Iterator[tuple[str, Json]]:
    """Every component with its path, the nested ones after the one that holds them."""
    for index, component in enumerate(components if isinstance(components, list) else []):
        if isinstance(component, dict):
            here = f"{path}.{index}"
            yield here, component
            yield from walk(component.get("components"), f"{here}.components")
            for key in ("accessory", "component"):
                if isinstance(component.get(key), dict):
                    yield f"{here}.{key}", component[key]


def find(components: object, custom_id: str) -> Json | None:
    return next((c for _, c in walk(components) if c.get("custom_id") == custom_id), None)


def check_components(complaints: Complaints, components: object, *, v2: bool) -> None:
    """Of a message."""
    if not isinstance(components, list):
        complaints.add("components", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if not v2 and len(components) > 5:
        complaints.add("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    every = list(walk(components))
    if len(every) > 40:
        complaints.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The total is limited to 40.")
    for index, component in enumerate(components):
        kind = component.get("type") if isinstance(component, dict) else None
        if kind not in (TOP_V2 if v2 else (ROW,)):
            complaints.choice(f"components.{index}.type", kind, TOP_V2 if v2 else (ROW,))
    texts = sum(len(c.get("content") or "") for _, c in every if c.get("type") == TEXT)
    if texts > 4000:
        words = "The total text of all components must be 4000 or fewer in length."
        complaints.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words)
    _check_each(complaints, every)


def _check_each(complaints: Complaints, every: list[tuple[str, Json]]) -> None:
    seen: set[object] = set()
    for path, component in every:
        check = CHECKS.get(component.get("type", 0))
        if check:
            check(complaints, path, component)
        custom_id = component.get("custom_id")
        if custom_id is None:
            continue
        complaints.text(f"{path}.custom_id", custom_id, 1, 100)
        if custom_id in seen:
            words = "Component custom id cannot be duplicated"
            complaints.add(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", words)
        seen.add(custom_id)


def _check_row(complaints: Complaints, path: str, row: Json) -> None:
    inside = row.get("components") or []
    kinds = [component.get("type") for component in inside]
    if not 1 <= len(inside) <= 5:
        complaints.between(f"{path}.components", 1, 5)
    if any(kind in SELECTS for kind in kinds) and len(inside) > 1:
        words = "A select takes a row of its own."
        complaints.add(f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", words)
    for index, kind in enumerate(kinds):
        if kind not in (BUTTON, TEXT_INPUT, *SELECTS):
            complaints.choice(f"{path}.components.{index}.type", kind, (BUTTON, *SELECTS))


def _check_button(complaints: Complaints, path: str, button: Json) -> None:
    style = button.get("style")
    if style not in range(1, 7):
        complaints.choice(f"{path}.style", style, (1, 2, 3, 4, 5, 6))
    if button.get("label") is not None:
        complaints.text(f"{path}.label", button["label"], 0, 80)
    if not (str(button.get("label") or "").strip() or button.get("emoji") or style == 6):
        complaints.add(path, "BUTTON_COMPONENT_MISSING_LABEL", "A button needs a label or an emoji.")
    if style == 5:
        complaints.text(f"{path}.url", button.get("url"), 1, 512)
        if "custom_id" in button:
            complaints.add(f"{path}.custom_id", "BASE_TYPE_EXCLUSIVE", "A link button has a url and no custom_id.")
    elif style in range(1, 5) and not button.get("custom_id"):
        complaints.add(f"{path}.custom_id", "BASE_TYPE_REQUIRED", "A custom id is required.")


def _check_select(complaints: Complaints, path: str, select: Json) -> None:
    if not select.get("custom_id"):
        complaints.require(f"{path}.custom_id")
    if select.get("placeholder") is not None:
        complaints.text(f"{path}.placeholder", select["placeholder"], 0, 150)
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if not 0 <= least <= 25:
        complaints.add(f"{path}.min_values", "NUMBER_TYPE_MAX", "int value should be between 0 and 25.")
    if not 1 <= most <= 25 or least > most:
        complaints.add(f"{path}.max_values", "NUMBER_TYPE_MAX", "int value should be between 1 and 25.")
    if select.get("type") == STRING_SELECT:
        options = select.get("options") or []
        check_options(complaints, path, options, 1, 25)
        _check_counts(
            complaints, path, len(options), sum(bool(option.get("default")) for option in options), least, most
        )


def _check_counts(complaints: Complaints, path: str, offered: int, chosen: int, least: int, most: int) -> None:
    """Of a select's options: no more can be wanted, and no more be chosen already, than there may be."""
    if offered and max(least, most) > offered:
        complaints.between(f"{path}.options", max(least, most), 25)
    if chosen > most:
        words = "More options are chosen by default than max_values."
        complaints.add(f"{path}.options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", words)


def check_options(complaints: Complaints, path: str, options: list[Json], least: int, most: int) -> None:
    if not least <= len(options) <= most:
        complaints.between(f"{path}.options", least, most)
    seen: set[object] = set()
    for index, option in enumerate(options):
        here = f"{path}.options.{index}"
        complaints.text(f"{here}.label", option.get("label"), 1, 100)
        complaints.text(f"{here}.value", option.get("value"), 1, 100)
        if option.get("description") is not None:
            complaints.text(f"{here}.description", option["description"], 0, 100)
        if option.get("value") in seen:
            words = "The specified option value is already used"
            complaints.add(f"{here}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", words)
        seen.add(option.get("value"))


def _check_text(complaints: Complaints, path: str, component: Json) -> None:
    complaints.text(f"{path}.content", component.get("content"), 1, 4000)


def _check_section(complaints: Complaints, path: str, section: Json) -> None:
    if not 1 <= len(section.get("components") or []) <= 3:
        complaints.between(f"{path}.components", 1, 3)
    if not isinstance(section.get("accessory"), dict):
        complaints.require(f"{path}.accessory")


def _check_gallery(complaints: Complaints, path: str, gallery: Json) -> None:
    if not 1 <= len(gallery.get("items") or []) <= 10:
        complaints.between(f"{path}.items", 1, 10)


def _check_file(complaints: Complaints, path: str, file: Json) -> None:
    if not str((file.get("file") or {}).get("url", "")).startswith("attachment://"):
        complaints.add(f"{path}.file.url", "COMPONENT_FILE_URL_INVALID", "Only attachment:// URLs are supported.")


CHECKS = {
    ROW: _check_row,
    BUTTON: _check_button,
    **dict.fromkeys(SELECTS, _check_select),
    TEXT: _check_text,
    SECTION: _check_section,
    GALLERY: _check_gallery,
    FILE: _check_file,
}
