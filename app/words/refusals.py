"""What Discord refused, and who can do something about it."""

_GONE = "it was deleted, or I cannot see it any more"
CHANNEL_GONE = f"Sorry, I could not find that channel or thread: {_GONE}. Please ask again in another one."
MESSAGE_GONE = f"Sorry, I could not find that message: {_GONE}. Please ask again."
EMPTY_MESSAGE = "Sorry, Discord refused an empty message. Please ask again."
FILE_TOO_LARGE = "Sorry, Discord refused a file because it is too large for this server. Please ask for a smaller one."
ARCHIVED = "Sorry, this thread is archived. Please write something in it, and try again."
LOCKED = "Sorry, this thread is locked. Please ask a moderator to unlock it, or ask again in another place."
BLOCKED = "Sorry, AutoMod of this server blocked what I had to say. Please ask a moderator to allow it, and try again."
TOO_MANY_THREADS = "Sorry, this server has as many open threads as Discord allows. Please close some and try again."
TAG_REQUIRED = (
    "Sorry, this forum wants a tag on every post, and that one has none that I may use. "
    "Please give it one, and try again."
)
COMMAND_EXPIRED = (
    "Sorry, I could not answer this command any more: Discord allows that for 15 minutes. Please ask again."
)
PERMISSION_MISSING = (
    "Sorry, I could not do that: I am probably missing the permission “{permission}” here. "
    "Please ask an admin of this server to give it to me, and try again."
)
REFUSED = "Sorry, I could not do that: Discord refused it ({status}, code {code}). Please tell whoever runs this bot."

# Why files were not attached, behind a colon.
NO_ATTACHING = "I am probably missing the permission “Attach Files” here, which an admin of this server can give me."
TOO_LARGE_HERE = "that is too large for this server."
FILES_REFUSED = "Discord refused it ({status}, code {code})."
