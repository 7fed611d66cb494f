"""Set up everything that the project needs on a machine: `make setup`, which every other target runs first.

It makes `.venv` with the locked dependencies, and `.tools` with the pinned OpenCode and ripgrep unless OpenCode of
that version is on PATH. Standard library only, for it runs before anything is installed. Quick when there is nothing
to do; one line when something is missing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
OPENCODE = "1.18.33"
OLDEST_NODE = 20
RIPGREP = "1.18.0"  # ships its binary inside the npm package


def main() -> None:
    check_prerequisites()
    install_python()
    install_opencode()


def check_prerequisites() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this is what tells it to whoever has an older one
        stop(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    needed = {"git": "workspaces are git repositories", "node": "npm runs on it", "npm": "OpenCode comes from npm"}
    for command, purpose in needed.items():
        if shutil.which(command) is None:
            stop(f"{command} is needed ({purpose}) and is not on PATH.")
    node = printed("node", "--version")
    if int(node.lstrip("v").partition(".")[0] or 0) < OLDEST_NODE:
        stop(f"Node {OLDEST_NODE} or newer is needed; this is {node}.")


def install_python() -> None:
    lock = ROOT / "requirements" / "dev.txt"
    stamp = VENV / "installed"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    python = VENV / "bin" / "python"
    if not (VENV / "bin" / "pip").exists():  # a half-made one has none
        say("making .venv")
        shutil.rmtree(VENV, ignore_errors=True)
        run(sys.executable, "-m", "venv", str(VENV), hint="on Debian: apt install python3-venv")
    say("installing the locked dependencies")
    uv = shutil.which("uv")
    if uv is None:
        run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")
        uv = str(VENV / "bin" / "uv")
    run(uv, "pip", "install", "--require-hashes", "--python", str(python), "-r", str(lock))
    stamp.write_text(digest)


def install_opencode() -> None:
    if opencode_version(shutil.which("opencode")) == OPENCODE and shutil.which("rg"):
        return
    binaries = TOOLS / "bin"
    if opencode_version(str(binaries / "opencode")) == OPENCODE and (binaries / "rg").exists():
        return
    say(f"fetching OpenCode {OPENCODE} and ripgrep from npm (about 100 MB, once)")
    packages = (f"opencode-ai@{OPENCODE}", f"@vscode/ripgrep@{RIPGREP}")
    quietly = ("--no-save", "--no-package-lock", "--no-fund", "--no-audit", "--no-update-notifier", "--loglevel=error")
    run("npm", "install", "--prefix", str(TOOLS), *quietly, *packages)
    binaries.mkdir(exist_ok=True)
    link(binaries / "opencode", TOOLS / "node_modules" / ".bin" / "opencode")
    link(binaries / "rg", next((TOOLS / "node_modules" / "@vscode").glob("ripgrep-*/bin/rg"), None))
    if opencode_version(str(binaries / "opencode")) != OPENCODE:
        stop(f"OpenCode {OPENCODE} was installed from npm but does not run on this machine.")


def opencode_version(command: str | None) -> str | None:
    if command is None or not os.access(command, os.X_OK):
        return None
    return printed(command, "--version")


def printed(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


def link(path: Path, target: Path | None) -> None:
    if target is None:
        stop(f"npm did not bring {path.name} for this kind of machine.")
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def run(*command: str, hint: str = "see above") -> None:
    result = subprocess.run(command, check=False)
    if result.returncode:
        stop(f"`{' '.join(command[:4])} …` failed with exit code {result.returncode} ({hint}).")


def say(what: str) -> None:
    print(f"setup: {what}", file=sys.stderr, flush=True)


def stop(why: str) -> NoReturn:
    print(f"setup: {why}", file=sys.stderr, flush=True)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
