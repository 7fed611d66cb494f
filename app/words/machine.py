"""A thread's machine: how it is, putting it to sleep, waking it, throwing it away, and what goes wrong with it.

What people reach of it themselves is in `workspace`; what OpenCode in it could not do, in `apologies`.
"""

STATES = {
    "creating": "being made",
    "active": "awake",
    "pausing": "falling asleep",
    "paused": "asleep",
    "resuming": "waking up",
    "destroying": "being thrown away",
    "destroyed": "gone",
    "error": "out of order",
}
NO_MACHINE = "This thread has no machine. Ask something, and it gets one."
_LOST = "The machine that worked on this is gone, and with it what was changed there."
MACHINE_REPLACED = f"{_LOST} Ask for it again, and it is done on the new one."
MACHINE_GONE = f"{_LOST} The next question gets a new one."

PAUSED = "The machine is asleep now. The next question or `/opencord resume` wakes it."
NOT_WHILE_AT_WORK = (
    "The machine is needed just now: a question of this thread is at work or waits. "
    "Please try again when it is answered."
)
NOT_WHILE_BUSY = (
    "The machine is needed just now: OpenCode is at work in it, for instance on a summary of the session. "
    "Please try again when it is done."
)
ASLEEP_ALREADY = "The machine is asleep already. The next question or `/opencord resume` wakes it."
OUT_OF_ORDER = "The machine is out of order, so it is not running anyway. The next question tries to mend it."
CHANGING = "The machine is {state} just now. Please try again in a moment."
AWAKE = "The machine is awake."

_LOSSES = "Resetting throws the machine away with everything in it: files, changes, and the session so far."
RESET_AT_WORK = f"OpenCode is at work in this thread, and a reset would stop it. {_LOSSES} Shall I?"
RESET_UNSAVED = (
    f"There is work in this machine that exists nowhere else: not committed, or not pushed. {_LOSSES} Shall I?"
)
RESET_UNKNOWN = (
    f"The machine sleeps or does not answer: I cannot see whether work in it exists nowhere else. {_LOSSES} Shall I?"
)
RESET_UP_AGAIN = f"The machine has come up since I asked. {_LOSSES} Shall I?"
RESET, KEEP = "Reset", "Keep it"
RESETTING = "Throwing the machine away…"
RESET_DONE = "Done: the machine is gone. The next question gets a new one."
KEPT = "Nothing was reset: the machine stays as it is."
GONE_ALREADY = "There is no machine any more: it is gone already. The next question gets a new one."
NEW_ALREADY = "That machine is gone already, and this thread has a new one by now. Nothing was reset."
RESET_BY = "♻️ {name} reset the machine of this thread: the next question gets a new one."
RESET_BY_AT_WORK = f"{RESET_BY} What was being worked on was stopped."
STOPPED_BY = "⏹️ {name} stopped what was being worked on in this thread."

TOO_SLOW = (
    "Sorry, the machine did not come up in time. Please try again later; if it goes on, tell whoever runs this bot."
)
NOT_DONE = (
    "Something could not be done about this machine. Please try again; whoever runs this bot finds why in the log."
)
BROKEN = (
    "Sorry, my machine for this thread is broken, and Daytona could not repair it. "
    "Please try again: the next attempt makes a new one."
)
KEY_REFUSED = (
    "Sorry, my machines are not configured properly: Daytona does not accept the API key. "
    "Please tell whoever runs this bot to check DAYTONA_API_KEY."
)
LIMIT_REACHED = (
    "Sorry, I could not get a machine: the limit of the Daytona account is reached. Pausing or resetting other threads "
    "(`/opencord pause`, `/opencord reset`) makes room; or ask whoever runs this bot to raise the limit, and try again."
)
NO_SNAPSHOT = (
    "Sorry, my machines are not configured properly: Daytona knows no snapshot of the name that I was given. "
    "Please tell whoever runs this bot to check DAYTONA_SNAPSHOT."
)
BAD_SNAPSHOT = (
    "Sorry, my machines are not configured properly: the snapshot that they are made from failed to build at Daytona. "
    "Please tell whoever runs this bot to build it anew and to check DAYTONA_SNAPSHOT."
)
DAYTONA_UNREACHABLE = "Sorry, I could not reach Daytona, where my machines run. Please try again in a few minutes."
DIRECTORY_TAKEN = (
    "Sorry, I could not make a machine: something else lies where its directory should be. "
    "Please tell whoever runs this bot to look into LOCAL_SANDBOX_DIR."
)
