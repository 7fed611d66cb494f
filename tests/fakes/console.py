"""Machines by hand, in memory."""

from dataclasses import dataclass, field

from app.ids import ThreadId
from app.sandboxes.console import Elsewhere, Entry, Listing, Ran
from app.sandboxes.provider import Absent, Access, Link, TooLarge, Unserved


@dataclass(slots=True)
class FakeConsole:
    """`files` are those of every machine, and `listening` the ports. `said` is what every command says. `failure` is
    what the next call meets."""

    calls: list[str]
    files: dict[str, bytes] = field(default_factory=dict)
    listening: set[int] = field(default_factory=set)
    said: Ran = field(default_factory=lambda: Ran(0, "", is_cut=False))
    logged: str = ""
    is_local: bool = False
    failure: Exception | None = None
    lines: list[str] = field(default_factory=list)  # that were run

    async def run(self, thread: ThreadId, line: str, within: float) -> Ran:
        self._note("run")
        self.lines.append(line)
        return self.said

    async def log(self, thread: ThreadId, lines: int) -> str:
        self._note("log")
        return "".join(self.logged.splitlines(keepends=True)[-lines:])

    async def list(self, thread: ThreadId, path: str) -> Listing:
        self._note("list")
        if path in self.files:
            raise Elsewhere(path)
        start = f"{path}/" if path else ""
        inside = [each.removeprefix(start) for each in self.files if each.startswith(start)]
        if path and not inside:
            raise Absent(path)
        names = sorted({head + slash for head, slash, _ in (each.partition("/") for each in inside)})
        found = [Entry(name, None if name.endswith("/") else len(self.files[start + name])) for name in names]
        return Listing(found[:1_000], len(found))

    async def get(self, thread: ThreadId, path: str, most: int) -> bytes:
        self._note("get")
        if any(each.startswith(f"{path}/") for each in self.files):
            raise Elsewhere(path)
        if path not in self.files:
            raise Absent(path)
        if len(self.files[path]) > most:
            raise TooLarge(path, most)
        return self.files[path]

    async def preview(self, thread: ThreadId, port: int, seconds: int) -> Link:
        self._note("preview")
        if port not in self.listening:
            raise Unserved(port)
        return Link(f"http://127.0.0.1:{port}" if self.is_local else f"https://{port}-key.example.org", self.is_local)

    async def ssh(self, thread: ThreadId, minutes: int) -> Access:
        self._note("ssh")
        return Access("ssh token@ssh.example.org", 1_000.0 + 60 * minutes)

    def _note(self, call: str) -> None:
        self.calls.append(call)
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
