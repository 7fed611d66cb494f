"""What is registered, what is implemented and what is documented are the same; and Discord, and clients that others
wrote, take it as it is.

Nothing here names a command: it holds for whatever there is.
"""

import inspect
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import discord as dpy
import hikari
import httpx
import jsonschema_rs
import pytest
from discord.app_commands.models import AppCommand

from app.commands import MENUS, MODULES, NAME, REGISTRATION, access, module_of, options_of
from app.discord.interactions import Interaction, Kind
from app.discord.limits import COMMAND_CHARACTERS
from app.discord.payloads import Payload
from app.discord.registration import Command, for_guild
from app.discord.rest import Rest
from app.discord.transport import Transport
from scripts.document_commands import BEGIN, END, PAGE, README, Runnable, main, page, runnables, wanted
from scripts.playground.discord import Rules, Simulator
from scripts.playground.discord.commands import check_commands
from scripts.register_commands import register, report

OURS = 7_000  # characters of a command that we allow ourselves
MOST = 25  # options of a command, choices of an option
# https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-naming
PLAIN_NAME = re.compile(r"[-_'a-z0-9]{1,32}")
KEYS = {
    "command": {"type", "name", "description", "options", "contexts", "integration_types"},
    "menu": {"type", "name", "contexts", "integration_types"},
    "option": {"type", "name", "description", "required", "options", "choices", "autocomplete"}
    | {"min_value", "max_value", "min_length", "max_length", "channel_types"},
}
NESTED, CHOOSABLE = (1, 2), (3, 4, 10)
NAMED = os.environ.get("DISCORD_OPENAPI", "")
ALL = runnables()
each = pytest.mark.parametrize("one", ALL, ids=lambda one: one.title)


def nodes(holder: Payload) -> Iterator[Payload]:
    """Every option below it, however deep."""
    for option in holder.get("options", []):
        yield option
        yield from nodes(option)


def characters(named: Payload) -> int:
    """As Discord counts: names, descriptions, and of choices the values too."""
    own = len(named["name"]) + len(named.get("description", ""))
    choices = sum(len(choice["name"]) + len(str(choice["value"])) for choice in named.get("choices", []))
    return own + choices + sum(characters(option) for option in named.get("options", []))


def used(one: Runnable) -> Interaction:
    return Interaction(Kind.COMMAND, "1", "token", one.path)


# registered and implemented


@each
def test_whatever_can_be_run_comes_to_a_module_that_runs_it_with_the_options_it_knows(one: Runnable) -> None:
    module = module_of(used(one))

    assert module is not None
    assert inspect.iscoroutinefunction(module.run)
    assert [option["name"] for option in options_of(module, used(one))] == [option["name"] for option in one.options]


@each
def test_what_is_completed_while_somebody_types_has_somebody_who_does_it(one: Runnable) -> None:
    module = module_of(used(one))
    registered = [module.REGISTRATION, *nodes(module.REGISTRATION)] if module else []

    assert hasattr(module, "suggest") == any(option.get("autocomplete") for option in registered)


def test_every_module_is_registered_once_and_nothing_else_is() -> None:
    (command,) = (registered for registered in REGISTRATION if registered["type"] == 1)
    names = [option["name"] for option in command["options"]]
    menus = [registered["name"] for registered in REGISTRATION if registered["type"] != 1]

    assert command["name"] == NAME
    assert sorted([*names, *menus]) == sorted(MODULES)
    assert menus == list(MENUS)


def test_who_may_run_what_is_said_only_of_what_there_is() -> None:
    options = {one.path[1:]: {option["name"] for option in one.options} for one in ALL if not one.is_menu}

    assert {rule.path for rule in access.WHO} <= options.keys()
    assert [rule for rule in access.WHO if rule.option and rule.option not in options[rule.path]] == []


# within Discord's limits


def test_no_more_characters_are_used_than_leave_room() -> None:
    (command,) = (registered for registered in REGISTRATION if registered["type"] == 1)
    total = sum(characters(registered) for registered in REGISTRATION)
    for option in sorted(command["options"], key=characters, reverse=True):
        print(f"{characters(option):6,} {option['name']}")
    print(f"{total:6,} of {COMMAND_CHARACTERS:,} characters are used")

    assert total <= OURS


@pytest.mark.parametrize("command", REGISTRATION, ids=lambda command: command["name"])
def test_names_descriptions_and_numbers_are_within_the_limits(command: Payload) -> None:
    is_menu = command["type"] != 1
    holders = [command, *nodes(command)]

    assert command.keys() <= KEYS["menu" if is_menu else "command"]
    assert 1 <= len(command["name"]) <= 32
    for holder in holders[is_menu:]:
        assert PLAIN_NAME.fullmatch(holder["name"]), holder["name"]
        assert 1 <= len(holder["description"].strip()) <= 100, holder["name"]
        assert len(holder.get("options", [])) <= MOST
        assert len(holder.get("choices", [])) <= MOST
    assert len(REGISTRATION) <= 100


@each
def test_options_are_such_as_discord_takes(one: Runnable) -> None:
    required = [bool(option.get("required")) for option in one.options]
    names = [option["name"] for option in one.options]

    assert required == sorted(required, reverse=True)
    assert len(set(names)) == len(names)
    for option in one.options:
        assert option.keys() <= KEYS["option"], option["name"]
        assert option["type"] not in NESTED
        assert not (option.get("autocomplete") and (option.get("choices") or option["type"] not in CHOOSABLE))
        for choice in option.get("choices", []):
            assert 1 <= len(choice["name"]) <= 100
            assert len(str(choice["value"])) <= 100


def test_menus_are_as_many_as_a_message_can_have() -> None:
    assert len(MENUS) <= 15


def test_the_strict_discord_of_the_tests_takes_it() -> None:
    check_commands(REGISTRATION)
    check_commands(for_guild(REGISTRATION))


@cache
def described(path: str) -> Any:
    description = json.loads(Path(NAMED).read_bytes())
    schema = description["paths"][path]["put"]["requestBody"]["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator({"components": description["components"], **schema})


@pytest.mark.skipif(not NAMED, reason="DISCORD_OPENAPI names no copy of Discord's OpenAPI description")
@pytest.mark.parametrize(
    ("path", "commands"),
    [
        ("/applications/{application_id}/commands", REGISTRATION),
        ("/applications/{application_id}/guilds/{guild_id}/commands", for_guild(REGISTRATION)),
    ],
    ids=["for all", "for one guild"],
)
def test_it_is_as_discord_describes_its_api(path: str, commands: list[Command]) -> None:
    wrong = [[*commands[0]["options"], {"type": 1, "name": "x" * 33, "description": "d"}]]

    assert [
        f"{list(error.instance_path)} {error.message[:300]}" for error in described(path).iter_errors(commands)
    ] == []
    assert not described(path).is_valid([{**commands[0], "options": wrong[0]}])


# at Discord


@dataclass(slots=True)
class Site:
    discord: Simulator
    rest: Rest

    def puts(self) -> int:
        return sum(method == "PUT" for method, _, _ in self.discord.requests)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Simulator(rules=Rules(rates=None)) as discord, httpx.AsyncClient() as http:
        yield Site(discord, Rest(Transport(http, discord.api_url, discord.token)))
        assert discord.violations == []


@pytest.mark.anyio
@pytest.mark.parametrize("is_for_one", [True, False], ids=["for one guild", "for all"])
async def test_exactly_what_there_is_is_registered_and_the_second_time_there_is_nothing_to_do(
    site: Site, is_for_one: bool
) -> None:
    application, guild = site.discord.application_id, site.discord.guild if is_for_one else None

    first = await register(site.rest, application, guild, REGISTRATION)
    again = await register(site.rest, application, guild, REGISTRATION)
    there = await site.rest.get_commands(application, guild)

    names = tuple(sorted(command["name"] for command in REGISTRATION))
    assert (first.added, first.changed, first.removed) == (names, (), ())
    assert (again.unchanged, again.needed) == (names, False)
    assert site.puts() == 1
    assert [(command["type"], command["name"]) for command in there] == [(c["type"], c["name"]) for c in REGISTRATION]
    assert [command.get("options") for command in there] == [command.get("options") for command in REGISTRATION]


@pytest.mark.anyio
async def test_what_somebody_changed_is_put_right_and_what_stays_keeps_its_id(site: Site) -> None:
    application = site.discord.application_id
    command, *menus = REGISTRATION
    before = [{**command, "options": command["options"][1:]}, *menus, {"type": 3, "name": "An old menu"}]
    await register(site.rest, application, None, before)
    ids = {c["name"]: c["id"] for c in await site.rest.get_commands(application, None)}

    changes = await register(site.rest, application, None, REGISTRATION)

    after = {c["name"]: c["id"] for c in await site.rest.get_commands(application, None)}
    assert (changes.added, changes.changed, changes.removed) == ((), (NAME,), ("An old menu",))
    assert changes.unchanged == tuple(sorted(menu["name"] for menu in menus))
    assert after == {name: id for name, id in ids.items() if name != "An old menu"}
    assert "removed: “An old menu”" in report(changes, None)


@pytest.mark.anyio
async def test_hikari_reads_it_as_it_was_meant(site: Site) -> None:
    await register(site.rest, site.discord.application_id, None, REGISTRATION)
    reader = hikari.RESTApp(url=site.discord.api_url)
    await reader.start()
    try:
        async with reader.acquire(site.discord.token, hikari.TokenType.BOT) as rest:
            read = await rest.fetch_application_commands(int(site.discord.application_id))
    finally:
        await reader.close()

    assert [(int(command.type), command.name) for command in read] == [(c["type"], c["name"]) for c in REGISTRATION]
    for command, ours in zip(read, REGISTRATION, strict=True):
        options = getattr(command, "options", None) or []
        assert [outline(option) for option in options] == [outlined(option) for option in ours.get("options", [])]


@pytest.mark.anyio
async def test_discord_py_reads_it_as_it_was_meant(site: Site) -> None:
    await register(site.rest, site.discord.application_id, None, REGISTRATION)
    stored: list[Any] = list(await site.rest.get_commands(site.discord.application_id, None))
    async with dpy.Client(intents=dpy.Intents.none()) as client:
        read = [AppCommand(data=command, state=client._connection) for command in stored]

    assert [(command.type.value, command.name) for command in read] == [(c["type"], c["name"]) for c in REGISTRATION]
    for command, ours in zip(read, REGISTRATION, strict=True):
        assert [outline(option) for option in command.options] == [
            outlined(option) for option in ours.get("options", [])
        ]


def outline(option: Any) -> tuple[Any, ...]:
    """Of an option as a client has it."""
    type_ = getattr(option.type, "value", option.type)
    choices = [(choice.name, choice.value) for choice in getattr(option, "choices", None) or []]
    flags = bool(getattr(option, "required", False)), bool(getattr(option, "autocomplete", False))
    flags = getattr(option, "is_required", flags[0]), flags[1]
    below = [outline(inner) for inner in getattr(option, "options", None) or []]
    return int(type_), option.name, option.description, *flags, choices, below


def outlined(option: Payload) -> tuple[Any, ...]:
    choices = [(choice["name"], choice["value"]) for choice in option.get("choices", [])]
    flags = bool(option.get("required")), bool(option.get("autocomplete"))
    below = [outlined(inner) for inner in option.get("options", [])]
    return option["type"], option["name"], option["description"], *flags, choices, below


# documented


@pytest.mark.parametrize("name", [PAGE, README], ids=str)
def test_what_people_read_is_what_is_registered(name: Path) -> None:
    (path, text) = next((path, text) for path, text in wanted().items() if path.name == name.name)

    assert path.read_text() == text, "run: python -m scripts.document_commands"


@each
def test_everything_that_can_be_run_has_a_section_and_every_option_a_row(one: Runnable) -> None:
    _, found, rest = page(ALL).partition(f"## {one.title}\n")
    section, _, _ = rest.partition("\n## ")

    assert found
    assert one.description
    assert one.description.rstrip(".") in section
    assert re.findall(r"^\| `(\w[\w-]*)` \|", section, re.MULTILINE) == [option["name"] for option in one.options]


def test_the_table_is_renewed_where_it_stands_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / README).write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n")

    stale, made, fresh = main(["--check"], tmp_path), main([], tmp_path), main(["--check"], tmp_path)

    renewed = (tmp_path / README).read_text()
    assert (stale, made, fresh) == (1, 0, 0)
    assert renewed.startswith(f"before\n\n{BEGIN}\n")
    assert renewed.endswith(f"{END}\n\nafter\n")
    assert "old" not in renewed.partition(BEGIN)[2].partition(END)[0].split("\n")
    assert (tmp_path / PAGE).exists()
