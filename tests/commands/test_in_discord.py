"""The machine's commands as people see them, on a Discord that keeps its rules and accuses whoever breaks them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.commands import REGISTRATION
from app.discord.identity import Application, Identity
from app.discord.replies import Replies
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.store.sqlite import Sqlite
from app.words.machine import AWAKE, GONE_ALREADY, RESET_DONE
from scripts.playground.discord import Rules, Simulator
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.people import Person
from scripts.register_commands import register
from tests.web.door import Door

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Scene:
    discord: Simulator
    door: Door
    ada: Person
    bob: Person
    thread: str

    async def use(self, subcommand: str) -> None:
        await self.bring(await self.ada.command(self.thread, "opencord", {subcommand: {}}))

    async def press(self, label: str, message: dict[str, Any]) -> None:
        (custom_id,) = [one["custom_id"] for one in message["components"][0]["components"] if one["label"] == label]
        await self.bring(await self.ada.press(message, custom_id, checked=False))

    async def bring(self, interaction: Interaction) -> None:
        """To the app; its answer goes to Discord before it goes on."""

        async def arrive(answer: Any) -> None:
            interaction.answer(answer)

        self.door.before_work = arrive
        await self.door.send(interaction.payload)

    def last(self, person: Person) -> dict[str, Any]:
        return person.messages(self.thread)[-1]


async def unasked() -> Application:
    raise AssertionError("everything is known")


@pytest.fixture
async def here(sqlite: Sqlite) -> AsyncIterator[Scene]:
    async with Simulator(rules=Rules(window=0.02)) as discord, httpx.AsyncClient() as http:
        rest = Rest(Transport(http, discord.api_url, discord.token))
        identity = Identity(unasked, discord.clock.now, discord.application_id, discord.public_key)
        door = Door(sqlite)
        door.replies = Replies(rest, identity, clock=discord.clock.now)
        await register(rest, discord.application_id, None, REGISTRATION)
        ada, bob = discord.add_person("Ada"), discord.add_person("Bob")
        thread = await ada.start_thread(discord.channel("general").id, "files")
        yield Scene(discord, door, ada, bob, thread["id"])
        assert discord.violations == []


async def test_a_reset_is_asked_about_pressed_and_heard_by_everybody(here: Scene) -> None:
    await here.door.machines.make(here.thread)
    here.door.machines.holds_unsaved = True

    await here.use("reset")
    question = here.last(here.ada)
    await here.press("Reset", question)

    done, aloud = here.ada.messages(here.thread)[-2:]
    assert (done["id"], done["content"], done["components"]) == (question["id"], RESET_DONE, [])
    assert done["flags"] & 64
    assert aloud["content"] == "-# ♻️ **Ada** reset the machine of this thread: the next question gets a new one."
    assert "message_reference" not in aloud
    assert here.last(here.bob)["id"] == aloud["id"]
    assert RESET_DONE not in [message["content"] for message in here.bob.messages(here.thread)]


async def test_a_second_press_on_the_same_button_tells_the_truth(here: Scene) -> None:
    await here.door.machines.make(here.thread)
    here.door.machines.holds_unsaved = True
    await here.use("reset")
    question = here.last(here.ada)
    await here.press("Reset", question)

    await here.press("Reset", question)

    assert GONE_ALREADY in [message["content"] for message in here.ada.messages(here.thread)]
    assert len(here.bob.messages(here.thread)) == len(here.ada.messages(here.thread)) - 1


async def test_everything_else_is_between_the_asker_and_us(here: Scene) -> None:
    await here.door.machines.make(here.thread)
    before = len(here.bob.messages(here.thread))

    for subcommand in ("status", "pause", "resume"):
        await here.use(subcommand)

    assert here.last(here.ada)["content"] == AWAKE
    assert "Machine: awake" in here.ada.messages(here.thread)[-3]["content"]
    assert len(here.bob.messages(here.thread)) == before
