"""`python -m app`: read the environment, take the port, serve until told to stop.

Whatever is wrong with what the operator gave us ends the process at once, with exit code 2 and one line a problem.
"""

import argparse
import os
import socket
import sys
from typing import NoReturn

import uvicorn
from uvicorn.supervisors import ChangeReload

from app.sandboxes.place import usable
from app.settings import BadSettings, Settings, load
from app.store.sqlite import Unusable, check
from app.wiring import PROVIDERS

GRACE_SECONDS = 3  # for requests at work when told to stop; each is answered in far less


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m app", description="OpenCord's app.")
    arguments.add_argument("--reload", action="store_true", help="start again when a file changes")
    reload = arguments.parse_args().reload
    settings = load_settings()
    listener = take_port(settings)
    prepare_store(settings)
    prepare_sandboxes(settings)
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
    server = uvicorn.Server(config)
    if reload:
        ChangeReload(config, target=server.run, sockets=[listener]).run()
    else:
        server.run(sockets=[listener])


def load_settings() -> Settings:
    try:
        settings = load(os.environ)
    except BadSettings as bad:
        stop(*bad.problems)
    if settings.sandbox_provider not in PROVIDERS:
        stop(f"SANDBOX_PROVIDER must be {' or '.join(PROVIDERS)}: this version has no other")
    return settings


def prepare_store(settings: Settings) -> None:
    try:
        check(settings.database_path)
    except Unusable as error:
        stop(f"DATABASE_PATH: {error}")


def prepare_sandboxes(settings: Settings) -> None:
    trouble = usable(settings.local_sandbox_dir)
    if trouble is not None:
        stop(f"LOCAL_SANDBOX_DIR: {trouble}")


def take_port(settings: Settings) -> socket.socket:
    host, port = settings.health_host, settings.health_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        stop(f"HEALTH_HOST, HEALTH_PORT: cannot listen on {host}:{port}: {reason_of(error)}")
    listener.setblocking(False)
    return listener


def reason_of(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def stop(*problems: str) -> NoReturn:
    print(*problems, sep="\n", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
