"""Which apology is for what: what a person reads when OpenCode or its model could not do it."""

from collections.abc import Sequence

from app.opencode.transcript import Fault
from app.turns.catalogue import Kind
from app.words import apologies
from app.words.amounts import plural

NOT_FOUND = 404


def limited(seconds: float) -> str:
    """For so long."""
    minutes = max(1, round(seconds / 60))
    when = plural(minutes, "minute") if minutes < 100 else plural(round(minutes / 60), "hour")
    return apologies.LIMITED_FOR.format(when=when)


def unknown_model(model: str) -> str:
    return apologies.UNKNOWN_MODEL.format(model=model)


def unknown(kind: Kind, name: str, nearest: Sequence[str]) -> str:
    """For what somebody chose in Discord, where they can choose another."""
    template = apologies.UNKNOWN_CHOICE if nearest else apologies.UNKNOWN_CHOICE_AT_ALL
    return template.format(kind=kind, name=name, command=apologies.CHOOSING[kind], nearest=", ".join(nearest))


def for_fault(fault: Fault, model: str, *, chosen: bool = False) -> str:
    """`chosen`: somebody chose the model in Discord, and not the operator."""
    if chosen and is_about_model(fault):
        return unknown(Kind.MODEL, model, ())
    match fault.name:
        case "ContextOverflowError":
            return apologies.CONVERSATION_TOO_LONG
        case "MessageOutputLengthError":
            return apologies.ANSWER_TOO_LONG
        case "ContentFilterError":
            return apologies.FILTERED
        case "ProviderAuthError":
            return _for_status(401, model)
    if is_about_model(fault) and fault.status != NOT_FOUND:
        return unknown_model(model)
    if fault.status is None and "timed out" in fault.hint:
        return apologies.TIMED_OUT
    return _for_status(fault.status, model)


def is_about_model(fault: Fault) -> bool:
    """Whether it says that there is no such model."""
    is_named = fault.name == "ProviderModelNotFoundError" or fault.hint.startswith("Model not found")
    return is_named or fault.status == NOT_FOUND


def _for_status(status: int | None, model: str) -> str:
    match status:
        case 401 | 403:
            return apologies.KEY_REFUSED
        case 402:
            return apologies.BALANCE_SPENT
        case 404:
            return apologies.NOT_OFFERED.format(model=model)
        case 413:
            return apologies.MESSAGE_TOO_LONG
        case 429:
            return apologies.LIMITED
        case int() if status >= 500:
            return apologies.TROUBLED
        case int():
            return apologies.REQUEST_REFUSED
    return apologies.MODEL_FAILED
