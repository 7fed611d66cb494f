"""What stands beside an answer or a question: its files, what is left out, what goes on elsewhere."""

BEGINNING = "This is only the beginning. The whole answer is in the file {file}."
BEGINNING_OF_MANY = (
    "This is only the beginning. The whole answer is in the file {file} and in those that follow, up to {last}."
)
GOES_ON = "The answer goes on in the file {file}."
ENCLOSED = "All of it is in the file {file}."
CUT = "[The rest does not fit into a file that Discord takes.]"
PART_REFUSED = (
    "Discord refused a part of the answer, so it is missing here: a rule of this server, such as AutoMod, may be why. "
    "Ask me to say it in another way."
)

NOT_ATTACHED = "I could not attach {names}: {reason} {then}"
AND_MORE = "{names} and {number} more"
STAYS = "What is not attached stays in the machine."
SHORTER = "Please ask for a shorter answer."
FILE_NOT_ATTACHED = "I could not attach {path}. Ask me for it, and I try again."
FILE_EMPTY = "{path} is empty, so it is not attached."
FILE_TOO_LARGE = "{path} ({size}) is too large for Discord, and stays in the machine. Ask me for a part of it."
FILE_TO_COME = "1 more file comes with the next answer."
FILES_TO_COME = "{number} more files come with the next answer."

MANY_FILES = "Sorry, I left out the file {name}: I can take {most} files at a time. Please send it separately."
MUCH_TOGETHER = "Sorry, I left out the file {name}: I can take {most} at a time. Please send it separately."
TOO_MUCH = (
    "Sorry, I could not take the file {name}: {most} is the most that a file may have. Please send a smaller one."
)
FILES_UNFETCHED = "Sorry, I could not fetch your file from Discord. Please try again in a few minutes."
FILE_GONE = "Sorry, I could not fetch the file {name}: Discord does not have it any more. Please send it again."
FILE_UNFETCHED = "Sorry, I could not fetch the file {name} from Discord. Please send it again."

NEW_MACHINE = (
    "This thread's machine is gone, and with it the files that were only there. I work on a new one now. "
    "What was said here lately, I was told."
)
