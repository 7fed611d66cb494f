"""Registering application commands, for everywhere and for one guild.

https://docs.discord.com/developers/interactions/application-commands#endpoints
"""

from scripts.playground.discord import commands
from scripts.playground.discord.errors import Code, Json, Refusal, invalid
from scripts.playground.discord.wire import NO_CONTENT, Call, Reply, Routes

ROUTES = Routes()
GLOBAL = "/applications/{application}/commands"
GUILD = "/applications/{application}/guilds/{guild}/commands"


def _scope(call: Call) -> str | None:
    """The guild whose commands are meant; None for the global ones."""
    if call.params["application"] != call.world.application.id:
        raise Refusal(Code.UNKNOWN_APPLICATION)
    guild = call.params.get("guild")
    if guild not in (None, call.world.guild):
        raise Refusal(Code.UNKNOWN_GUILD)
    return guild


def _kept(call: Call) -> list[Json]:
    return call.world.commands.get(_scope(call), [])


def _one(call: Call) -> Json:
    for command in _kept(call):
        if command["id"] == call.params["command"]:
            return command
    raise Refusal(Code.UNKNOWN_COMMAND)


async def read(call: Call) -> Reply:
    return Reply(200, _kept(call))


async def overwrite(call: Call) -> Reply:
    scope = _scope(call)
    if not isinstance(call.given, list) or not all(isinstance(command, dict) for command in call.given):
        raise invalid("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    return Reply(200, commands.replace(call.world, scope, call.given))


async def create(call: Call) -> Reply:
    """One of that name and type is there already: replaced, and 200 instead of 201."""
    scope = _scope(call)
    key = (call.body.get("type", 1), call.body.get("name"))
    others = [command for command in _kept(call) if (command["type"], command["name"]) != key]
    known = len(others) < len(_kept(call))
    made = commands.replace(call.world, scope, [*others, call.body])
    return Reply(200 if known else 201, made[-1])


async def one(call: Call) -> Reply:
    return Reply(200, _one(call))


async def change(call: Call) -> Reply:
    scope, old = _scope(call), _one(call)
    merged = [command | call.body if command is old else command for command in _kept(call)]
    made = commands.replace(call.world, scope, merged)
    return Reply(200, next(command for command in made if command["id"] == old["id"]))


async def delete(call: Call) -> Reply:
    scope, old = _scope(call), _one(call)
    commands.replace(call.world, scope, [command for command in _kept(call) if command is not old])
    return NO_CONTENT


for _base in (GLOBAL, GUILD):
    ROUTES.on("GET", _base)(read)
    ROUTES.on("PUT", _base)(overwrite)
    ROUTES.on("POST", _base)(create)
    ROUTES.on("GET", _base + "/{command}")(one)
    ROUTES.on("PATCH", _base + "/{command}")(change)
    ROUTES.on("DELETE", _base + "/{command}")(delete)
