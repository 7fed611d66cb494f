"""Build the snapshot that sandboxes at Daytona are made from: `python -m scripts.build_snapshot`.

Its name is made from what is in it, unless `--name` gives one: the same content is built once, and whatever runs from
an older one goes on. The build's log goes to standard error; standard output gets one line, for the environment.
Needs DAYTONA_API_KEY, and DAYTONA_API_URL and DAYTONA_TARGET where they are not the usual ones. Exit code 0, also when
it was there already; 1 when it could not be built; 2 when a variable or an argument is wrong.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

from app import telemetry
from app.opencode.config import VERSION
from app.sandboxes.daytona.calls import Pace
from app.sandboxes.daytona.image import Size, snapshot_name
from app.sandboxes.daytona.snapshots import build
from app.settings import BadSettings, Sandboxes, load_daytona
from app.turns.errors import Refused, Retriable
from app.words.machine import BAD_SNAPSHOT, KEY_REFUSED, LIMIT_REACHED

# What people in a chat are told, in an operator's words.
_WORDS = {
    KEY_REFUSED: "Daytona does not accept DAYTONA_API_KEY; it needs the scope write:snapshots.",
    BAD_SNAPSHOT: "the build failed at Daytona; its log says why. Run this again to build it anew.",
    LIMIT_REACHED: "the limit of the Daytona account is reached: delete a snapshot, or choose a smaller size.",
}


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = load_daytona(environ)
    except BadSettings as problem:
        return complain(*problem.problems, code=2)
    size = Size(options.cpu, options.memory, options.disk)
    name = options.name or snapshot_name(VERSION, size)
    try:
        fresh = asyncio.run(connect(settings, name, size))
    except Refused as refusal:
        return complain(_WORDS.get(refusal.tell, refusal.tell))
    except Retriable as failure:
        return complain(f"{failure}. Run this again: it goes on where it was.")
    except KeyboardInterrupt:
        return complain("interrupted; Daytona goes on building. Run this again to wait for it.", code=130)
    say(f"Snapshot {name} {'is built and active' if fresh else 'was there already, and is active'}.")
    print(f"DAYTONA_SNAPSHOT={name}")
    return 0


async def connect(settings: Sandboxes, name: str, size: Size) -> bool:
    # It takes a second: not before the arguments are known to be good.
    from app.sandboxes.daytona import sdk

    assert settings.daytona_api_key is not None
    key = settings.daytona_api_key.get_secret_value()
    async with sdk.connect(key, settings.daytona_api_url, settings.daytona_target) as client:
        return await build(client, name, VERSION, size, say, Pace())


def _parser() -> argparse.ArgumentParser:
    usual = Size()
    parser = argparse.ArgumentParser(prog="build_snapshot", description="Build the snapshot for sandboxes at Daytona.")
    parser.add_argument("--name", help="what to call it (default: made from its content)")
    parser.add_argument("--cpu", type=_count, default=usual.cpu, help=f"CPUs of a sandbox (default: {usual.cpu})")
    parser.add_argument("--memory", type=_count, default=usual.memory, help=f"GiB (default: {usual.memory})")
    parser.add_argument("--disk", type=_count, default=usual.disk, help=f"GiB (default: {usual.disk})")
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError("must be a whole number above zero")
    return int(text)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def complain(*lines: str, code: int = 1) -> int:
    for line in lines:
        say(f"build_snapshot: {line}")
    return code


if __name__ == "__main__":
    telemetry.configure("error", pretty=True, stream=sys.stderr)
    raise SystemExit(main())
