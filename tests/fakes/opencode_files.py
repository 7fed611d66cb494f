"""A workspace as the fake OpenCode sees it: commands that are run in it, and what has changed between two moments."""

import asyncio
import difflib
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.sandboxes.provider import Completed

Files = dict[str, str]  # contents by path


def snapshot(folder: Path) -> Files:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    inside = ((str(path.relative_to(folder)), path) for path in found)
    return {name: path.read_text(errors="replace") for name, path in inside if not name.startswith(".git/")}


def restore(folder: Path, files: Files) -> None:
    now = snapshot(folder)
    for name in now.keys() - files.keys():
        (folder / name).unlink()
    for name, content in files.items():
        if now.get(name) != content:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)


def changes(before: Files, after: Files) -> list[dict[str, Any]]:
    """As OpenCode lists them."""
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return [change(name, before.get(name), after.get(name)) for name in names]


def change(name: str, old: str | None, new: str | None) -> dict[str, Any]:
    status = "added" if old is None else "deleted" if new is None else "modified"
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text or "") for text in (old, new))
    whole = len(before) + len(after)  # OpenCode shows all of a file around its changes
    lines = [_whole(line) for line in difflib.unified_diff(before, after, name, name, n=whole)]
    counts = {mark: sum(line.startswith(mark) for line in lines[2:]) for mark in "+-"}
    patch = f"Index: {name}\n{'=' * 67}\n{''.join(lines)}"
    return {"file": name, "patch": patch, "additions": counts["+"], "deletions": counts["-"], "status": status}


def _whole(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


async def uncommitted(folder: Path) -> list[dict[str, Any]]:
    """As OpenCode lists it."""
    listed = await run("git ls-files -co --exclude-standard && rm -rf ../head && mkdir ../head", folder, {})
    await run("git archive HEAD | tar -x -C ../head", folder, {})
    now = {name: content for name, content in snapshot(folder).items() if name in listed.output.splitlines()}
    return changes(snapshot(folder.parent / "head"), now)


async def run(command: str, folder: Path, env: Mapping[str, str]) -> Completed:
    """By `sh`; nothing of it survives a cancellation."""
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        command,
        cwd=folder,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return Completed(process.returncode or 0, output.decode())
