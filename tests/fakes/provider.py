"""A provider in memory, with faults. It remembers what was asked of it and what it holds; nothing runs."""

import shlex
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count

import anyio

from app.sandboxes.provider import (
    PORT,
    Absent,
    Access,
    Completed,
    Condition,
    Endpoint,
    Gone,
    Instance,
    Link,
    Overdue,
    Program,
    Reserved,
    TooLarge,
    Unserved,
)
from app.turns.errors import Retriable


@dataclass(slots=True)
class Fault:
    verb: str
    error: Exception
    times: float
    after_effect: bool


@dataclass(slots=True)
class Held:
    """A machine that the fake holds."""

    instance: Instance
    programs: dict[str, Program] = field(default_factory=dict)  # running, by name
    files: dict[str, bytes] = field(default_factory=dict)  # by path, from HOME

    def turn(self, condition: Condition) -> None:
        self.instance = replace(self.instance, condition=condition)
        self.programs.clear()


Shell = Callable[[str, Mapping[str, str], float], Completed]


class FakeProvider:
    name = "fake"

    def __init__(self, url: str = "http://127.0.0.1:9") -> None:
        self.url = url  # what `endpoint` gives for every port on which something was launched
        self.headers: dict[str, str] = {}
        self.held: dict[str, Held] = {}  # by ref
        self.calls: list[tuple[str, str]] = []  # verb, and the name or ref it was about
        self.commands: list[tuple[str, str]] = []  # ref and command of every exec
        self.launched: list[tuple[str, Program]] = []  # with the ref, in order, ended ones included
        self.shell: Shell = small_shell
        self.closed = False
        self.now = 1_000.0
        self._unlisted: set[str] = set()
        self._faults: list[Fault] = []
        self._gates: dict[str, anyio.Event] = {}
        self._numbers = count(1)

    # What a test does to it.

    def fail(self, verb: str, error: Exception | None = None, *, times: float = 1, after_effect: bool = False) -> None:
        """The next `times` calls of `verb` raise, before or after they did what they do; float("inf") for always."""
        self._faults.append(Fault(verb, error or Retriable(f"{verb} failed"), times, after_effect))

    def hold(self, verb: str) -> anyio.Event:
        """Calls of `verb` wait until the event is set."""
        self._gates[verb] = anyio.Event()
        return self._gates[verb]

    def lose(self, name: str) -> None:
        """As if somebody else had deleted it."""
        self.held = {ref: held for ref, held in self.held.items() if held.instance.name != name}

    def put(self, name: str, condition: Condition, labels: Mapping[str, str] | None = None) -> Instance:
        """It is in this condition, whatever it was; made if need be; nothing runs in it."""
        held = self._named(name) or self._add(name, labels or {})
        held.turn(condition)
        return held.instance

    def crash(self, name: str) -> None:
        """Its programs end; the machine goes on."""
        if held := self._named(name):
            held.programs.clear()

    def forget_in_list(self, name: str) -> None:
        """The list does not know it yet, or no more, though it is there."""
        self._unlisted.add(name)

    def count(self, verb: str) -> int:
        return sum(called == verb for called, _ in self.calls)

    # The port.

    async def warm(self) -> None:
        return

    async def create(self, name: str, labels: Mapping[str, str], *, within: float) -> Instance:
        async with self._call("create", name):
            held = self._named(name) or self._add(name, labels)
            if held.instance.condition is not Condition.RUNNING:
                held.turn(Condition.RUNNING)
            return held.instance

    async def find(self, name: str) -> Instance | None:
        async with self._call("find", name):
            held = self._named(name)
            return held.instance if held else None

    async def start(self, ref: str, *, within: float) -> None:
        async with self._call("start", ref):
            held = self._existing(ref)
            if held.instance.condition is Condition.BROKEN:
                raise Retriable(f"{ref} is broken")
            if held.instance.condition is not Condition.RUNNING:
                held.turn(Condition.RUNNING)

    async def stop(self, ref: str) -> None:
        async with self._call("stop", ref):
            if ref in self.held:
                self.held[ref].turn(Condition.STOPPED)

    async def delete(self, ref: str) -> None:
        async with self._call("delete", ref):
            self.held.pop(ref, None)

    async def list(self) -> Sequence[Instance]:
        async with self._call("list", ""):
            return [held.instance for held in self.held.values() if held.instance.name not in self._unlisted]

    async def exec(self, ref: str, command: str, *, env: Mapping[str, str] | None = None, within: float) -> Completed:
        async with self._call("exec", ref):
            self._running(ref)
            self.commands.append((ref, command))
            return self.shell(command, env or {}, within)

    async def upload(self, ref: str, path: str, content: bytes) -> None:
        async with self._call("upload", ref):
            self._running(ref).files[path] = content

    async def download(self, ref: str, path: str, most: int) -> bytes:
        async with self._call("download", ref):
            content = self._running(ref).files.get(path)
            if content is None:
                raise Absent(path)
            if len(content) > most:
                raise TooLarge(path, most)
            return content

    async def launch(self, ref: str, program: Program) -> None:
        async with self._call("launch", ref):
            self._running(ref).programs[program.name] = program
            self.launched.append((ref, program))

    async def endpoint(self, ref: str, port: int) -> Endpoint:
        async with self._call("endpoint", ref):
            if all(program.port != port for program in self._running(ref).programs.values()):
                raise Retriable(f"nothing listens on {port}")
            return Endpoint(self.url, self.headers)

    async def preview(self, ref: str, port: int, seconds: int) -> Link:
        async with self._call("preview", ref):
            running = self._running(ref)
            if port == PORT:
                raise Reserved(port)
            if all(program.port != port for program in running.programs.values()):
                raise Unserved(port)
            return Link(f"https://{port}-signed.example.org", is_local=False)

    async def ssh(self, ref: str, minutes: int) -> Access:
        async with self._call("ssh", ref):
            self._running(ref)
            return Access("ssh token@ssh.example.org", self.now + 60 * minutes)

    async def touch(self, ref: str) -> None:
        async with self._call("touch", ref):
            self._running(ref)

    async def close(self) -> None:
        self.closed = True

    @asynccontextmanager
    async def _call(self, verb: str, about: str) -> AsyncIterator[None]:
        self.calls.append((verb, about))
        if gate := self._gates.get(verb):
            await gate.wait()
        fault = next((fault for fault in self._faults if fault.verb == verb and fault.times > 0), None)
        if fault:
            fault.times -= 1
            if not fault.after_effect:
                raise fault.error
        yield
        if fault:
            raise fault.error

    def _add(self, name: str, labels: Mapping[str, str]) -> Held:
        ref = f"ref-{next(self._numbers)}"  # never the name, so that nobody takes one for the other
        self.held[ref] = Held(Instance(ref, name, Condition.RUNNING, dict(labels)))
        return self.held[ref]

    def _named(self, name: str) -> Held | None:
        return next((held for held in self.held.values() if held.instance.name == name), None)

    def _existing(self, ref: str) -> Held:
        if ref not in self.held:
            raise Gone(f"there is no {ref}")
        return self.held[ref]

    def _running(self, ref: str) -> Held:
        held = self._existing(ref)
        if held.instance.condition is not Condition.RUNNING:
            raise Retriable(f"{ref} is not running")
        return held


def small_shell(command: str, env: Mapping[str, str], within: float) -> Completed:
    """As much of `sh` as the contract tests speak: echo, printenv, sleep (which takes no time) and exit, with `;`
    between. Anything else succeeds in silence."""
    output = ""
    for part in command.split(";"):
        match shlex.split(part):
            case ["echo", *words]:
                output += " ".join(word for word in words if word != ">&2") + "\n"
            case ["printenv", name]:
                output += f"{env[name]}\n" if name in env else ""
            case ["sleep", seconds] if float(seconds) > within:
                raise Overdue(within)
            case ["exit", code]:
                return Completed(int(code), output)
    return Completed(0, output)
