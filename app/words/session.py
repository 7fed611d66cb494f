"""What was done in a thread so far: what changed, undoing it, the model's window, tasks; and where else there is work.

The messages that say how a turn went are in `turn`.
"""

NOTHING_ASKED = "OpenCode has not worked on anything in this thread yet. Ask something first."
NO_SESSION = "Nothing has been asked on this thread's machine yet. Ask something first."
SESSION_GONE = "OpenCode does not know this thread's session any more. The next question begins a new one."
OTHERS_AT_WORK = "Something is at work or waits in this thread. Please try again when it is answered."

UNCHANGED = "This changed nothing, so there is nothing to show or to take back."
CHANGES_TOO_MANY = (
    "So much was changed that it cannot be shown (more than {most} MB). "
    "Ask me to show you a part of it, or to add what is generated to `.gitignore`."
)
NO_CHANGES = {
    "question": "The last question changed nothing, or what it changed was undone.",
    "turn": "This changed nothing, or what it changed was undone.",
    "workspace": "Everything in the workspace is committed, or it has no git repository.",
}
CHANGES = {
    "question": "The last question changed {files}{lines}.",
    "turn": "This changed {files}{lines}.",
    "workspace": "Not committed: {files}{lines}.",
}
PATCH_ATTACHED = "The patch is in the file."
NO_PATCH = "None of it is text, so there is no patch."
PATCH_TOO_LARGE = "The patch is larger than Discord takes ({most} MB). Ask me to show you a part of it."

NOT_NEWEST = (
    "Something was asked after this, and only the last question of a thread can be undone or redone. "
    "Ask me to change back what you need."
)
_OBSTACLES = {
    "at work": OTHERS_AT_WORK,
    "busy": "The machine is at work just now. Please try again in a moment.",
    "newer": NOT_NEWEST,
}
NOT_UNDONE = {
    **_OBSTACLES,
    "nothing": "There was nothing to undo: OpenCode does not know of the last question, or it has been undone already.",
}
NOT_REDONE = {
    **_OBSTACLES,
    "nothing": "There was nothing to redo: the last question was not undone, or it has been redone already.",
}
UNDONE = "Undone: the last question is out of the conversation, and whatever it changed is as it was before."
REDONE = "Redone: the last question is in the conversation again, and with it whatever it changed."
UNDONE_BY = "↩️ {name} took the last question back, and with it whatever it changed."
REDONE_BY = "↪️ {name} brought the last question back, and with it whatever it changed."

COMPACTED = "Done: OpenCode goes on with a summary of this session. Files are as they were."
COMPACTED_BY = "🗜️ {name} had this session summed up, to make room."
NOT_COMPACTED = {
    "busy": "OpenCode is at work in this session just now. Please try again when it is done.",
    "nothing": "Nothing was said in this session yet, so there is nothing to sum up. Ask something first.",
    "undone": (
        "The last question is undone, and after a summary it could not be redone. "
        "Redo it, or ask something to leave it undone; then try again."
    ),
    "interrupted": (
        "The summary was interrupted, for instance by a new question, and the session is as it was. "
        "Please try again when nothing is at work."
    ),
    "failed": "Sorry, the model could not sum this session up, and it is as it was. Please try again later.",
}

NOT_COUNTED = (
    "The model has not answered anything in this session yet, so there is nothing to count. Ask something first."
)
WINDOW = "Window: about {held:,} of {window:,} tokens are taken ({share:.0%})"
MAKE_ROOM = "`/opencord compact` makes room."
WINDOW_FULL = f"{WINDOW}. {MAKE_ROOM}"
WINDOW_UNKNOWN = "Window: about {held:,} tokens are taken; how many fit, OpenCode does not know of this model"
SPENT = "This session so far: {tokens:,} tokens, {cost}; sub-agents included"
NO_PRICE = "no price known"
LAST_ANSWER = "Last answer: model {model}, agent {agent}"
NEXT_QUESTION = "Next question: {changed}"
MODEL, AGENT = "model {name}", "agent {name}"

NO_TASKS = "OpenCode has no list of tasks here. It makes one for larger pieces of work, or when you ask for it."
TASKS_DONE = "{done} of {all} tasks done."

THREADS = {
    "mine": "**Threads in which you asked something**",
    "channel": "**Threads of this channel**",
    "server": "**Threads of this server**",
}
NO_THREADS = {
    "mine": "You have asked nothing in this server yet. Use `/opencord ask` to begin.",
    "channel": "There are no threads of mine in this channel yet. Use `/opencord ask` to begin.",
    "server": "There are no threads of mine that you can see in this server yet. Use `/opencord ask` to begin.",
}
THREAD_AT_WORK = "at work"
THREAD_MACHINE, THREAD_WITHOUT = "machine {state}", "no machine"
THREAD_USED = "used {when}"
