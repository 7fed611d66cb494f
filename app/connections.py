"""The connections that go out from here."""

from importlib import metadata

import httpx

SECONDS = 5.0  # unless a request says otherwise


def open_http(keep_seconds: float = 30.0) -> httpx.AsyncClient:
    """A client for any number of requests at once. Servers on this machine are reached past any proxy that the
    environment names. An idle connection is kept for `keep_seconds`."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=keep_seconds)
    direct = httpx.AsyncHTTPTransport(limits=limits)
    mounts = {"all://127.0.0.1": direct, "all://localhost": direct}
    return httpx.AsyncClient(limits=limits, timeout=SECONDS, mounts=mounts)


def user_agent() -> str:
    """Discord blocks requests without one of this form: https://docs.discord.com/developers/reference#user-agent"""
    try:
        version = metadata.version("opencord")
    except metadata.PackageNotFoundError:  # run from a checkout
        version = "0"
    return f"DiscordBot (https://github.com/opencord/opencord, {version})"
