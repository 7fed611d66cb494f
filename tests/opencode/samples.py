"""Messages of OpenCode 1.18.33, in the shape in which it shows them and with the fields that matter."""

from typing import Any

Message = dict[str, Any]


def user(id: str, *texts: str, kind: str = "text") -> Message:
    return {"info": {"id": id, "role": "user", "time": {"created": 1}}, "parts": [part(text, kind) for text in texts]}


def part(text: str, kind: str = "text", **flags: bool) -> dict[str, Any]:
    return {"id": "prt_1", "type": kind, "text": text, **flags}


def assistant(parent: str, *texts: str, finish: str | None = "stop", **more: Any) -> Message:
    """One step. `finish` None: still open, or cut off."""
    info: dict[str, Any] = {"id": "msg_2041", "role": "assistant", "parentID": parent, "time": {"created": 1}}
    if finish is not None:
        info["finish"] = finish
        info["time"]["completed"] = 2
    return {"info": {**info, **more}, "parts": [{"type": "step-start"}, *map(part, texts)]}


def failed(parent: str, name: str, *texts: str, **details: Any) -> Message:
    message = assistant(parent, *texts, finish=None, error={"name": name, "data": details})
    message["info"]["time"]["completed"] = 2
    return message


def tool(**state: Any) -> dict[str, Any]:
    return {"type": "tool", "tool": "bash", "callID": "call_1", "state": state}
