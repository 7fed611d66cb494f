"""What people read of a command. Plain, short, and what to do next."""

EMPTY_PROMPT = "There is nothing in your prompt. Say what you would like to have done, for example: list the files."
NOT_HERE = "I can only be asked in a text channel of a server, or in one of its threads."
NO_THREAD = "This is about a thread's machine: please use it in a thread that I work in."
BUSY = "Sorry, I could not do that just now: my memory is busy. Nothing has happened. Please try again in a moment."
NOT_NOW = "Sorry, I could not do that just now. Please try again in a moment."
TOO_LONG = "Sorry, this took longer than I can wait for it. /opencord status tells how far it is."
UNKNOWN_COMMAND = "I do not know that command. It may be new or gone: type /opencord to see what there is."
UNKNOWN_OPTION = (
    "I do not know one of these options. It may be new or gone: type the command again to see what there is."
)
OTHER_OPTION = (
    "One of these options is of another kind than this command takes. It may have changed: type the command again to "
    "see what it takes now."
)
UNKNOWN_BUTTON = "That button does nothing any more. Please ask again."

NO_MACHINE = "This thread has no machine. Ask something, and it gets one."
