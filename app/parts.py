"""Parts that are made from the settings alone."""

import math
import os
import time
from pathlib import Path

import httpx

from app.inbox.ports import Places, Shards
from app.inbox.pulse import Ear, Gateway, Off, Poll
from app.opencode.config import VERSION, Options, model_of
from app.opencode.router import ZenRouter
from app.opencode.workspace import without_credentials
from app.opencode.zen import Zen
from app.sandboxes.daytona.provider import DaytonaProvider
from app.sandboxes.housekeeping import Housekeeping
from app.sandboxes.keeper import Keeper
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.provider import Provider
from app.sandboxes.waking import Patience
from app.settings import POLL_SECONDS, Settings
from app.store.shelf import SqliteShelf
from app.turns.ports import Router
from app.turns.preferences import Preference, Values
from app.turns.routing import Policy

TOOLS = Path(__file__).resolve().parent.parent / ".tools" / "bin"  # where `make setup` puts what is not on PATH already
STOP_SECONDS = 3.0  # for whoever ignores SIGTERM: all of it together must take less than ten
MARGIN_MINUTES = 10  # that Daytona gives a machine beyond ours
clock = time.time


def provider_for(settings: Settings) -> Provider:
    if settings.sandbox_provider == "local":
        path = f"{TOOLS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return LocalProvider(settings.local_sandbox_dir, path, grace=STOP_SECONDS)
    assert settings.daytona_api_key is not None, "the settings see to that"
    return DaytonaProvider(
        settings.daytona_api_key.get_secret_value(),
        settings.daytona_api_url,
        settings.daytona_target,
        settings.daytona_snapshot,
        opencode=VERSION,
        auto_stop=math.ceil(settings.sandbox_timeout_minutes) + MARGIN_MINUTES,
        auto_delete=math.ceil(settings.paused_ttl_minutes) + MARGIN_MINUTES,
    )


def housekeeping_for(settings: Settings, keeper: Keeper, provider: Provider, shelf: SqliteShelf) -> Housekeeping:
    return Housekeeping(
        keeper,
        provider,
        shelf,
        clock,
        idle_seconds=settings.sandbox_timeout_minutes * 60,
        paused_seconds=settings.paused_ttl_minutes * 60,
    )


def options_for(settings: Settings) -> Options:
    zen_key, github_token = settings.opencode_zen_api_key, settings.github_token
    return Options(
        model=settings.opencode_model,
        zen_key=zen_key.get_secret_value() if zen_key else None,
        zen_url=settings.opencode_zen_base_url,
        extra=settings.opencode_config_json,
        repository=settings.sandbox_repo_url,
        github_token=github_token.get_secret_value() if github_token else None,
    )


def patience_for(settings: Settings) -> Patience:
    return Patience(settings.sandbox_creation_timeout, settings.resume_health_timeout_ms / 1000)


def preferences_for(settings: Settings) -> Values:
    """What counts where nobody has settled anything."""
    values = {
        Preference.MODEL: model_of(options_for(settings)),
        Preference.ROUTING: settings.turn_routing_mode,
        Preference.REPOSITORY: without_credentials(settings.sandbox_repo_url or ""),
    }
    return {preference: value for preference, value in values.items() if value}


def policy_for(settings: Settings) -> Policy:
    return Policy(
        channels=settings.allowed_channel_ids,
        category=settings.discord_category_id,
        required_role=settings.discord_required_role_id,
        role=settings.discord_role_id,
    )


def router_for(settings: Settings, http: httpx.AsyncClient) -> Router | None:
    """None where there is no key for it, and the rules alone decide."""
    key = settings.opencode_zen_api_key
    if key is None:
        return None
    zen = Zen(http, settings.opencode_zen_base_url, key.get_secret_value(), settings.turn_routing_model, clock)
    return ZenRouter(zen, clock)


def ear_for(settings: Settings, shards: Shards, places: Places) -> Ear:
    match settings.relay_mode:
        case "gateway":
            return Gateway(shards, clock)
        case "poll":
            return Poll(places, clock, POLL_SECONDS)
        case "off":
            return Off()
