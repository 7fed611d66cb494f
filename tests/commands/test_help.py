"""`/opencord help`."""

import pytest

from app import commands
from app.discord.limits import CONTENT
from app.discord.text import units
from app.turns.routing import Policy, Refusal
from app.words.asking import GUIDE
from tests.web.door import Door, pressed, spoken, used

pytestmark = pytest.mark.anyio


def buttons(answer: dict[str, object]) -> dict[str, str]:
    rows = answer["data"].get("components", [])  # type: ignore[attr-defined]
    return {one["label"]: one["custom_id"] for row in rows for one in row["components"]}


async def test_it_begins_with_what_to_do_first_and_names_every_command(door: Door) -> None:
    answer = await door.send(used("help"))
    text, is_ephemeral = spoken(answer)
    pages = [text]
    while "More" in buttons(answer):
        answer = await door.send(pressed(buttons(answer)["More"]))
        assert answer["type"] == 7
        pages.append(answer["data"]["content"])

    whole = "\n".join(pages)
    assert is_ephemeral
    assert text.startswith(GUIDE[0])
    assert all(units(page) <= CONTENT for page in pages)
    for name, module in commands.SUBCOMMANDS.items():
        inside = module.REGISTRATION["options"] if module.REGISTRATION["type"] == commands.GROUP else []
        for path in [f"{name} {one['name']}" for one in inside] or [name]:
            assert f"`/opencord {path}` " in whole
    assert all(f"- {name}" in whole for name in commands.MENUS)


@pytest.mark.parametrize("custom_id", ["help:99", "help:x", "help", "help:-1", "help:99999999999"])
async def test_a_page_that_does_not_exist_is_one_that_does(door: Door, custom_id: str) -> None:
    answer = await door.send(pressed(custom_id))

    assert answer["type"] == 7
    assert "/opencord" in answer["data"]["content"]


async def test_who_is_not_heard_is_told_why(door: Door) -> None:
    door.policy = Policy(required_role="91")

    assert spoken(await door.send(used("help"))) == (Refusal.ROLE.value, True)
    assert spoken(await door.send(pressed("help:0"))) == (Refusal.ROLE.value, True)
