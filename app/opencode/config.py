"""What a server of OpenCode is told at its start: environment, configuration, command line. Pure.

Everything in the environment can be read by the agent's own shell and so by the model: only what a sandbox may know
belongs here. Configuration is given as OPENCODE_CONFIG_CONTENT, which wins over files key by key, and what the
operator adds wins over ours the same way.

https://opencode.ai/v1/docs/config
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.opencode import briefing

VERSION = "1.18.33"  # later ones drop or change the routes that `client` uses
USERNAME = "opencode"
AGENT = "build"
ZEN = "opencode"  # what OpenCode calls its own provider
ZEN_URL = "https://opencode.ai/zen/v1"

# The workspace's path never changes: sessions belong to the directory that they were opened in. XDG directories are
# stated, for otherwise those of the machine around a local sandbox would win over HOME.
COMMAND = (
    f"{briefing.WRITE} && "
    'export XDG_DATA_HOME="$HOME/.local/share" XDG_STATE_HOME="$HOME/.local/state" '
    'XDG_CACHE_HOME="$HOME/.cache" XDG_CONFIG_HOME="$HOME/.config" && cd "$HOME/workspace" && '
    'exec opencode serve --hostname 127.0.0.1 --port "$PORT"'
)

SNAPSHOTS = ".local/share/opencode/snapshot"  # from HOME; a git repository for each worktree, in its project's folder
LOGS = ".local/share/opencode/log"  # from HOME; a file for every start

ENVIRONMENT: Mapping[str, str] = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",  # a list of models is in the binary
    # A broken opencode.json in the repository would otherwise fail every request, and a hostile one run code.
    "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
    "OPENCODE_DISABLE_SHARE": "1",
}


@dataclass(frozen=True, slots=True)
class Options:
    """`model` is "provider/model"; `extra` is the operator's own configuration, merged over ours."""

    model: str
    zen_key: str | None = field(default=None, repr=False)
    zen_url: str = ZEN_URL
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    repository: str | None = field(default=None, repr=False)  # empty: an empty git repository
    github_token: str | None = field(default=None, repr=False)


def model_of(options: Options) -> str:
    """The model that prompts are sent to."""
    return str(options.extra.get("model") or options.model)


def split_model(model: str) -> tuple[str, str]:
    """Provider and model. Only the first slash counts: models have slashes in their names."""
    provider, _, name = model.partition("/")
    return provider, name


def configuration(options: Options) -> dict[str, Any]:
    ours: dict[str, Any] = {
        "$schema": "https://opencode.ai/config.json",
        "autoupdate": False,
        "share": "disabled",
        "model": options.model,
        "small_model": model_of(options),  # else some errands go to a model that the key may not be good for
        "agent": {"title": {"disable": True}},  # every session is given a title
        # The operator may have people asked, key by key; questions of the agent reach them anyway.
        "permission": {"*": "allow"},
        # The project's configuration is switched off, and with it its own instructions.
        "instructions": [briefing.PATH, "~/workspace/AGENTS.md"],
    }
    if options.zen_key:
        ours["provider"] = {ZEN: {"options": _zen(options.zen_url, options.zen_key)}}
    whole = merged(ours, options.extra)
    named = (str(whole["model"]), str(whole["small_model"]))
    providers = {*(split_model(model)[0] for model in named), *whole.get("provider", {})}
    return {"enabled_providers": sorted(providers), **whole}


def _zen(url: str, key: str) -> dict[str, Any]:
    """The time limits in milliseconds are lower than OpenCode's own, which sits out five silent minutes."""
    return {"baseURL": url, "apiKey": key, "headerTimeout": 120_000, "chunkTimeout": 180_000}


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Key by key and deep; where both are objects they are merged, else the upper one wins. Keeps the order of keys,
    which decides among OpenCode's permissions."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def environment(options: Options, password: str) -> dict[str, str]:
    """For the server's process. Holds secrets."""
    whole = {
        **ENVIRONMENT,
        briefing.VARIABLE: briefing.BRIEFING,
        "OPENCODE_SERVER_PASSWORD": password,
        "OPENCODE_CONFIG_CONTENT": json.dumps(configuration(options)),
    }
    if options.github_token:
        whole["GITHUB_TOKEN"] = options.github_token
    return whole
