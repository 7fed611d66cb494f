"""`make demo`: the whole thing on this machine, without an account or a key. A Discord look-alike with its page, a
model, the real app and scheduler, and sandboxes with the real OpenCode: local ones, or with SANDBOX_PROVIDER=daytona
those of a simulated Daytona.

With `--prompt` one turn without a browser: the transcript goes to standard output, and the exit code says whether
there was an answer. However it ends, everything it started ends with it, and its temporary directory goes.
"""

import argparse
import asyncio
import errno
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from app.commands import REGISTRATION
from app.discord.errors import Rejected
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.turns.errors import Retriable
from scripts import register_commands
from scripts.playground.demo_app import (
    App,
    Model,
    Trouble,
    check_tools,
    environment,
    free_port,
    real,
    running,
    scripted,
)
from scripts.playground.demo_machines import Machines, chosen_machines
from scripts.playground.demo_turn import take_turn
from scripts.playground.discord import May, Simulator
from scripts.playground.model import MODEL, ScriptedModel

TALK = (
    "In a channel, mention **@OpenCord** (type `@` and press Enter). In a thread of its own just write: it reads "
    "along. What waits there can still be edited or deleted. Type `/` for all that it can do, and right-click a "
    "message to ask about that."
)
SCRIPTED = (
    "The model is a script. Besides wishes like “list the files” it knows directives, one after the other: `!bash ls`, "
    "`!write a.txt hello`, `!todo look; build; test`, `!slow 3`, `!long 3000`, `!fail 401`, "
    "`!question Colour: Which one? Red | Blue`. Try `@OpenCord !bash ls`. Before `!bash rm hello.py` it asks."
)
MODERATORS = May.MANAGE_GUILD | May.MANAGE_CHANNELS | May.MANAGE_THREADS | May.MANAGE_MESSAGES | May.MENTION_EVERYONE
PORT = 8790
WITHIN_SECONDS = 300.0
INTERRUPTED = 130  # what shells expect of a command that Ctrl-C ended
PACE_SECONDS = 0.03  # between two pieces of the scripted model's text


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo", description="OpenCord on this machine, without an account.")
    parser.add_argument("--prompt", help="one turn without a browser")
    parser.add_argument("--port", type=int, help=f"of the page (default: {PORT}, or any when that is taken)")
    parser.add_argument("--within", type=float, default=WITHIN_SECONDS, help="seconds that the one turn may take")
    parser.add_argument("--verbose", action="store_true", help="show the app's log")
    try:
        code = asyncio.run(until_signalled(parser.parse_args()))
    except Trouble as trouble:
        say(str(trouble))
        code = 1
    raise SystemExit(code)


async def until_signalled(arguments: argparse.Namespace) -> int:
    """Ctrl-C, SIGTERM and the end of its terminal end it in order, once; what ends takes its time and is not to be
    interrupted."""
    play = asyncio.current_task()
    assert play
    loop = asyncio.get_running_loop()
    told = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup leaves it
        told.append(signal.SIGHUP)
    ending = False

    def end() -> None:
        nonlocal ending
        ending = True
        for each in told:
            loop.add_signal_handler(each, lambda: None)
        play.cancel()

    for each in told:
        loop.add_signal_handler(each, end)
    try:
        return await demo(arguments)
    except (asyncio.CancelledError, Trouble):
        # A terminal tells the app too, and that may have ended first.
        if not ending:
            raise
        return INTERRUPTED if arguments.prompt is not None else 0


async def demo(arguments: argparse.Namespace) -> int:
    check_tools(os.environ)
    async with AsyncExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="opencord-demo-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        model = await stack.enter_async_context(chosen_model())
        machines = await stack.enter_async_context(chosen_machines(os.environ, home))
        say("starting the Discord look-alike and the app")
        discord = await stack.enter_async_context(simulator(0 if arguments.prompt is not None else arguments.port))
        discord.notes = [TALK] if has_key() else [TALK, SCRIPTED]
        ada = discord.add_person("Ada", [discord.add_role("Moderators", MODERATORS).id])
        discord.add_person("Ben", [discord.add_role("Reviewers").id])
        variables = {
            **environment(os.environ, home, free_port(), model),
            **machines.variables,
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_BASE_URL": discord.api_url,
        }
        app = await stack.enter_async_context(running(variables, home, talkative=arguments.verbose))
        discord.interactions_url = f"{app.url}/discord/interactions"
        discord.send_events_to(f"{app.url}/discord/events", "APPLICATION_AUTHORIZED", "APPLICATION_DEAUTHORIZED")
        await register(discord)
        if arguments.prompt is None:
            return await stay(f"{discord.url}/?user={ada.id}", app, model, machines)
        say(f"asking; the model is {model.words}, the sandboxes are {machines.words}")
        outcome = await take_turn(discord, ada, app, machines, home, arguments.prompt, arguments.within)
        print(outcome.transcript, flush=True)
        if outcome.trouble:
            say(outcome.trouble)
        return 1 if outcome.trouble else 0


def has_key() -> bool:
    """Whether there is one for a real model."""
    return bool(os.environ.get("OPENCODE_ZEN_API_KEY"))


@asynccontextmanager
async def chosen_model() -> AsyncIterator[Model]:
    if has_key():
        yield real(os.environ)
        return
    async with ScriptedModel(pace=PACE_SECONDS) as model:
        yield scripted(model.url, MODEL)


@asynccontextmanager
async def simulator(port: int | None) -> AsyncIterator[Simulator]:
    """On `port`; None is the usual one, or any when that is taken. Raises Trouble."""
    try:
        discord = await Simulator(port=PORT if port is None else port).__aenter__()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise Trouble(f"cannot listen on 127.0.0.1: {error.strerror}") from error
        if port is not None:
            raise Trouble(f"port {port} is in use; choose another with --port") from error
        discord = await Simulator(port=0).__aenter__()
    try:
        yield discord
    finally:
        await discord.__aexit__(None, None, None)


async def register(discord: Simulator) -> None:
    """Raises Trouble."""
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            rest = Rest(Transport(http, discord.api_url, discord.token))
            await register_commands.register(rest, discord.application_id, None, REGISTRATION)
    except (Rejected, Retriable) as error:
        raise Trouble(f"the commands were not accepted: {error}") from error


async def stay(url: str, app: App, model: Model, machines: Machines) -> int:
    say(f"the model is {model.words}, the sandboxes are {machines.words}")
    say("Ctrl-C ends it")
    print(url, flush=True)
    await app.ended()
    return 0


def say(what: str) -> None:
    """Progress and complaints; standard output is for what was asked for."""
    print(f"demo: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
