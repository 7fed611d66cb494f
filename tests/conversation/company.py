"""Who is on the stage: the app with its scheduler, the people, and what the agent may run.

Some commands are asked for first, the model has prices, and `npm` ends when it is told to: so a conversation stands
still where a test wants to look.
"""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.playground.discord import Person
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Upload
from scripts.playground.model import MODEL
from tests.conversation.stage import Stage, staged
from tests.turns.pictures import png

PRICES = {"input": 3, "output": 15}  # dollars for a million tokens
PERMISSIONS = {"bash": {"*": "allow", "npm publish*": "ask"}, "edit": {"*": "allow", "*.env": "ask"}}
NPM = """#!/bin/sh
until [ -e {released} ]; do sleep 0.05; done
case $1 in
    publish) echo '+ shop@1.4.0' ;;
    *) echo '12 tests passed' ;;
esac
"""
PLOT = """#!/bin/sh
echo {image} | base64 -d > "$1"
"""
IMAGE = Upload("chart.png", png(64, 48), "image/png")


@dataclass(slots=True)
class Company:
    """`alice` and `bob` may talk to the bot, `mallory` may not; `warden` looks after the threads."""

    stage: Stage
    alice: Person
    bob: Person
    mallory: Person
    warden: Person
    released: Path

    def hold(self) -> None:
        """From now on `npm` does not come to its end."""
        self.released.unlink(missing_ok=True)

    def release(self) -> None:
        self.released.touch()


@asynccontextmanager
async def company(folder: Path, **settings: str) -> AsyncIterator[Company]:
    """The app and its scheduler, and the people."""
    async with staged(folder, running=False, RELAY_MODE="gateway", **settings) as stage:
        discord, crew = stage.discord, stage.discord.add_role("crew")
        discord.world.members[stage.person.id].roles.append(crew.id)
        bob, mallory = discord.add_person("bob", [crew.id]), discord.add_person("mallory")
        warden = discord.add_person("warden", permissions=May.MANAGE_THREADS)
        people = Company(stage, stage.person, bob, mallory, warden, folder / "released")
        people.release()
        stage.settings |= {
            "DISCORD_REQUIRED_ROLE_ID": crew.id,
            "PATH": f"{commands(people)}:{stage.environment()['PATH']}",
            "OPENCODE_CONFIG_JSON": configuration(stage),
        }
        await stage.start()
        yield people


def commands(people: Company) -> Path:
    """What the agent may run."""
    place = people.stage.folder / "commands"
    place.mkdir()
    image = base64.b64encode(IMAGE.content).decode()
    for name, script in {"npm": NPM.format(released=people.released), "plot": PLOT.format(image=image)}.items():
        (place / name).write_text(script)
        (place / name).chmod(0o755)
    return place


def configuration(stage: Stage) -> str:
    """With prices, and with some permissions that people are asked for."""
    config = json.loads(stage.environment()["OPENCODE_CONFIG_JSON"])
    config["provider"]["scripted"]["models"][MODEL]["cost"] = PRICES
    return json.dumps(config | {"permission": PERMISSIONS})
