"""Tell Discord our commands, those in menus as well: `python -m scripts.register_commands [--guild ID]`.

It asks what is registered and replaces it only when something differs, for every new name counts towards 200 a day.
For one guild (`--guild`, or DISCORD_COMMAND_GUILD_ID) a change shows at once; without one it is for all of them.
Needs DISCORD_TOKEN. Exit code 0, also when there was nothing to do; 1 when Discord refused; 2 when a variable is
missing, or is not what Discord knows.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

import httpx

from app.commands import REGISTRATION
from app.discord.errors import Forbidden, NotFound, Rejected, Unauthorized
from app.discord.registration import Changes, Command, compare, for_guild
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.turns.errors import Retriable

API = "https://discord.com/api/v10"
# https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
NOT_OURS = 20012
LOOKED_UP = "Leave DISCORD_APPLICATION_ID empty, and it is looked up."


class Nameless(Exception):
    """Discord has answered, and not with an application."""


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    parser = argparse.ArgumentParser(prog="register_commands", description="Tell Discord our slash commands.")
    parser.add_argument("--guild", metavar="ID", help="only for this server, at once (default: for all)")
    guild = parser.parse_args(arguments).guild or environ.get("DISCORD_COMMAND_GUILD_ID") or None
    problem = problem_with(environ, guild)
    if problem is not None:
        return complain(problem, code=2)
    try:
        changes = asyncio.run(connect(environ, guild))
    except (Nameless, Retriable, Rejected) as failure:
        return complain(*told(failure, guild))
    print(report(changes, guild))
    return 0


def problem_with(environ: Mapping[str, str], guild: str | None) -> str | None:
    """What can be seen to be wrong without asking Discord."""
    token = environ.get("DISCORD_TOKEN")
    if not token:
        return "DISCORD_TOKEN is missing: the bot's token, from the developer portal."
    if not token.isascii() or not token.isprintable():
        return "DISCORD_TOKEN holds characters that no token has. Copy it again from the developer portal."
    if guild is not None and not is_id(guild):
        return "--guild (or DISCORD_COMMAND_GUILD_ID) must be the id of a server: digits only."
    if not is_id(environ.get("DISCORD_APPLICATION_ID") or "0"):
        return f"DISCORD_APPLICATION_ID must be digits only. {LOOKED_UP}"
    return None


def told(failure: Exception, guild: str | None) -> tuple[str, int]:
    """Why it could not be done, in a line, and the exit code."""
    match failure:
        case Nameless():
            return "Discord does not say which application this is. Set DISCORD_APPLICATION_ID.", 2
        case Unauthorized():
            return "Discord does not accept DISCORD_TOKEN. Copy it again from the developer portal.", 2
        case NotFound():
            server = "" if guild is None else f", or no server {guild}"
            return f"Discord knows no application with this DISCORD_APPLICATION_ID{server}. {LOOKED_UP}", 2
        case Forbidden(code=code) if code == NOT_OURS:
            return f"DISCORD_APPLICATION_ID is that of another application. {LOOKED_UP}", 2
        case Forbidden():
            return "Discord forbids it: has the bot been invited to this server with applications.commands?", 1
        case Rejected():
            return f"Discord refused the commands: {failure.reason}", 1
    return f"Discord could not be reached: {failure}", 1


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()


async def connect(environ: Mapping[str, str], guild: str | None) -> Changes:
    async with httpx.AsyncClient() as http:
        rest = Rest(Transport(http, environ.get("DISCORD_API_BASE_URL") or API, environ["DISCORD_TOKEN"]))
        application = environ.get("DISCORD_APPLICATION_ID") or str((await rest.current_application()).get("id", ""))
        if not application:
            raise Nameless
        return await register(rest, application, guild, REGISTRATION)


async def register(rest: Rest, application: str, guild: str | None, commands: Sequence[Command]) -> Changes:
    """Make Discord's commands ours, and say what that changed."""
    wanted = list(commands) if guild is None else for_guild(commands)
    changes = compare(wanted, await rest.get_commands(application, guild))
    if changes.needed:
        await rest.put_commands(application, wanted, guild)
    return changes


def report(changes: Changes, guild: str | None) -> str:
    where = f"in server {guild}" if guild else "globally"
    parts = {
        "added": changes.added,
        "changed": changes.changed,
        "removed": changes.removed,
        "unchanged": changes.unchanged,
    }
    lines = [f"  {what}: {', '.join(map(spelled, names))}" for what, names in parts.items() if names]
    return "\n".join([f"Commands {where}: {'updated' if changes.needed else 'nothing to do'}.", *lines])


def spelled(name: str) -> str:
    """A slash command's name is in lower case and one word; another is that of an entry in a menu."""
    return f"/{name}" if name == name.lower() and " " not in name else f"“{name}”"


def complain(why: str, code: int) -> int:
    print(f"register_commands: {why}", file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
