"""What comes after a connection: a table that can be held beside Discord's.

https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
"""

from dataclasses import dataclass
from enum import StrEnum


class Move(StrEnum):
    """What comes after a connection."""

    RESUME = "resume"
    IDENTIFY = "identify"
    IDENTIFY_BLIND = "identify_blind"  # without MESSAGE_CONTENT
    ASK_ANEW = "ask_anew"  # GET /gateway/bot: how many shards there are
    STOP = "stop"


# A code that is not here, and none at all, are answered with RESUME, and so are 1000 and 1001: it is the client's own
# closing with these that ends a session. A RESUME of a session that is gone after all is answered with op 9.
CLOSINGS: dict[int, tuple[Move, str]] = {
    4000: (Move.RESUME, "unknown error"),
    4001: (Move.RESUME, "unknown opcode"),
    4002: (Move.RESUME, "decode error"),
    4003: (Move.RESUME, "not authenticated"),
    4004: (Move.STOP, "Discord does not accept DISCORD_TOKEN"),
    4005: (Move.RESUME, "already authenticated"),
    4007: (Move.IDENTIFY, "invalid sequence number"),
    4008: (Move.RESUME, "rate limited"),
    4009: (Move.IDENTIFY, "session timed out"),
    4010: (Move.ASK_ANEW, "invalid shard"),
    4011: (Move.ASK_ANEW, "sharding required"),
    4012: (Move.STOP, "Discord no longer speaks this version of the Gateway: OpenCord needs an update"),
    4013: (Move.STOP, "Discord does not know these intents: OpenCord needs an update"),
    4014: (Move.STOP, "Discord does not allow the bot its intents"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    move: Move
    why: str
    pause: float = 0.0  # seconds before it
    code: int | None = None  # that the server closed with


def verdict_on(code: int | None, *, content: bool) -> Verdict:
    """`code` None: there was none. `content`: whether MESSAGE_CONTENT was among the intents."""
    if code == 4014 and content:
        return Verdict(Move.IDENTIFY_BLIND, "Message Content Intent is not switched on", code=code)
    move, meaning = CLOSINGS.get(code or 0, (Move.RESUME, "connection lost"))
    return Verdict(move, meaning if code is None else f"{meaning}, code {code}", code=code)
