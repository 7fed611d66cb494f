"""What may be set for a thread or a channel, by whom it was, when it counts, and what cannot be."""

SOURCES = {
    "thread": "set for this thread",
    "channel": "set for this channel",
    "operator": "set by whoever runs this bot",
}
UNSETTLED = {  # but for what whoever runs the bot always has
    "repository": "none, an empty workspace",
    "branch": "the repository's own",
    "agent": "OpenCode's own choice",
    "verbosity": "`normal`",
    "approver": "everybody",
}
BY_NOBODY = "{value} (default)"
BY_SOMEBODY = "{value}, {source}"
EVERYBODY = "everybody"
THIS_THREAD = "this thread"
ONE_SETTING = "{name}: {value}."
SETTINGS_HEAD = "What counts in {where}:"
SETTING = "- **{name}**: {value}"
SETTINGS_HINT = (
    "A repository and its branch count for new machines: `/opencord reset` makes one. "
    "Change any of this with `/opencord config thread`, or `/opencord config channel` for all threads of the channel."
)

ONLY_IN_THREADS = (
    "This is about a single thread. Please use it in one; for all threads of a channel there is "
    "`/opencord config channel`."
)
NOTHING_CHOSEN = "Nothing was changed: please choose at least one option, such as model or repository."
GIVEN_AND_CLEARED = "Nothing was changed: please either give {name} or clear it, not both."
GIVEN_AND_RESET = "Nothing was changed: please give either a name or reset, not both."
NO_ROLE = "The role that was the approver was deleted, so the approver is cleared."
ALREADY_SO = "It is so already: nothing was changed."
NOT_SETTLED = (
    "Nothing of that kind is set for {where} itself, so there is nothing to clear. "
    "`/opencord config show` tells what counts."
)
PLACE_UNKNOWN = (
    "I do not know yet whether I may work in this channel. Please ask me something here first, and set this then."
)
BRANCH_ALONE = "A branch belongs to a repository, and none is set here. Please give the repository with it."

CHANGED = "{by} {changes} for {where}."
SETTLED, CLEARED = "set {values}", "cleared {values}"
THE, NOW, NOW_IS = "the {name}", "Now {values}.", "the {name} is {value}"
FROM_NEXT_QUESTION = "It counts from the next question on."
FROM_NEXT_MACHINE = "The repository and its branch count from the next machine on: `/opencord reset` makes one here."
FROM_NEW_MACHINES = (
    "The repository and its branch count for machines made from now on: `/opencord reset` in a thread makes one."
)

ROUTING_MEANS = {
    "ai": "as a quick model judges",
    "heuristic": "as fixed rules judge",
    "off": "all of them",
}
VERBOSITY_MEANS = {
    "quiet": "that there is work, and how it went",
    "normal": "the last few tools, and the list of tasks",
    "verbose": "many of the tools, and what each of them changed",
}
VERBOSITY_FROM_NOW = "From now on it shows {meaning}. Answers are always shown whole."
VERBOSITY_IS = "{settled} It shows {meaning}."

UNKNOWN_NAME = "I know no {kind} called {name}. Nearest to it: {nearest}. Please choose one from the list."
NO_MODEL = (
    "That is no model: it is written as provider/model, for example opencode/claude-sonnet-4-5. Please try it that way."
)
NO_AGENT = "That is no agent: its name is one word, for example build or plan. Please try it that way."
NO_REPOSITORY = (
    "That is no address that can be cloned. Please give one such as `https://github.com/owner/name`, `ssh://…` or "
    "`git@host:owner/name`."
)
PRIVATE_REPOSITORY = (
    "This address leads into a private network, and I clone only what is on the internet. Please give one such as "
    "`https://github.com/owner/name`."
)
LOGIN_IN_ADDRESS = (
    "This address holds a login that everybody here could read. Please give it without; whoever runs this bot sets "
    "GITHUB_TOKEN for private repositories. If it was a real password, change it now."
)
NO_BRANCH = "That cannot be the name of a branch. Please give it as git shows it, for example main or fix/login."
