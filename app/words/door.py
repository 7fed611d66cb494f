"""Before anything is done: who may, and from where; what means nothing (any more); what may work in a moment."""

NOT_HERE = "I work in the text channels of a server and in their threads. Please ask me in one of these."
NO_THREAD = "This is about a single thread. Please use it in one that I work in."
WRONG_CHANNEL = "I am not set up to work in this channel. Please ask in one of the channels that I am allowed in."
ROLE_MISSING = "You need a certain role to talk to me here. Please ask whoever runs this server for it."
CHANNEL_MANAGERS_ONLY = "Only people who may manage this channel (Manage Channel) can do that. Please ask one of them."
OPERATORS_ONLY = (
    "Only people with the operators' role, or who may manage this server (Manage Server), can do that. "
    "Please ask one of them."
)

UNKNOWN_COMMAND = "I do not know that command. It may be new or gone: type `/opencord` to see what there is."
UNKNOWN_OPTION = (
    "I do not know what was chosen here. It may be new or gone: type the command again to see what there is."
)
OTHER_OPTION = (
    "One of these options is of another kind than this command takes. It may have changed: type the command again to "
    "see what it takes now."
)
UNKNOWN_BUTTON = "That button does nothing any more. Please ask again."

BUSY = "Sorry, I could not do that just now: my memory is busy. Nothing was done. Please try again in a moment."
NOT_NOW = "Sorry, I could not do that just now. Please try again in a moment."
LATE = "{name}, Discord takes this no more as the answer to your command, so I say it here: {text}"
UNSHOWN = (
    "{name}, I could not show you what your command came to: Discord takes no answer to it any more, and it is for "
    "you alone. Please use the command again."
)
FILE_REFUSED = "I could not attach the file: {reason}"
REPORT_REFUSED = (
    "Sorry, I could not show you what your command came to: Discord refused it. Please tell whoever runs this bot to "
    "look into the log."
)
TOO_LONG = "Sorry, this took longer than I can wait for it. `/opencord status` tells how far it is."
DEFECT = (
    "Sorry, I ran into a fault of my own. Please try again; if it goes on, tell whoever runs this bot to look into "
    "the log."
)

BACK, MORE = "Back", "More"  # the buttons of a list that has pages
SEE_FILE = "See the file."
