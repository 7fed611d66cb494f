"""What people reach of a machine themselves: its files, a shell, OpenCode's log, and what listens on a port."""

NO_PATH = "Please say which file: its path in the workspace, such as src/main.py. `/opencord files list` shows them."
OUTSIDE = "I can only show what is in the workspace. Please give the path from there, such as src/main.py."
A_FILE = "This is a file. `/opencord files get` gets it."
A_FOLDER = "This is a folder. `/opencord files list` shows what is in it."
NO_FILE = "There is no file {path} in the workspace. `/opencord files list` shows what there is."
NO_FOLDER = "There is no folder {path} in the workspace. `/opencord files list` shows what there is."
IS_FILE = "{path} is a file. `/opencord files get` gets it."
IS_FOLDER = "{path} is a folder. `/opencord files list` shows what is in it."
EMPTY_FILE = "{path} is empty: there is nothing to attach."
FILE_TOO_LARGE = (
    "{path} is larger than what Discord takes as a file ({most} MB). "
    "Please ask me for a part of it, or for a compressed copy."
)
FILE_MISSING = "Sorry, I could not find the file {name} in my machine. Please ask again."
FILE_OVERSIZED = (
    "Sorry, I could not pass on the file {name}: it is larger than {most}. Please ask for it in smaller parts."
)
NOT_PUT = "Sorry, I could not put your files into my machine. Please try again, or `/opencord reset` for a new one."
GOT = "{path}, {size}"
WORKSPACE = "The workspace"
LISTED = "{path}: {number} files and folders."
ONE_FILE, ONE_FOLDER = "{path}: 1 file.", "{path}: 1 folder."
NONE_LISTED = "{path}: nothing."
FIRST_ONLY = "These are the first {number}."
ALL_IN_FILE = "The file has all of them."

NO_COMMAND_LINE = "There is nothing in your command. Say what to run, for example: git status."
SHELL_TOO_SLOW = "It took longer than {seconds:.0f} seconds, so I ended it. Please try something shorter."
SAID_NOTHING = "Exit code {code}. It said nothing."
SAID = "Exit code {code}."
SAID_MUCH = "Exit code {code}. It said too much: only the first {most} MB were kept."
NO_LOG = "OpenCode has written no log in this machine yet. Ask something first."
LOG = "The last lines of OpenCode's log."

NO_PORT = (
    "A port is a number from 1 to {last}. Please give that of your server, which says it when it starts, such as 3000."
)
PORT_ASLEEP = "The machine is not awake, so nothing runs in it. Ask me to start your server: that wakes it as well."
PORT_UNSERVED = (
    "Nothing listens on port {port} in this thread's machine. Ask me to start the server there, and try again."
)
PORT_RESERVED = "Port {port} belongs to the machine itself. Please choose that of your own server."
PREVIEW = (
    "Port {port}: <{url}>\n"
    "The link works until {until}, while the machine is awake. Whoever has it gets in, so keep it to yourself."
)
LOCAL_PREVIEW = (
    "Port {port}: <{url}>\nThis bot keeps its machines on its own computer: only that computer can open the link."
)
SSH = (
    "{command}\n"
    "This works until {until}, while the machine is awake; `/opencord resume` keeps it awake for longer. "
    "Whoever has this line gets in, so keep it to yourself."
)
SSH_FOR_APPROVERS = (
    "Only people with the role <@&{role}>, or who may manage this channel (Manage Channel), get a shell here. "
    "Please ask one of them."
)
SSH_ROLE_GONE = (
    "The role that a shell was kept for was deleted, so it is asked for no more. Please use the command again."
)
NO_SSH = (
    "There is no ssh here: this bot keeps its machines on its own computer. Ask me for what you need, or look at "
    "`/opencord files list`."
)
