"""The app and the scheduler as the demo runs them: processes of their own with an environment that is stated in full,
so that nothing of the operator's real installation (a `.env` file, an exported token) can leak into the playground.

Whatever can go wrong on somebody's machine is raised as Trouble, whose text is the one line that they read.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from app.opencode.config import VERSION
from app.sandboxes.local import processes
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools" / "bin"
APP = (sys.executable, "-m", "app")
SCHEDULER = (sys.executable, "-m", "scheduler", "--every", "5")
START_SECONDS = 60.0
STOP_SECONDS = 12.0  # the app promises to end its sandboxes within ten
LEFTOVER_SECONDS = 3.0
LOOK_SECONDS = 0.2


class Trouble(Exception):
    """Why the demo cannot go on, in one line for the person who started it."""


SIGHT = {"attachment": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
# So that there is something to approve. https://opencode.ai/docs/permissions
ASKING = {"bash": {"*": "allow", "rm *": "ask"}}


@dataclass(frozen=True, slots=True)
class Model:
    """What answers, in words and as the app's variables."""

    words: str
    variables: Mapping[str, str]


def scripted(url: str, name: str) -> Model:
    """The scripted model as a provider of the operator's own: no key, no network."""
    limits = {"context": 200_000, "output": 8_192}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Playground",
        "options": {"baseURL": url, "apiKey": "none"},
        "models": {name: {"name": "Scripted", "tool_call": True, "limit": limits, **SIGHT}},
    }
    variables = {
        "OPENCODE_MODEL": f"playground/{name}",
        "OPENCODE_CONFIG_JSON": json.dumps({"provider": {"playground": provider}, "permission": ASKING}),
        # The quick model is a script too. It asks for no key, the app for one before it asks at all.
        "TURN_ROUTING_MODE": "ai",
        "OPENCODE_ZEN_BASE_URL": url,
        "OPENCODE_ZEN_API_KEY": "none",
    }
    return Model("a script on this machine (set OPENCODE_ZEN_API_KEY for a real model)", variables)


def real(environ: Mapping[str, str]) -> Model:
    """The model of OPENCODE_MODEL, with whatever else the environment says about OpenCode."""
    variables = {name: value for name, value in environ.items() if name.startswith("OPENCODE_") and value}
    model = variables.get("OPENCODE_MODEL") or str(Settings.model_fields["opencode_model"].default)
    return Model(f"{model}, on OpenCode Zen", variables)


def environment(environ: Mapping[str, str], home: Path, port: int, model: Model) -> dict[str, str]:
    """Everything the app needs but Discord and its machines; of `environ` only what is not one of its variables."""
    ours = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in environ.items() if name not in ours}
    return {
        **kept,
        "PATH": search_path(environ),
        "DATABASE_PATH": str(home / "discord.sqlite"),
        "RELAY_MODE": "gateway",
        "HEALTH_HOST": "127.0.0.1",
        "HEALTH_PORT": str(port),
        "APP_URL": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": environ.get("LOG_LEVEL") or "info",
        "LOG_PRETTY": "true",
        **model.variables,
    }


def search_path(environ: Mapping[str, str]) -> str:
    """What `make setup` installed comes first: it did so because there was nothing of the right version on PATH."""
    return os.pathsep.join([str(TOOLS), environ.get("PATH", os.defpath)])


def check_tools(environ: Mapping[str, str]) -> None:
    """Raises Trouble. Only their presence: the app itself checks the version."""
    for tool, words in (("opencode", f"OpenCode {VERSION}"), ("rg", "ripgrep (rg)"), ("git", "git")):
        if shutil.which(tool, path=search_path(environ)) is None:
            raise Trouble(f"{words} is not on PATH; `make setup` installs what is missing")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Process:
    """Something of ours that runs, by the name that people know it by. Its log goes to a file, or to our own standard
    error."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self._name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], variables: Mapping[str, str], log: Path | None
    ) -> "Process":
        with (log or Path(os.devnull)).open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=dict(variables), stdin=asyncio.subprocess.DEVNULL,
                stdout=output if log else None, stderr=output if log else None,
            )  # fmt: skip
        return cls(name, process, log or Path(os.devnull))

    def check(self) -> None:
        """Raises Trouble when it has ended by itself."""
        if self._process.returncode is not None:
            raise Trouble(f"the {self._name} ended with exit code {self._process.returncode}{self.last_words()}")

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def last_words(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return f": {lines[-1].strip()}" if lines else ""


@dataclass(frozen=True, slots=True)
class App:
    """A running app with its scheduler: `url` is where it answers."""

    url: str
    app: Process
    scheduler: Process

    def check(self) -> None:
        """Raises Trouble when one of them has ended by itself."""
        self.app.check()
        self.scheduler.check()

    async def ended(self) -> None:
        """Returns never: raises Trouble once one of them has ended by itself."""
        while True:
            self.check()
            await asyncio.sleep(LOOK_SECONDS)


async def healthy(url: str, app: Process, within: float) -> None:
    """Wait for the first healthy answer. Raises Trouble when the app ends before it, or takes too long."""
    async with httpx.AsyncClient(trust_env=False) as http:
        deadline = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < deadline:
            app.check()
            with suppress(httpx.HTTPError):
                if (await http.get(f"{url}/healthz", timeout=2)).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise Trouble(f"the app was not healthy within {within:.0f} s{app.last_words()}")


@asynccontextmanager
async def running(variables: Mapping[str, str], home: Path, *, talkative: bool = False) -> AsyncIterator[App]:
    """The app, healthy, and the scheduler; at the end nothing of them is left, nor of local sandboxes."""
    url = variables["APP_URL"]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, end_leftovers, home)
        app = await Process.start("app", APP, variables, None if talkative else home / "app.log")
        stack.push_async_callback(app.stop)
        await healthy(url, app, START_SECONDS)
        scheduler = await Process.start(
            "scheduler", SCHEDULER, variables, None if talkative else home / "scheduler.log"
        )
        stack.push_async_callback(scheduler.stop)
        yield App(url, app, scheduler)


def end_leftovers(home: Path) -> None:
    """End what an app that had to be killed leaves behind: whatever knows of `home`, for only our own can."""
    mine = str(home)

    def find() -> list[psutil.Process]:
        return processes.belonging(lambda environ: any(mine in value for value in environ.values()))

    with suppress(TimeoutError):
        processes.end(find, LEFTOVER_SECONDS)
