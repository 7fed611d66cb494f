"""Discord's ids: 64 bits that begin with the time at which they were given.

https://docs.discord.com/developers/reference#snowflakes
"""

EPOCH_MS = 1_420_070_400_000


def born(snowflake: str) -> float:
    """When the id was given, in epoch seconds by Discord's clock. Raises ValueError for what is not a snowflake."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1000


def at(seconds: float) -> str:
    """The lowest id that can have been given at that time: a cursor for `after`."""
    return str(max(0, int(seconds * 1000) - EPOCH_MS) << 22)
