"""What OpenCode, its model or git could not do: what happened, and what to do about it.

No sentence carries anything that a provider or a server wrote: such texts hold addresses, keys and traces.
"""

OPERATOR = "whoever runs this bot"

CUT_OFF = "The answer ends here because it reached the model's limit. Ask me to go on."
NOTHING_SAID = "The model finished without writing an answer. Ask me to go on, or ask in another way."
TURNED_DOWN = "It ended here because its request was turned down. Ask me to go on in another way."
CUT_SHORT = "Sorry, this was stopped before it was finished. If you still need it, please ask again."
OVERTAKEN = (
    "Sorry, I could not finish this: the server stopped in the middle of it, and newer messages came in since. "
    "If you still need it, please ask again."
)

NOT_INSTALLED = f"Sorry, I could not start OpenCode: it is not installed in the machine. Please tell {OPERATOR}."
NOT_STARTED = (
    "Sorry, I could not start OpenCode: it did not come up in the machine. Please try again later, and if it goes on, "
    f"tell {OPERATOR}."
)
WRONG_VERSION = (
    "Sorry, I could not start OpenCode: the machine holds another version of it than I can talk to. "
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
LIMITED_FOR = (
    "Sorry, the model could not answer: its provider has received too many requests. Please try again in {when}."
)
TROUBLED = "Sorry, the model could not answer: its provider is in trouble. Please try again in a few minutes."
UNKNOWN_MODEL = (
    "Sorry, I could not ask the model: OpenCode does not know {model!r}. "
    f"Please choose another with `/opencord model`, or tell {OPERATOR} to check OPENCODE_MODEL."
)
NOT_OFFERED = (
    "Sorry, I could not ask the model: its provider does not offer {model!r}. "
    f"Please choose another with `/opencord model`, or tell {OPERATOR} to check OPENCODE_MODEL."
)
CHOOSING = {"model": "`/opencord model`", "agent": "`/opencord agent`"}
UNKNOWN_CHOICE = (
    "Sorry, I could not ask: OpenCode has no {kind} called {name!r}. Nearest to it: {nearest}. "
    "Please choose another with {command}, and ask again."
)
UNKNOWN_CHOICE_AT_ALL = (
    "Sorry, I could not ask: OpenCode has no {kind} called {name!r}. "
    "Please choose another with {command}, and ask again."
)
CONVERSATION_TOO_LONG = (
    "Sorry, this conversation could not go on: it is too long for the model. Please start a new thread."
)
MESSAGE_TOO_LONG = "Sorry, the model could not answer: the message is too long for it. Please shorten it."
ANSWER_TOO_LONG = "Sorry, the answer got too long and could not be finished. Please ask for less at once."
FILTERED = "Sorry, I could not answer: the provider's content filter stopped it. Please put it differently."
TIMED_OUT = "Sorry, the model could not answer in time. Please try again."
KEY_REFUSED = (
    f"Sorry, the model could not answer: its provider did not accept my key. Please tell {OPERATOR} to check it."
)
BALANCE_SPENT = f"Sorry, the model could not answer: my balance at its provider is used up. Please tell {OPERATOR}."
REQUEST_REFUSED = f"Sorry, the model could not answer: its provider refused the request. Please tell {OPERATOR}."
MODEL_FAILED = f"Sorry, the model failed and could not answer. Please try again; if it keeps failing, tell {OPERATOR}."

GIT_MISSING = f"Sorry, I could not clone the repository: git is not installed in the machine. Please tell {OPERATOR}."
CLONE_FAILED = "Sorry, I could not clone the repository: {reason}. {then}"
NO_SUCH_BRANCH = "it has no such branch"
NO_HOST = "its host could not be reached"
NOT_LET_IN = "it does not let me in"
NO_SUCH_REPOSITORY = "there is no such repository"
NO_SPACE = "the machine has no space left"
UNREADABLE = "git could not read it"
THEN_OPERATOR = f"Please tell {OPERATOR} to check SANDBOX_REPO_URL and its credentials, and try again."
THEN_CONFIG = (
    "Please check the repository and its branch with `/opencord config thread`, and ask again. "
    f"If it is private, {OPERATOR} has to give me access to it."
)
