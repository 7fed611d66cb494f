"""`python -m app`: read the environment, take the port, serve until told to stop.

Whatever is wrong with what the operator gave us ends the process at once, with exit code 2 and one line a problem.
"""

import argparse
import os
import signal
import socket
import sys
from contextlib import nullcontext
from typing import IO, NoReturn

import uvicorn
from uvicorn.supervisors import ChangeReload

from app.sandboxes.local.place import Unusable as NoPlace
from app.sandboxes.local.place import occupy
from app.settings import BadSettings, Settings, load
from app.store.sqlite import Unusable, check

GRACE_SECONDS = 2  # for requests at work when told to stop; each is answered in far less


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m app", description="OpenCord's app.")
    arguments.add_argument("--reload", action="store_true", help="start again when a file changes")
    reload = arguments.parse_args().reload
    settings = load_settings()
    listener = take_port(settings)
    prepare_store(settings)
    lock = occupy_sandboxes(settings) if settings.sandbox_provider == "local" else nullcontext()
    config = uvicorn.Config(
        "app.asgi:create",
        factory=True,
        reload=reload,
        reload_dirs=["app"] if reload else None,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    end_with_the_terminal()
    server = uvicorn.Server(config)
    with lock:
        if reload:
            ChangeReload(config, target=server.run, sockets=[listener]).run()
        else:
            server.run(sockets=[listener])


def end_with_the_terminal() -> None:
    """In good order, so that no sandbox goes on without us; but not where somebody asked to be spared (nohup)."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


def load_settings() -> Settings:
    try:
        return load(os.environ)
    except BadSettings as bad:
        stop(*bad.problems)


def prepare_store(settings: Settings) -> None:
    try:
        check(settings.database_path)
    except Unusable as error:
        stop(f"DATABASE_PATH: {error}")


def occupy_sandboxes(settings: Settings) -> IO[bytes]:
    """Ours for as long as the file is open."""
    try:
        return occupy(settings.local_sandbox_dir)
    except NoPlace as error:
        stop(f"LOCAL_SANDBOX_DIR: {error}")


def take_port(settings: Settings) -> socket.socket:
    host, port = settings.health_host, settings.health_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        stop(f"HEALTH_HOST, HEALTH_PORT: cannot listen on {host}:{port}: {reason_of(error)}")
    listener.setblocking(False)
    return listener


def reason_of(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "no name of a host"
    # The numbers of a failed look-up are not those of the system's errors.
    return str(error.strerror) if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)


def stop(*problems: str) -> NoReturn:
    print(*problems, sep="\n", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
