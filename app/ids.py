"""The names of things: strings that type checkers tell apart.

Discord's ids are snowflakes: decimal strings of at most 20 digits that grow with time. They are branded where they
enter the process and stay strings, because JSON numbers lose their last digits.
"""

from typing import NewType

TurnId = NewType("TurnId", str)  # the id of the Discord message or interaction that asked
GuildId = NewType("GuildId", str)
ChannelId = NewType("ChannelId", str)
ThreadId = NewType("ThreadId", str)
MessageId = NewType("MessageId", str)
UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)  # OpenCode's, "ses_..."
AskId = NewType("AskId", str)  # OpenCode's: per_… or que_…
