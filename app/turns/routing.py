"""Who is heard, and what is for us. Pure: the answer to "why did the bot not answer" is one of the verdicts here.

Two questions, asked in this order. The *gate* asks whether people may talk to the bot in this place at all, and these
people in particular; a refusal is spoken to whoever used a command and silent otherwise. The *rules* ask whether a
message in one of our threads is meant for us; a command always is.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from app.ids import ChannelId
from app.turns.records import Asker, Place


@dataclass(frozen=True, slots=True)
class Policy:
    channels: frozenset[ChannelId] = frozenset()  # empty: all
    category: ChannelId | None = None
    required_role: str | None = None
    judging: bool = True  # False: everything that is said in one of our threads is for us
    bot: str | None = None  # our own user id, where it is known


class Refusal(StrEnum):
    """Why somebody is not heard, in the words that they read."""

    CHANNEL = "I am not set up to work in this channel. Please ask in one of the channels that I am allowed in."
    ROLE = "You need a certain role to talk to me here. Please ask whoever runs this server for it."


class Unknown(StrEnum):
    """What the gate would have to know first."""

    CATEGORY = "category"


def gate(place: Place, asker: Asker, policy: Policy) -> Refusal | Unknown | None:
    """None opens. A thread counts as its parent channel; a thread may also be allowed by its own id."""
    if policy.channels and not policy.channels & {place.channel, place.thread}:
        return Refusal.CHANNEL
    if policy.required_role is not None and policy.required_role not in asker.roles:
        return Refusal.ROLE
    if policy.category is not None and place.category != policy.category:
        is_unknown = place.category is None and place.thread is not None
        return Unknown.CATEGORY if is_unknown else Refusal.CHANNEL
    return None


class Verdict(StrEnum):
    """What the rules make of a message in one of our threads. Only EMPTY, ELSEWHERE and CHATTER are left alone."""

    ASKED = "asked by a command, or everything counts"
    EMPTY = "empty"
    ELSEWHERE = "addressed to somebody else"
    CHATTER = "small talk"
    QUESTION = "a question"
    INSTRUCTION = "an instruction"
    UNSURE = "no rule fits"

    @property
    def ours(self) -> bool:
        return self not in {Verdict.EMPTY, Verdict.ELSEWHERE, Verdict.CHATTER}


LEADING_MENTION = re.compile(r"\s*<@!?(\d+)>")
CHATTER = re.compile(
    r"(?:(?:ok(?:ay)?|k|thx|ty|thanks?(?: you)?(?: so much| a lot)?|cheers|great|nice(?: one)?|cool|perfect|awesome|"
    r"lol|haha+|good (?:job|morning|night|bot)|well done|got it|sounds good|never ?mind|brb|\+1|[\W_])\s*)+",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"\?\s*$|^(?:who|what|when|where|why|how|which|can|could|would|will|should|is|are|do|does|did)\b", re.IGNORECASE
)
INSTRUCTION = re.compile(
    r"^(?:please|pls|now|then|also|and|try|add|fix|make|write|create|change|update|remove|delete|rename|move|run|test|"
    r"build|install|show|list|explain|check|find|look|read|open|use|refactor|implement|revert|undo|commit|push|deploy|"
    r"continue|go on|go ahead|do it|stop|help)\b",
    re.IGNORECASE,
)


def judge(text: str, policy: Policy) -> Verdict:
    if not policy.judging:
        return Verdict.ASKED
    addressed = LEADING_MENTION.match(text)
    if addressed and policy.bot and addressed[1] != policy.bot:
        return Verdict.ELSEWHERE
    said = LEADING_MENTION.sub("", text, count=1).strip()
    if not said:
        return Verdict.EMPTY
    if CHATTER.fullmatch(said):
        return Verdict.CHATTER
    if QUESTION.search(said):
        return Verdict.QUESTION
    return Verdict.INSTRUCTION if INSTRUCTION.search(said) else Verdict.UNSURE
