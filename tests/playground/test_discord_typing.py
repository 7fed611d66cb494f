"""What Discord's client does not let a person send, and what an app may not offer them while they type."""

from typing import Any

import httpx
import pytest

from scripts.playground.discord import Impossible, InteractionFailed, Person, Simulator
from tests.playground.world import QUIET, App, Json

pytestmark = pytest.mark.anyio

CHOICES = [{"name": "One", "value": 1}, {"name": "Two", "value": 2}]
OPTIONS: list[Json] = [
    {"type": 3, "name": "text", "description": "d", "autocomplete": True, "max_length": 5},
    {"type": 4, "name": "port", "description": "d", "autocomplete": True, "min_value": 1, "max_value": 65535},
    {"type": 4, "name": "level", "description": "d", "choices": CHOICES},
    {"type": 5, "name": "loud", "description": "d"},
    {"type": 10, "name": "share", "description": "d"},
]
GO: Json = {"type": 1, "name": "go", "description": "d", "options": OPTIONS}
STOP: Json = {"type": 1, "name": "stop", "description": "d"}
COMMANDS: list[Json] = [
    {"name": "work", "description": "d", "options": [GO, STOP]},
    {"type": 3, "name": "About this"},
]


@pytest.fixture(autouse=True)
async def registered(discord: Simulator, bot: httpx.AsyncClient) -> None:
    put = await bot.put(f"/applications/{discord.application_id}/commands", json=COMMANDS)
    assert put.status_code == 200


async def test_what_fits_is_sent(app: App, ada: Person, general: str) -> None:
    values = {"text": "hello", "port": 65535, "level": 2, "loud": False, "share": 1}

    await (await ada.command(general, "work", {"go": values})).response()

    told = app.received[0]["data"]["options"][0]["options"]
    assert {option["name"]: option["value"] for option in told} == values


@pytest.mark.parametrize(
    "values",
    [
        {"text": 5},
        {"text": "hello!"},
        {"port": "80"},
        {"port": True},
        {"port": 0},
        {"port": 65536},
        {"port": 8.5},
        {"level": 3},
        {"loud": 1},
        {"share": "1"},
        {"other": 1},
    ],
)
async def test_what_does_not_fit_an_option_cannot_be_sent(app: App, ada: Person, general: str, values: Json) -> None:
    with pytest.raises(Impossible):
        await ada.command(general, "work", {"go": values})

    assert app.received == []


@pytest.mark.parametrize(
    "tree",
    [
        [],
        [{"name": "go", "type": 1}, {"name": "stop", "type": 1}],
        [{"name": "go", "type": 2}],
        [{"name": "stop", "type": 1, "options": [{"name": "text", "type": 3, "value": "x"}]}],
    ],
)
async def test_a_tree_of_another_shape_than_the_commands_cannot_be_sent(
    app: App, ada: Person, general: str, tree: list[Json]
) -> None:
    with pytest.raises(Impossible):
        await ada.command(general, "work", tree)

    assert app.received == []


@pytest.mark.parametrize(
    ("option", "choices"),
    [
        ("text", [{"name": "x", "value": "x"}] * 26),
        ("text", [{"name": "x" * 101, "value": "x"}]),
        ("text", [{"name": " ", "value": "x"}]),
        ("text", [{"name": "x", "value": "x" * 101}]),
        ("text", [{"name": "x"}]),
        ("text", [{"name": "x", "value": 5}]),
        ("port", [{"name": "x", "value": "80"}]),
        ("port", [{"name": "x", "value": True}]),
        ("port", {"name": "x", "value": 80}),
    ],
)
async def test_choices_that_discord_does_not_take_fail_for_the_person(
    discord: Simulator, app: App, ada: Person, general: str, option: str, choices: Any
) -> None:
    app.says(8, choices=choices)

    with pytest.raises(InteractionFailed):
        await ada.autocomplete(general, "work", {"go": {option: ""}})

    assert any("choices" in violation for violation in discord.violations)


async def test_as_many_and_as_long_choices_as_can_be_are_shown(
    discord: Simulator, app: App, ada: Person, general: str
) -> None:
    most = [{"name": "x" * 100, "value": "y" * 100}] * 25
    app.says(8, choices=most)

    assert await ada.autocomplete(general, "work", {"go": {"text": "never mind how long"}}) == most
    assert discord.violations == []


async def test_while_somebody_types_nothing_but_choices_is_an_answer(
    discord: Simulator, app: App, ada: Person, general: str
) -> None:
    app.says(4, content="x", allowed_mentions=QUIET)

    with pytest.raises(InteractionFailed):
        await ada.autocomplete(general, "work", {"go": {"text": ""}})


@pytest.mark.parametrize("options", [{"go": {"loud": True}}, {"stop": {}}, {}])
async def test_only_what_the_app_completes_is_asked_for(app: App, ada: Person, general: str, options: Json) -> None:
    with pytest.raises(Impossible):
        await ada.autocomplete(general, "work", options)

    assert app.received == []


async def test_a_menu_is_opened_on_a_message_that_everybody_sees(app: App, ada: Person, general: str) -> None:
    app.says(4, content="only for you", flags=64, allowed_mentions=QUIET)
    written = await ada.write(general, "look")
    about = {"type": 3, "target": written["id"]}

    private = await (await ada.command(general, "About this", **about)).wait_message()

    told = app.received[0]["data"]
    assert (told["target_id"], told["resolved"]["messages"][written["id"]]["content"]) == (written["id"], "look")
    assert "options" not in told
    for target in (None, private["id"], "1"):
        with pytest.raises(Impossible):
            await ada.command(general, "About this", type=3, target=target)


async def test_what_was_written_into_a_form_says_which_command_opened_it(app: App, ada: Person, general: str) -> None:
    label = {"type": 18, "label": "What?", "component": {"type": 4, "custom_id": "text", "style": 1}}
    app.says(9, custom_id="m", title="Write", components=[label])
    opened = await ada.command(general, "work", {"stop": {}})
    await opened.response()
    app.says(4, content="thanks", allowed_mentions=QUIET)

    reply = await (await ada.submit(opened, {"text": "x"})).wait_message()

    first = reply["interaction_metadata"]["triggering_interaction_metadata"]
    assert (first["id"], first["name"]) == (opened.id, "work stop")
