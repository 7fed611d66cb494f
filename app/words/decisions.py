"""What the agent asks people: leave to do something, and questions; how they decide, and what they decided."""

# OpenCode's own permissions: https://opencode.ai/docs/permissions
WANTS = {
    "bash": "run a command",
    "edit": "change a file",
    "read": "read a file",
    "glob": "look for files",
    "grep": "search files",
    "list": "list a directory",
    "external_directory": "work outside of its workspace",
    "webfetch": "fetch a page",
    "websearch": "search the web",
    "task": "hand a task over to another agent",
    "skill": "use a skill",
    "doom_loop": "go on, though it does the same again and again",
}
WANTS_TOOL = "use {tool}"
ASKS_LEAVE = "**The agent asks for permission** to {wanted}:"
ASKED_LEAVE = "the agent asked to {wanted}:"
APPROVERS_DECIDE = "Only people with the role <@&{role}> may decide this."
DENIAL_ENDS = "**Deny** ends the turn; with a reason, the agent goes on and does it another way."
ALWAYS_COVERS = "**Always allow** covers {covered}, {until}."
ALWAYS_UNTIL = "for everybody in this thread, until its machine sleeps or is started again"
COVERS_LIKE, COVERS_ALL = "whatever is like this", "everything of this kind"
COVERS_FILE = "{listed} (all of them are in the file {file})"
WAITING = "Waiting until {until}. After that {then}, and the machine sleeps."
THEN_ENDS, THEN_UNDONE = "the turn ends", "nothing of this is done, the turn ends"

ALLOW_ONCE, ALWAYS_ALLOW, DENY, RETRY = "Allow once", "Always allow", "Deny", "Retry"
DENIAL_TITLE = "Deny this?"
DENIAL_REASON, DENIAL_OPTIONAL = "Reason", "Optional"
DENIAL_HINT = "With a reason the agent goes on, and does it another way; without one the turn ends."

ASKS = "**The agent asks**"
ASKS_NUMBER = "**The agent asks** · Question {number} of {all}"
OTHER, FREE = "Other…", "Answer…"
PRESS_OR_REPLY = "Press **{button}**, or reply to this message."
CHOOSE_ONE, CHOOSE_MANY = "Choose one", "Choose one or more"
FROM_LISTS = "{choose} from one of the lists"
LIST_RANGE = "{choose} ({first} to {last})"
CHOOSE = "{choose}."
CHOOSE_OR_REPLY = "{choose}, or reply to this message with an answer of your own."
OPTION = "Option {number}"
ANSWER_TITLE, ANSWER_LABEL = "Your answer", "Answer"
SAID, UNSAID = "✔ {asked}: {said}", "✖ {asked}: not answered"
ANSWER_SAID, ANSWER_UNSAID = "✔ Answer: {said}", "✖ not answered"
ANSWER_IN_FILE = "Answer: {said}"

BY = " by {name}"
ALLOWED_ONCE, ALLOWED_ALWAYS = "✅ **Allowed once**{by}", "✅ **Always allowed**{by}"
DENIED, DENIED_BECAUSE = "🚫 **Denied**{by}", "🚫 **Denied**{by}: {reason}"
ANSWERED, DECIDED = "✅ **Answered**{by}", "✅ **Decided**"
GONE = "⌛ **Gone**: nobody waits for an answer to this any more"
GONE_FOR_NOW = (
    "⌛ **Gone**: nobody waits for an answer to this any more; if the agent still needs one, it asks again below"
)
TOO_LATE = "too late: {decided}"

NOBODY_WAITS = (
    "Nobody waits for this any more. If the agent still needs it, it asks again below; "
    "if it has ended, press Retry to have it done again."
)
ANSWERED_BEFORE = "Somebody has answered this question already."
ANSWERED_BY = "This has been answered already, by {name}."
EMPTY_ANSWER = "There is nothing in your answer. Please write what you would like."
CHOOSE_EXACTLY_ONE = "This question has one answer. Please choose exactly one."
APPROVERS_ONLY = "Only people with the role <@&{role}> may allow or deny this here. Please ask one of them."
ROLE_GONE = "The role that was to decide this was deleted, so it is asked for no more. Please press the button again."
