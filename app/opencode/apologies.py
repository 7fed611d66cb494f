"""Which apology is for what: what a person reads when OpenCode or its model could not do it."""

from app.opencode.transcript import Fault
from app.words import apologies
from app.words.amounts import plural


def limited(seconds: float) -> str:
    """For so long."""
    minutes = max(1, round(seconds / 60))
    when = plural(minutes, "minute") if minutes < 100 else plural(round(minutes / 60), "hour")
    return apologies.LIMITED_FOR.format(when=when)


def unknown_model(model: str) -> str:
    return apologies.UNKNOWN_MODEL.format(model=model)


def for_fault(fault: Fault, model: str) -> str:
    match fault.name:
        case "ContextOverflowError":
            return apologies.CONVERSATION_TOO_LONG
        case "MessageOutputLengthError":
            return apologies.ANSWER_TOO_LONG
        case "ContentFilterError":
            return apologies.FILTERED
        case "ProviderAuthError":
            return _for_status(401, model)
        case "ProviderModelNotFoundError":
            return unknown_model(model)
    if fault.hint.startswith("Model not found"):
        return unknown_model(model)
    if fault.status is None and "timed out" in fault.hint:
        return apologies.TIMED_OUT
    return _for_status(fault.status, model)


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
