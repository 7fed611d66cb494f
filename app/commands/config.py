"""`/opencord config`: what is settled here and by whom, and settling several things at once, for this thread or for all
threads of the channel.

A channel's settings are for those who may manage it, and so is a thread's approver (see `access`).
"""

from collections.abc import Iterable, Mapping, Sequence

from app.commands.answers import Answer, Result
from app.commands.approvers import is_gone
from app.commands.choices import checked
from app.commands.door import TurnedAway, Visitor, let_in
from app.commands.ports import Room
from app.commands.settling import channel_of, settle, standing_value, suggested, thread_of
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.payloads import Payload, told
from app.discord.text import shorten
from app.turns.preferences import Changes, Preference, Routing
from app.turns.status import Verbosity
from app.words.door import UNKNOWN_OPTION
from app.words.settings import (
    GIVEN_AND_CLEARED,
    NO_ROLE,
    NOTHING_CHOSEN,
    ROUTING_MEANS,
    SETTING,
    SETTINGS_HEAD,
    SETTINGS_HINT,
    VERBOSITY_MEANS,
)


def _text(name: str, description: str, **more: object) -> Payload:
    return {"type": 3, "name": name, "description": description, **more}


def _choices(*values: str) -> list[Payload]:
    return [{"name": value, "value": value} for value in values]


def _explained(values: Iterable[str], means: Mapping[str, str]) -> list[Payload]:
    return [{"name": f"{value}: {means[value]}", "value": value} for value in values]


ROLE = 8
SETTINGS: list[Payload] = [
    _text("repository", "Address of what new machines clone", autocomplete=True),
    _text("branch", "Branch of that repository", autocomplete=True),
    _text("model", "Which model answers, as provider/model", autocomplete=True),
    _text("agent", "Which of OpenCode's agents, such as build or plan", autocomplete=True),
    _text("routing", "Which messages in a thread are questions", choices=_explained(Routing, ROUTING_MEANS)),
    _text("verbosity", "How much of the work is shown", choices=_explained(Verbosity, VERBOSITY_MEANS)),
    {"type": ROLE, "name": "approver", "description": "Only this role may allow what the agent asks leave for"},
    _text("clear", "A setting to clear", choices=_choices(*Preference)),
]
REGISTRATION: Payload = {
    "type": 2,
    "name": "config",
    "description": "Settings of this thread or channel",
    "options": [
        {"type": 1, "name": "show", "description": "What counts here, and who set it"},
        {
            "type": 1,
            "name": "channel",
            "description": "Change settings for all threads of the channel",
            "options": SETTINGS,
        },
        {"type": 1, "name": "thread", "description": "Change settings for this thread", "options": SETTINGS},
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    if interaction.command[2] == "show":
        return await show(visitor, room)
    spot = channel_of(visitor) if interaction.command[2] == "channel" else thread_of(visitor)
    changes = await wanted(interaction, room)
    return await settle(spot, changes, room)


async def suggest(interaction: Interaction, room: Room) -> Sequence[tuple[str, str]]:
    focused = interaction.focused or ""
    return await suggested(Preference(focused), interaction, room) if focused in list(Preference) else []


async def show(visitor: Visitor, room: Room) -> Answer:
    """Whether the approver's role exists at all is looked for behind the answer, and said where it does not."""
    text, guild = await overview(visitor, room), visitor.place.guild
    role = (await room.preferences.settled(visitor.place)).value(Preference.APPROVER)
    if role in (None, guild):
        return Answer(told(text))

    async def looked_at() -> Result:
        if not await is_gone(role, guild, room):
            return Result(text)
        return Result(f"{await overview(visitor, room)}\n{NO_ROLE}")

    return Answer(told(text), looked_at)


async def overview(visitor: Visitor, room: Room) -> str:
    """A line for every preference: a table would not show the names of roles, nor a long address on a narrow screen."""
    place = visitor.place
    settled = await room.preferences.settled(place)
    where = f"<#{place.thread or place.channel}>"
    lines = [SETTING.format(name=one, value=standing_value(one, place, settled)) for one in Preference]
    return shorten("\n".join([SETTINGS_HEAD.format(where=where), *lines, SETTINGS_HINT]), CONTENT)


async def wanted(interaction: Interaction, room: Room) -> Changes:
    """What was given. An empty option leaves as it is what it is about. Raises TurnedAway."""
    given = {name: str(value).strip() for name, value in interaction.options.items()}
    cleared = given.pop("clear", "")
    if cleared and cleared not in list(Preference):
        raise TurnedAway(UNKNOWN_OPTION)
    if given.get(cleared):
        raise TurnedAway(GIVEN_AND_CLEARED.format(name=cleared))
    changes = {Preference(name): await checked(Preference(name), value, room) for name, value in given.items() if value}
    if not changes and not cleared:
        raise TurnedAway(NOTHING_CHOSEN)
    return {**changes, **({Preference(cleared): None} if cleared else {})}
