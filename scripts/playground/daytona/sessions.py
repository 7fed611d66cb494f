"""Sessions of the toolbox: one shell each, commands that queue behind each other in it, and what they said.

A command is written into the sandbox in clear, as Daytona does, and the shell reads it from there; its output and its
exit code become files beside it. A command that says `exec` or `exit` takes the session with it, and its exit code is
the shell's.
"""

import asyncio
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from app.sandboxes.local.launcher import Launch

STDOUT, STDERR = b"\x01\x01\x01", b"\x02\x02\x02"  # what marks the two in a log that holds both
LOOK_EVERY = 0.02  # seconds


@dataclass(frozen=True, slots=True)
class Command:
    id: str
    text: str
    folder: Path

    @property
    def exit_code(self) -> int | None:
        """What the shell wrote down; None while it runs or waits, and for ever if the shell is gone."""
        try:
            return int(self._read("exit") or b"none")
        except ValueError:
            return None

    @property
    def stdout(self) -> bytes:
        return self._read("stdout")

    @property
    def stderr(self) -> bytes:
        return self._read("stderr")

    @property
    def output(self) -> bytes:
        """Both with their marks. In which order things were said nobody knows any more."""
        return b"".join(mark + said for mark, said in ((STDOUT, self.stdout), (STDERR, self.stderr)) if said)

    def prepare(self) -> bytes:
        """Write it down. What the shell must read to run it: with an open standard input that nobody has to hold."""
        self.folder.mkdir(parents=True)
        (self.folder / "cmd.sh").write_text(f"{self.text}\n")
        os.mkfifo(self.folder / "stdin")
        where = quote(str(self.folder))
        run = f"{{ . {where}/cmd.sh\n}} <>{where}/stdin >{where}/stdout 2>{where}/stderr"
        return f"{run}\necho $? >{where}/exit\n".encode()

    def feed(self, text: str) -> None:
        """Raises OSError when nobody listens any more."""
        pipe = os.open(self.folder / "stdin", os.O_WRONLY | os.O_NONBLOCK)
        with open(pipe, "wb") as stdin:
            stdin.write(text.encode())

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return b""


@dataclass(eq=False, slots=True)
class Session:
    id: str
    folder: Path
    process: asyncio.subprocess.Process
    launch: Launch
    commands: dict[str, Command] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.process.returncode is not None

    def begin(self, text: str) -> Command:
        command = Command(secrets.token_hex(16), text, self.folder / secrets.token_hex(8))
        self.commands[command.id] = command
        assert self.process.stdin is not None
        self.process.stdin.write(command.prepare())
        return command

    def exit_code(self, command: Command) -> int | None:
        code = command.exit_code
        if code is None and self.ended and command is self._last_begun():
            return self.process.returncode
        return code

    async def finished(self, command: Command) -> int | None:
        """Its exit code; None when the session ends before it begins."""
        while self.exit_code(command) is None and not self.ended:  # noqa: ASYNC110 (a file tells, not an event)
            await asyncio.sleep(LOOK_EVERY)
        return self.exit_code(command)

    def _last_begun(self) -> Command | None:
        begun = [each for each in self.commands.values() if (each.folder / "stdout").exists()]
        return begun[-1] if begun else None
