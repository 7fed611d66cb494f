"""Discord's numbers, each with the page that states it. Lengths are in characters; `text` says how
they are counted.

Rate limits are not among them, except the two that no header announces: the rest is learnt (`buckets`).
"""

# https://docs.discord.com/developers/resources/message#create-message
CONTENT = 2000
NONCE = 25
FILES = 10
# https://docs.discord.com/developers/reference#uploading-files: each, where nobody has boosted the server
FILE_BYTES = 10 * 1024 * 1024
REQUEST_BYTES = 25 * 1024 * 1024  # all of a message's together

# https://docs.discord.com/developers/resources/channel#start-thread-from-message
THREAD_NAME = 100
AUTO_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)

# https://docs.discord.com/developers/resources/message#get-channel-messages
PAGE = 100

# https://docs.discord.com/developers/components/reference
ROWS = 5
ROW_BUTTONS = 5
CUSTOM_ID = 100
BUTTON_LABEL = 80
SELECT_OPTIONS = 25
SELECT_OPTION = 100  # its label, its value and its description, each
PLACEHOLDER = 150
INPUT_LABEL = 45
INPUT_DESCRIPTION = 100
INPUT_PLACEHOLDER = 100
INPUT_VALUE = 4000
INPUTS = 5

# https://docs.discord.com/developers/interactions/application-commands
COMMAND_CHARACTERS = 8000  # of names, descriptions and values together
SUBCOMMANDS = 25
CHOICES = 25
CHOICE = 100  # its name and its value, each
STRING_OPTION = 6000

# https://docs.discord.com/developers/interactions/receiving-and-responding
MODAL_TITLE = 45
ACKNOWLEDGE_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0

# https://docs.discord.com/developers/topics/rate-limits#global-rate-limit
REQUESTS_PER_SECOND = 50
# https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
INVALID_REQUESTS = 10_000
INVALID_SECONDS = 600.0
