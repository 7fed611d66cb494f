"""Asking: the greeting, the guide, the forms, what cannot be asked, and what stands above a question."""

HELLO = (
    "Hello. {how}, and say what you would like to have done: I open a thread with a machine of its own, "
    "and an agent works in it. To go on {goes_on}. Who may ask: {who}."
)
BY_MENTION, BY_COMMAND = "Mention me in a channel, or use `/opencord ask`", "Use `/opencord ask`"
JUST_WRITE, ASK_THERE = "there, just write", "ask there with the same command"
EVERYBODY_HERE, WITH_ROLE = "everybody here", "whoever has the role <@&{role}>"
CHANNELS = " I work in {channels}."
HINT = (
    "Hello. Mention me together with what you would like to have done, for example: list the files. "
    "I open a thread for it, and there you just write."
)
HINT_IN_THREAD = "Hello. Mention me together with what you would like to have done, for example: list the files."

GUIDE = (
    "**How to begin**",
    "Use `/opencord ask` in a channel, or mention me there with what you would like to have done. I open a thread with "
    "a machine of its own, and work there.",
    "In the thread just write on. What is asked while I am at work waits its turn; the buttons below a question stop "
    "it, or put it first.",
    "",
    "**Commands**",
)
GUIDE_MENUS = "**On a message** (right-click it, or hold it, and choose Apps)"

ASK_TITLE, ASK_LABEL = "Ask OpenCode", "What would you like to have done?"
ASK_EXAMPLE = "For example: run the tests, and mend what fails."
EMPTY_PROMPT = "There is nothing in your prompt. Say what you would like to have done, for example: list the files."
HAS_MACHINE = (
    "This thread has its machine already, and with it its repository. For another one ask in the channel, which opens "
    "a new thread, or use `/opencord reset` first."
)
THREAD_NOT_PRIVATE = "This thread stays as it is. For a private one ask in its channel, with private set to true."
NONE_PRIVATE = "Discord allows no private threads in an announcement channel. Please ask in a text channel."
DRAFT_FORGOTTEN = "I do not know any more what you had chosen before you wrote this. Please use `/opencord ask` again."

ABOUT_TITLE, ABOUT_LABEL = "Ask about this message", "What would you like to know, or to have done?"
ABOUT_HINT = "Leave it empty, and OpenCode answers the message itself."
MESSAGE_EMPTY = "There is nothing in this message that I could read. Please choose one with words or with files."
MESSAGE_WHISPERED = "Only you can see this message, so no thread can begin there. Please use `/opencord ask` instead."
ABOUT_ASKED = "Asked. The answer comes in {thread}."
ITS_THREAD = "its thread"

COMMAND_MISNAMED = "That is no command: its name is one word, such as init or review. Please choose one from the list."
COMMAND_UNKNOWN = "OpenCode has no command called {name}. Nearest to it: {nearest}. Please choose one from the list."
COMMAND_TOO_LONG = "That is more than {most} characters. Please put the rest into a file, and ask with that."

ASKED, ASKED_ABOUT = "**{name}** asked:", "**{name}** asked about a message:"
WITH_FILES = "📎 with {names}"
WITH_WISHES = "⚙️ in this thread from here on: {wishes}"
ASKED_PRIVATELY = "Asked. The answer comes where only you see it: <#{thread}>."
ASKED_IN_THREAD = "{name} asked about this message: {prompt}"
ASKED_TO_ANSWER = "{name} asked for an answer to this message, or for what it asks for."
WORDLESS = "(without words)"
SOMEBODY = "somebody"
