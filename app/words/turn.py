"""A turn as its own message shows it: how far it is, how it went, the buttons, and what these are answered with."""

PHASES = {
    "queued": "🕒 **Queued** · begins when what was asked before is done",
    "next": "⏳ **Next** · begins as soon as the question before it is done",
    "starting": "⏳ **Starting a machine**",
    "waking": "⏳ **Waking the machine**",
    "cloning": "⏳ **Cloning the repository**",
    "moving": "📦 **Moving in**",
    "thinking": "🧠 **Thinking**",
    "waiting": "✋ **Waiting for an answer**",
}
UNTIL = "{phase} until {until}"
PROVIDER_BUSY = "🔁 **The model's provider is busy or in trouble**: trying again {again}"
SINCE_ASKED, SINCE_BEGUN = "{headline} · asked {since}", "{headline} · work begun {since}"

# OpenCode's own tools: glyph, what it does now, what it did. https://opencode.ai/docs/tools
TOOLS_AT_WORK = {
    "bash": ("⚙️", "Running", "Ran"),
    "read": ("📖", "Reading", "Read"),
    "list": ("📖", "Listing", "Listed"),
    "edit": ("✏️", "Editing", "Edited"),
    "multiedit": ("✏️", "Editing", "Edited"),
    "patch": ("✏️", "Editing", "Edited"),
    "apply_patch": ("✏️", "Editing", "Edited"),
    "write": ("📝", "Writing", "Wrote"),
    "grep": ("🔎", "Searching for", "Searched for"),
    "glob": ("🔎", "Looking for", "Looked for"),
    "webfetch": ("🌐", "Fetching", "Fetched"),
    "websearch": ("🌐", "Searching the web for", "Searched the web for"),
    "task": ("🤝", "Handing over", "Handed over"),
    "skill": ("🎓", "Using the skill", "Used the skill"),
    "question": ("❓", "Asking", "Asked"),
}
ANY_TOOL = ("🔧", "Using", "Used")
TOOL_FAILED = "❌ {did}: failed"
TASKS_HEAD = "📋 **Tasks {done} of {all}**"
TASK_MARKS = {"done": "☑ done", "running": "▶ now", "pending": "☐ to do", "failed": "✖ given up"}

RUN_NEXT, INTERRUPT, CANCEL, STOP = "Run next", "Interrupt now", "Cancel", "Stop"
DIFF, UNDO, REDO, CONTINUE, RETRY = "Diff", "Undo", "Redo", "Continue", "Retry"

ENDINGS = {
    "done": "✅ **Done**",
    "failed": "❌ **Failed**",
    "denied": "🚫 **Denied**",
    "stopped": "⏹️ **Stopped**",
    "expired": "⌛ **Expired**",
    "withdrawn": "🗑️ **Withdrawn**",
    "reset": "♻️ **Ended**",
}
BY = " by {name}"
WITHIN, AFTER = " in {duration}", " after {duration}"
ENDING_REASONS = {
    "expired": ": nobody answered in time",
    "withdrawn": " before it began",
    "reset": ": the machine was reset",
}
FILES_CHANGED = "{files} changed{lines}"
FILE_CHANGED = "✏️ Changed {path}{lines}"
UNDONE_MARK = "↩️ Undone"  # how the line of the summary begins

ALREADY_OVER = "This is over already. If you still need it, ask again."
ALREADY_BEGUN = "This has begun already. Press Stop to end it."
NEXT_NOW = "It is next, and what is at work is being stopped for it."
NEXT_ANYWAY = "It is next, and begins in a moment: nothing else is at work."
STILL_AT_WORK = "This is still at work. Please wait until it is done."
GO_ON = "Continue."  # the question then
ASKED_AGAIN = "It is asked again."
ASKED_TO_GO_ON = "It is asked to go on."
ASKED_BEFORE = "Somebody has asked this again already, or asked it to go on. Please wait until that is done."

WORN_OUT = "Sorry, this kept failing, so I stopped trying. Please try again later."
LOST_TOO_OFTEN = "Sorry, the machine stopped in the middle of this again and again, so I gave up. Please try again."
