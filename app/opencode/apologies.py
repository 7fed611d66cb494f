"""What a person reads when OpenCode or its model could not do it: what happened, and what to do about it.

No sentence carries anything that a provider or a server wrote: such texts hold addresses, keys and traces.
"""

from collections.abc import Sequence

from app.opencode.transcript import Fault
from app.turns.catalogue import Kind

OPERATOR = "whoever runs this bot"
NOT_FOUND = 404

CUT_OFF = "The answer ends here because it reached the model's limit. Ask me to go on."
NOTHING_SAID = "The model finished without writing an answer."
TURNED_DOWN = "It ended here because its request was turned down. Ask me to go on in another way."
ABORTED = "Sorry, this was stopped before it was finished. If you still need it, please ask again."
OVERTAKEN = (
    "Sorry, I could not finish this: the server stopped in the middle of it, and newer messages came in since. "
    "If you still need it, please ask again."
)
NOT_INSTALLED = f"Sorry, I could not start OpenCode: it is not installed in the sandbox. Please tell {OPERATOR}."
NO_GIT = f"Sorry, I could not clone the repository: git is not installed in the sandbox. Please tell {OPERATOR}."
NOT_STARTED = (
    "Sorry, I could not start OpenCode: it did not come up in the sandbox. Please try again later, and if it goes on, "
    f"tell {OPERATOR}."
)
WRONG_VERSION = (
    "Sorry, I could not start OpenCode: the sandbox holds another version of it than I can talk to. "
    f"Please tell {OPERATOR}."
)
BAD_CONFIGURATION = (
    "Sorry, I could not start OpenCode: it does not accept its configuration. "
    f"Please tell {OPERATOR} to check OPENCODE_CONFIG_JSON."
)
NOT_ACCEPTED = "Sorry, OpenCode could not take this message. Please put it differently and try again."
LIMITED = (
    "Sorry, the model could not answer: its provider has received too many requests. Please try again in a few minutes."
)
TROUBLED = "Sorry, the model could not answer: its provider is in trouble. Please try again in a few minutes."


def limited(seconds: float) -> str:
    """For so long."""
    minutes = max(1, round(seconds / 60))
    when = f"{minutes} minute{'s' * (minutes != 1)}" if minutes < 100 else f"{round(minutes / 60)} hours"
    return (
        f"Sorry, the model could not answer: its provider has received too many requests. Please try again in {when}."
    )


def unknown_model(model: str) -> str:
    return (
        f"Sorry, I could not ask the model: OpenCode does not know {model!r}. "
        f"Please tell {OPERATOR} to check OPENCODE_MODEL."
    )


def unknown(kind: Kind, name: str, nearest: Sequence[str]) -> str:
    """For what somebody chose in Discord, where they can choose another."""
    near = f" The nearest are: {', '.join(nearest)}." if nearest else ""
    return (
        f"Sorry, I could not ask: OpenCode has no {kind} called {name!r}.{near} "
        f"Please choose another with /opencord {kind}, and ask again."
    )


def for_fault(fault: Fault, model: str, *, chosen: bool = False) -> str:
    """`chosen`: somebody chose the model in Discord, and not the operator."""
    if chosen and is_about_model(fault):
        return unknown(Kind.MODEL, model, ())
    match fault.name:
        case "ContextOverflowError":
            return "Sorry, this conversation could not go on: it is too long for the model. Please start a new thread."
        case "MessageOutputLengthError":
            return "Sorry, the answer got too long and could not be finished. Please ask for less at once."
        case "ContentFilterError":
            return "Sorry, I could not answer: the provider's content filter stopped it. Please put it differently."
        case "ProviderAuthError":
            return _for_status(401, model)
    if is_about_model(fault) and fault.status != NOT_FOUND:
        return unknown_model(model)
    if fault.status is None and "timed out" in fault.hint:
        return "Sorry, the model could not answer in time. Please try again."
    return _for_status(fault.status, model)


def is_about_model(fault: Fault) -> bool:
    """Whether it says that there is no such model."""
    is_named = fault.name == "ProviderModelNotFoundError" or fault.hint.startswith("Model not found")
    return is_named or fault.status == NOT_FOUND


def _for_status(status: int | None, model: str) -> str:
    match status:
        case 401 | 403:
            return (
                "Sorry, the model could not answer: its provider did not accept our key. "
                f"Please tell {OPERATOR} to check it."
            )
        case 402:
            return f"Sorry, the model could not answer: our balance at its provider is used up. Please tell {OPERATOR}."
        case 404:
            return (
                f"Sorry, I could not ask the model: its provider does not offer {model!r}. "
                f"Please tell {OPERATOR} to check OPENCODE_MODEL."
            )
        case 413:
            return "Sorry, the model could not answer: the message is too long for it. Please shorten it."
        case 429:
            return LIMITED
        case int() if status >= 500:
            return TROUBLED
        case int():
            return f"Sorry, the model could not answer: its provider refused the request. Please tell {OPERATOR}."
    return f"Sorry, the model failed and could not answer. Please try again; if it keeps failing, tell {OPERATOR}."
