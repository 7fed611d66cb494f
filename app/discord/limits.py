"""Discord's numbers, each with the page that states it. Lengths are in characters; `text` says how
they are counted.

Rate limits are not among them, except the two that no header announces: the rest is learnt (`buckets`).
"""

# https://docs.discord.com/developers/resources/message#create-message
CONTENT = 2000
NONCE = 25

# https://docs.discord.com/developers/resources/channel#start-thread-from-message
THREAD_NAME = 100
AUTO_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)

# https://docs.discord.com/developers/resources/message#get-channel-messages
PAGE = 100

# https://docs.discord.com/developers/components/reference
CUSTOM_ID = 100
BUTTON_LABEL = 80

# https://docs.discord.com/developers/interactions/receiving-and-responding
ACKNOWLEDGE_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0

# https://docs.discord.com/developers/topics/rate-limits#global-rate-limit
REQUESTS_PER_SECOND = 50
# https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
INVALID_REQUESTS = 10_000
INVALID_SECONDS = 600.0
