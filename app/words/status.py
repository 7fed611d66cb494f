"""`/opencord status`: what is going on here. The message of a single turn is in `turn`."""

SERVER_AT_WORK = "At work in this server: {questions} in {threads}."
NOTHING_YET = "Nothing has been asked in this thread yet. Use `/opencord ask` to begin."
DOING = {
    "admitted": "There is a new question",
    "accepted": "A thread is being opened for a question",
    "threaded": "The machine is being made ready for a question",
    "prompted": "OpenCode is at work on a question",
    "answered": "The answer is being sent to a question",
}
AT_WORK = "{doing} that was asked {lasting} ago."
AT_WORK_AND_ONE = "{doing} that was asked {lasting} ago; 1 more waits."
AT_WORK_AND_MORE = "{doing} that was asked {lasting} ago; {number} more wait."
IDLE = "Nothing is being worked on."

MODEL = "Model: {model}"
NO_MACHINE_YET = "Machine: none yet"
MACHINE = "Machine: {state} for {lasting} (since <t:{since}:f>)"
MACHINE_GONE = "Machine: {state} for {lasting} (since <t:{since}:f>); the next question gets a new one"
SANDBOX = "Sandbox: `{name}`"
SESSION, SESSION_ENDED, NO_SESSION = "Session: `{id}`", "Session: `{id}` (ended)", "Session: none yet"
RESUME_FAILURES = "Resume failures: {number}"
LAST_ERROR = "Last error: {error}"
