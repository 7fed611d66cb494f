"""What somebody may do in a server or a channel, as Discord counts it: the bits that we ask for. Pure.

https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags
"""

ADMINISTRATOR = 1 << 3  # may everything, wherever
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
VIEW_CHANNEL = 1 << 10
