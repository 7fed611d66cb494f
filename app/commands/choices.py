"""What may be chosen for a preference: how a value must look, what is offered while somebody types it, and how it is
shown to others.

Models and agents are checked against what OpenCode offers, as far as that is known here: before the first machine has
come up, every name of the right form will do. Of repositories and branches only the form is checked, for whether they
exist is seen by the machine that clones them. Everybody in a server can read what is settled there, so an address with
a password in it is turned away. So is one that leads to the computer that clones it, or to what only that one reaches:
the operator alone may have such things cloned.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from ipaddress import IPv6Network, ip_address
from urllib.parse import urlsplit

from app.commands.door import TurnedAway, Visitor
from app.commands.ports import Room
from app.discord.notation import code, path, visible
from app.ids import GuildId
from app.turns.catalogue import Entry, Kind, matching, nearest
from app.turns.preferences import Preference, Routing
from app.turns.status import Verbosity
from app.words.door import UNKNOWN_OPTION
from app.words.settings import (
    EVERYBODY,
    LOGIN_IN_ADDRESS,
    NO_AGENT,
    NO_BRANCH,
    NO_MODEL,
    NO_REPOSITORY,
    PRIVATE_REPOSITORY,
    UNKNOWN_NAME,
)

LONGEST = 300  # characters of any value
SHOWN = 120  # of these when it is told


KINDS = {Preference.MODEL: Kind.MODEL, Preference.AGENT: Kind.AGENT}
LISTS: dict[Preference, type[StrEnum]] = {Preference.ROUTING: Routing, Preference.VERBOSITY: Verbosity}
# As OpenCode spells them: openrouter/qwen/qwen3-coder:free, cloudflare/@cf/meta/llama-3.1-8b. None is a path.
PART = r"[@~]?[A-Za-z0-9][\w.:@+-]*"
FORMS = {
    Kind.MODEL: (re.compile(rf"{PART}(/{PART})+", re.ASCII), NO_MODEL),
    Kind.AGENT: (re.compile(r"[^\W_][\w-]*"), NO_AGENT),
}

# Whatever begins with a dash git or ssh may take for an option; curl decodes what is escaped in the name of a host.
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
URL = re.compile(rf"(https|ssh)://({NAME}@)?(?P<host>{NAME}|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?/(?!/*-)[^\s\\?#]+")
SCP = re.compile(rf"{NAME}@(?P<host>{NAME}):(?!-)[^\s\\]+")
# 2130706433, 0x7f.1 and 127.1 are all 127.0.0.1: https://url.spec.whatwg.org/#ends-in-a-number-checker
ENDS_IN_NUMBER = re.compile(r"(^|\.)([0-9]+|0x[0-9a-f]*)$")
# Every other range of IPv6 is a network's own, or has an address of IPv4 within, as 6to4 has.
# https://www.iana.org/assignments/ipv6-address-space
UNICAST = IPv6Network("2000::/3")
OWN_NAMES = frozenset({"localhost", "local", "internal"})  # https://www.iana.org/assignments/special-use-domain-names
# https://git-scm.com/docs/git-check-ref-format
REFNAME = re.compile(r"[^\s~^:?*\[\\]+")
NO_REFNAME = re.compile(r"^[-/]|^@$|\.\.|//|@\{|[/.]$|(^|/)\.|\.lock(/|$)")


async def checked(preference: Preference, typed: str, room: Room) -> str:
    """The value as it is kept. Raises TurnedAway, in words that say what it should be."""
    value = typed.strip()
    if preference in KINDS:
        return await _known(KINDS[preference], value, room)
    if preference in LISTS:
        return _listed(LISTS[preference], value)
    if preference is Preference.REPOSITORY:
        return repository(value)
    return branch(value) if preference is Preference.BRANCH else _role(value)


async def offered(
    preference: Preference, typed: str, visitor: Visitor, room: Room, repository: str | None, current: str | None
) -> Sequence[tuple[str, str]]:
    """Names and values, for autocomplete; branches are those of the repository. Of models and agents, of which there
    are more than Discord shows, the one that counts comes first."""
    if preference in KINDS:
        kind = KINDS[preference]
        known = await room.catalogue.entries(kind) or ([Entry(kind, current)] if current else [])
        entries = sorted(matching(typed, known), key=lambda one: one.name != current)
        return [(f"{one.name} ({one.about})" if one.about else one.name, one.name) for one in entries]
    values: Sequence[str] = ()
    if preference is Preference.REPOSITORY:
        values = await room.preferences.repositories(visitor.place, visitor.asker.id)
    elif preference is Preference.BRANCH and repository is not None:
        values = await room.preferences.branches(visitor.place, visitor.asker.id, repository)
    return [(value, value) for value in values if typed.strip().casefold() in value.casefold()]


def shown(preference: Preference, value: str, guild: GuildId) -> str:
    """In Discord's notation. A role is mentioned, and is told by its name so."""
    if preference is Preference.APPROVER:
        return EVERYBODY if value == guild else f"<@&{value}>"
    return path(value, SHOWN) if preference is Preference.REPOSITORY else code(value, SHOWN)


def repository(address: str) -> str:
    """Something to clone, without a password in it. Raises TurnedAway."""
    try:
        parts = urlsplit(address)
        sound = parts.port != 0
    except ValueError:  # of the host or the port
        raise TurnedAway(LOGIN_IN_ADDRESS if "@" in address else NO_REPOSITORY) from None
    login = parts.netloc.rpartition("@")[0]
    if ":" in login or (login and parts.scheme != "ssh"):
        raise TurnedAway(LOGIN_IN_ADDRESS)
    found = URL.fullmatch(address) or SCP.fullmatch(address)
    if not sound or found is None or not _is_plain(address):
        raise TurnedAway(NO_REPOSITORY)
    if not _is_public(found["host"]):
        raise TurnedAway(PRIVATE_REPOSITORY)
    return address


def branch(name: str) -> str:
    """Something that git could call a branch. Raises TurnedAway."""
    if not REFNAME.fullmatch(name) or NO_REFNAME.search(name) or not _is_plain(name):
        raise TurnedAway(NO_BRANCH)
    return name


def _is_public(host: str) -> bool:
    """Whether it is a name or an address of the internet. What a name leads to is not looked up."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        address = ip_address(name)
    except ValueError:
        return not ENDS_IN_NUMBER.search(name) and name.rpartition(".")[2] not in OWN_NAMES
    is_plain = address.version == 4 or (address in UNICAST and address.sixtofour is None)
    return is_plain and address.is_global and not address.is_multicast


async def _known(kind: Kind, name: str, room: Room) -> str:
    form, otherwise = FORMS[kind]
    entries = await room.catalogue.entries(kind)
    if any(one.name == name for one in entries):
        return name
    if entries:
        alike = ", ".join(code(one, SHOWN) for one in nearest(name, entries))
        raise TurnedAway(UNKNOWN_NAME.format(kind=kind, name=code(name, SHOWN), nearest=alike))
    if not form.fullmatch(name) or not _is_plain(name):
        raise TurnedAway(otherwise)
    return name


def _listed(values: type[StrEnum], value: str) -> str:
    try:
        return values(value).value
    except ValueError:
        raise TurnedAway(UNKNOWN_OPTION) from None


def _role(id: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", id):
        raise TurnedAway(UNKNOWN_OPTION)
    return id


def _is_plain(value: str) -> bool:
    """Of a length that can be kept, and with nothing in it that cannot be seen."""
    return len(value) <= LONGEST and visible(value) == value
