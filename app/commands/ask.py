"""`/opencord ask`: in a text channel it opens a thread with a machine; in a thread it is the next thing asked there.
Without a prompt it opens a form, which takes several lines, and what else was chosen is kept until that comes back.

Nothing is worked on here: the request is written down, and Discord is told that an answer comes later.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.commands.admitting import admit, request_of
from app.commands.answers import Answer
from app.commands.choices import checked
from app.commands.door import TurnedAway, Visitor, let_in
from app.commands.ports import Room
from app.commands.session import standing
from app.commands.settling import suggested, with_repository
from app.discord.interactions import Interaction
from app.discord.kinds import OPENS_THREADS, TEXT, THREADS
from app.discord.limits import STRING_OPTION
from app.discord.payloads import Payload, deferred, modal, text_input
from app.discord.text import shows
from app.turns.drafts import Draft
from app.turns.preferences import Preference, Values
from app.words.asking import (
    ASK_EXAMPLE,
    ASK_LABEL,
    ASK_TITLE,
    DRAFT_FORGOTTEN,
    EMPTY_PROMPT,
    HAS_MACHINE,
    NONE_PRIVATE,
    THREAD_NOT_PRIVATE,
)
from app.words.door import NOT_HERE, UNKNOWN_BUTTON

WISHES = {
    "model": Preference.MODEL,
    "agent": Preference.AGENT,
    "repo": Preference.REPOSITORY,
    "branch": Preference.BRANCH,
}
REGISTRATION: Payload = {
    "type": 1,
    "name": "ask",
    "description": "Ask OpenCode; in a channel this opens a thread with a machine of its own",
    "options": [
        {
            "type": 3,
            "name": "prompt",
            "description": "What to do or to find out; leave it out to write several lines in a form",
            "max_length": STRING_OPTION,
        },
        {"type": 11, "name": "file", "description": "Something to look at or to work with"},
        {
            "type": 3,
            "name": "model",
            "description": "Which model answers in the thread, as provider/model",
            "autocomplete": True,
        },
        {"type": 3, "name": "agent", "description": "Which of OpenCode's agents works in it", "autocomplete": True},
        {"type": 3, "name": "repo", "description": "What a new machine clones", "autocomplete": True},
        {"type": 3, "name": "branch", "description": "Which branch of the repository", "autocomplete": True},
        {"type": 5, "name": "private", "description": "In a thread that only you see, and whom you invite"},
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await heard(interaction, room)
    prompt = interaction.options.get("prompt")
    if prompt is not None and not shows(str(prompt)):
        raise TurnedAway(EMPTY_PROMPT)
    wishes = await wishes_of(interaction, visitor, room)
    private = is_private(interaction, visitor)
    draft = Draft(visitor.asker.id, visitor.at, wishes, interaction.attachments, private)
    if prompt is not None:
        return await asked(interaction, visitor, str(prompt), draft, room)
    await room.ledger.keep(interaction.id, draft, room.clock())
    return Answer(modal(f"ask:{interaction.id}", ASK_TITLE, text_input("prompt", ASK_LABEL, placeholder=ASK_EXAMPLE)))


async def suggest(interaction: Interaction, room: Room) -> Sequence[tuple[str, str]]:
    preference = WISHES.get(interaction.focused or "")
    return await suggested(preference, interaction, room) if preference else []


async def press(interaction: Interaction, room: Room) -> Answer:
    """`ask:<interaction>`: the form comes back."""
    visitor = await heard(interaction, room)
    prompt = interaction.fields.get("prompt", "")
    if not shows(prompt):
        raise TurnedAway(EMPTY_PROMPT)
    return await asked(interaction, visitor, prompt, await draft_of(interaction, visitor, room), room)


async def heard(interaction: Interaction, room: Room) -> Visitor:
    """Raises TurnedAway, as the next three do."""
    if interaction.channel is None or interaction.channel.type not in OPENS_THREADS | THREADS:
        raise TurnedAway(NOT_HERE)
    return await let_in(interaction, room)


async def wishes_of(interaction: Interaction, visitor: Visitor, room: Room) -> Values:
    given = {preference: interaction.options.get(name) for name, preference in WISHES.items()}
    wishes = {preference: await checked(preference, str(value), room) for preference, value in given.items() if value}
    thread = visitor.place.thread
    if wishes.keys() & {Preference.REPOSITORY, Preference.BRANCH} and thread and await standing(thread, room):
        raise TurnedAway(HAS_MACHINE)
    found = with_repository(wishes, await room.preferences.settled(visitor.place))
    return {preference: value for preference, value in found.items() if value is not None}


def is_private(interaction: Interaction, visitor: Visitor) -> bool:
    wanted = interaction.options.get("private") is True
    if wanted and visitor.place.thread is not None:
        raise TurnedAway(THREAD_NOT_PRIVATE)
    if wanted and interaction.channel is not None and interaction.channel.type != TEXT:
        raise TurnedAway(NONE_PRIVATE)
    return wanted


async def draft_of(interaction: Interaction, visitor: Visitor, room: Room) -> Draft:
    """What was chosen before the form that comes back was opened, by the same person in the same place."""
    draft = await room.ledger.draft((interaction.custom_id or "").partition(":")[2])
    if draft is None:
        raise TurnedAway(DRAFT_FORGOTTEN)
    if (draft.asker, draft.at) != (visitor.asker.id, visitor.at):
        raise TurnedAway(UNKNOWN_BUTTON)
    return draft


async def asked(interaction: Interaction, visitor: Visitor, prompt: str, draft: Draft, room: Room) -> Answer:
    request = replace(
        request_of(interaction, visitor, prompt.strip()),
        interaction_token=interaction.token,
        attachments=draft.attachments,
        wishes=draft.wishes,
        private=draft.private,
    )
    await admit(request, room)
    return Answer(deferred(ephemeral=draft.private))
