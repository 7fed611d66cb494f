"""What kind of value each field takes, whatever object it is in: the first thing that is refused, so that the checks of
limits after it need not ask whether a list is one.

Discord uses a name for the same kind of thing wherever it occurs, but for the few that are not listed here.
"""

from scripts.playground.discord.errors import Complaints

OBJECTS = frozenset(
    [
        "accessory",
        "allowed_mentions",
        "author",
        "component",
        "data",
        "file",
        "footer",
        "image",
        "media",
        "message_reference",
        "thumbnail",
    ]
)
LISTS_OF_OBJECTS = frozenset(["attachments", "choices", "components", "embeds", "fields", "items", "options"])
LISTS_OF_SCALARS = frozenset(["applied_tags", "parse", "roles", "users"])
INTEGERS = frozenset(["auto_archive_duration", "max_length", "max_values", "min_length", "min_values", "style"])
SCALARS = frozenset(["content", "custom_id", "description", "label", "name", "title", "type", "url", "value"])


def check_shape(body: object, path: str = "") -> None:
    """Everything in `body`, which stands at `path`. Null may mean "nothing". Raises Refusal (50035)."""
    complaints = Complaints()
    _walk(complaints, path, body)
    complaints.finish()


def _walk(complaints: Complaints, path: str, body: object) -> None:
    if isinstance(body, list):
        for index, item in enumerate(body):
            _walk(complaints, _under(path, index), item)
    if not isinstance(body, dict):
        return
    for key, value in body.items():
        here = _under(path, key)
        if (wrong := _wrong(key, value)) is not None:
            complaints.add(here, *wrong)
        else:
            _walk(complaints, here, value)


def _under(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _wrong(key: str, value: object) -> tuple[str, str] | None:
    """The code and the words, if this is no value for a field of this name."""
    if key in INTEGERS and (isinstance(value, bool) or not isinstance(value, int)):
        return "NUMBER_TYPE_COERCE", f"Value {value!r} is not an int."
    if value is None:
        return None
    if key in OBJECTS and not isinstance(value, dict):
        return "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"
    if key in LISTS_OF_OBJECTS and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
        return "LIST_TYPE_CONVERT", "Only iterables of objects may be used here"
    if key in LISTS_OF_SCALARS and not (isinstance(value, list) and not any(isinstance(i, dict | list) for i in value)):
        return "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"
    if key in SCALARS and isinstance(value, dict | list):
        return "BASE_TYPE_BAD_TYPE", "Could not interpret this value as a string."
    return None
