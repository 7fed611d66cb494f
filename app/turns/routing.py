"""Who is heard, and what is for us. Pure: the answer to "why did the bot not answer" is one of the verdicts here.

Three questions, asked in this order. The *gate* asks whether people may talk to the bot in this place at all, and
these people in particular; a refusal is spoken to whoever used a command and silent otherwise. *Whom* a message names,
Discord says: what mentions us or replies to us is for us, as a command is. Where nobody is named, the *rules* ask what
it is, going by its words (`phrases`).

Where no rule fits, the verdict is UNSURE, and that counts as ours unless somebody knows better: an answer that nobody
wanted is a smaller harm than silence. The rules are blunt for the same reason: they only have to be right about what
they leave alone.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.ids import ChannelId, UserId
from app.turns import phrases
from app.turns.phrases import Token
from app.turns.preferences import Routing
from app.turns.records import Addressed, Asker, Place
from app.words.door import ROLE_MISSING, WRONG_CHANNEL


@dataclass(frozen=True, slots=True)
class Policy:
    channels: frozenset[ChannelId] = frozenset()  # empty: all
    category: ChannelId | None = None
    required_role: str | None = None
    role: str | None = None  # a mention of this role is a mention of us


class Refusal(StrEnum):
    """Why somebody is not heard, in the words that they read."""

    CHANNEL = WRONG_CHANNEL
    ROLE = ROLE_MISSING


class Unknown(StrEnum):
    """What the gate would have to know first."""

    PLACE = "place"


def gate(place: Place, asker: Asker, policy: Policy) -> Refusal | Unknown | None:
    """None opens. A thread counts as its parent channel; a thread may also be allowed by its own id. Only a vague place
    may be unknown."""
    if policy.channels and not policy.channels & {place.channel, place.thread}:
        return Unknown.PLACE if place.lacks_parent else Refusal.CHANNEL
    if policy.required_role is not None and policy.required_role not in asker.roles:
        return Refusal.ROLE
    if policy.category is not None and place.category != policy.category:
        return Unknown.PLACE if place.vague else Refusal.CHANNEL
    return None


def is_open_to(place: Place, policy: Policy) -> bool:
    """Whether anybody at all may talk to the bot in this place, which is not vague."""
    anybody = Asker(UserId("0"), "anybody", (policy.required_role,) if policy.required_role else ())
    return gate(place, anybody, policy) is None


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a message names, as Discord says it."""

    users: frozenset[str] = frozenset()  # mentioned; the author of the message replied to included, when that pings
    roles: frozenset[str] = frozenset()
    everyone: bool = False  # @everyone or @here
    leads_with: str | None = None  # the user or role whose mention the message begins with
    replies_to: str | None = None  # the author of the message that it replies to, pinged or not


def whom(named: Named, bot: str, role: str | None) -> Addressed:
    """Naming us anywhere outweighs all the rest. Others count only where one would name the person spoken to: "ask
    @bob", in the middle, is no message to bob."""
    ours = {bot} if role is None else {bot, role}
    if bot in named.users or named.replies_to == bot or role in named.roles:
        return Addressed.US
    if named.everyone:
        return Addressed.EVERYONE
    spoken_to = {named.leads_with, named.replies_to} - {None}
    return Addressed.OTHERS if spoken_to - ours else Addressed.NOBODY


class Verdict(StrEnum):
    """What the rules make of a message in one of our threads."""

    EVERYONE = "addressed to everyone"
    EMPTY = "empty"
    ASKED = "asked by a command or a mention, or everything counts"
    ELSEWHERE = "addressed to somebody else"
    CHATTER = "small talk"
    QUESTION = "a question"
    INSTRUCTION = "an instruction"
    KEYWORD = "about code, or it names us in words"
    UNSURE = "no rule fits"
    UNWANTED = "no rule fits, and the model says that nobody asked us"
    STRANGE = "in a thread that is not ours"

    @property
    def ours(self) -> bool:
        return self not in LEFT_ALONE


LEFT_ALONE = frozenset(
    {Verdict.EVERYONE, Verdict.EMPTY, Verdict.ELSEWHERE, Verdict.CHATTER, Verdict.UNWANTED, Verdict.STRANGE}
)


def judge(text: str, addressed: Addressed, routing: Routing) -> Verdict:
    """`text` comes without mentions of us, and with those of others as `@name`."""
    if addressed is Addressed.EVERYONE:
        return Verdict.EVERYONE
    if not phrases.shows(text):
        return Verdict.EMPTY
    if addressed is Addressed.US or routing is Routing.OFF:
        return Verdict.ASKED
    return Verdict.ELSEWHERE if addressed is Addressed.OTHERS else _by_its_words(text)


def _by_its_words(text: str) -> Verdict:
    said = phrases.plain(text)
    tokens, rest = phrases.opening(said)
    if not rest and "?" not in said:
        return _in_short(tokens)
    if (asks := "?" in said or phrases.asks(rest)) or phrases.instructs(rest):
        to_somebody = phrases.ends_with_a_name(said) or phrases.begins_with_a_name(rest)
        return Verdict.UNSURE if to_somebody else Verdict.QUESTION if asks else Verdict.INSTRUCTION
    if Token.NAME in tokens or phrases.is_about_code(text):
        return Verdict.KEYWORD
    return Verdict.UNSURE


def _in_short(tokens: frozenset[Token]) -> Verdict:
    """A message all of whose words are known ones. One without any words is emoji."""
    if Token.ANSWER in tokens:
        return Verdict.UNSURE if Token.MENTION in tokens else Verdict.INSTRUCTION
    if Token.TALK in tokens or not tokens:
        return Verdict.CHATTER
    if Token.MENTION in tokens:
        return Verdict.ELSEWHERE
    return Verdict.KEYWORD if Token.NAME in tokens else Verdict.UNSURE
