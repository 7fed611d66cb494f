"""What the environment decides: every variable, its default, and what it must look like.

A class per group, as the README's table and `.env.example` show them (a test holds both to this module); a field is
the variable's name in lower case. Read by `load` from a mapping that the caller hands in: there is no look at a `.env`
file, and none at `os.environ` behind the caller's back. An empty variable means its default.

Whatever is wrong is said in one line per problem, which names the variable and what it should be, never what it was:
any value may be a secret that landed in the wrong place. Longer than most modules because it is a table.
"""

import hmac
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.ids import ChannelId, GuildId


class BadSettings(Exception):
    """Variables are missing or malformed; `problems` has a line for each, fit for the operator's eyes."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _snowflake(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise ValueError("must be an id of Discord's: digits only (Developer Mode, Copy ID)")
    return text


def _snowflakes(text: object) -> object:
    if isinstance(text, str):
        return frozenset(_snowflake(part.strip()) for part in text.split(",") if part.strip())
    return text


def _hex_key(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError("must be 64 hexadecimal digits")
    return text.lower()


def _secret_hex_key(secret: SecretStr) -> SecretStr:
    return SecretStr(_hex_key(secret.get_secret_value()))


def _credential(secret: SecretStr) -> SecretStr:
    # It travels in an HTTP header, and libraries quote a header they cannot send in their exceptions.
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("must be the bare credential: printable ASCII, no spaces, no 'Bot ' or 'Bearer ' in front")
    return secret


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s?#]", text):
        raise ValueError("must be an http:// or https:// URL without query or fragment")
    return text.rstrip("/")


def _repository(text: str) -> str:
    # `ext::` and a leading dash would make git run a command of the URL's choice.
    if not re.fullmatch(r"(https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+|/\S+", text):
        raise ValueError("must be something to clone: https://…, ssh://…, git@host:path or an absolute path")
    return text


def _model(text: str) -> str:
    if not re.fullmatch(r"[^/\s]+/\S+", text):
        raise ValueError("must be provider/model, such as opencode/claude-sonnet-4-5")
    return text


def _file(path: Path) -> Path:
    if path.name == ":memory:":
        raise ValueError("must be a file: what is kept in memory is lost with the process")
    return path


def _json_object(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("provider", {}), dict):
        raise ValueError("must be a JSON object, and its provider, if it has one, an object too")
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


_S = TypeVar("_S", bound=str)
Snowflake = Annotated[_S, AfterValidator(_snowflake)]
HexKey = Annotated[str, AfterValidator(_hex_key)]
Credential = Annotated[SecretStr, AfterValidator(_credential)]
Url = Annotated[str, AfterValidator(_url)]
JsonObject = Annotated[dict[str, Any], BeforeValidator(_json_object)]
_Word = TypeVar("_Word")
Choice = Annotated[_Word, BeforeValidator(_lower)]


class Group(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, so that the log can blot them out."""
        values = [getattr(self, name) for name in type(self).model_fields]
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


class Account(Group):
    discord_token: Credential = Field(description="the bot's token (Developer Portal, Bot, Reset Token)")
    discord_api_base_url: Url = Field("https://discord.com/api/v10", description="where Discord's REST API is")


class Discord(Account):
    discord_public_key: HexKey | None = Field(
        None, description="64 hex digits that Discord's requests are checked against; empty: asked of Discord at start"
    )
    discord_application_id: Snowflake[str] | None = Field(None, description="empty: asked of Discord at start")
    allowed_channel_ids: Annotated[frozenset[ChannelId], BeforeValidator(_snowflakes)] = Field(
        frozenset(), description="channels to work in, separated by commas; empty: all"
    )
    discord_category_id: Snowflake[ChannelId] | None = Field(None, description="work only in channels of this category")
    discord_role_id: Snowflake[str] | None = Field(
        None, description="a mention of this role counts as a mention of the bot"
    )
    discord_required_role_id: Snowflake[str] | None = Field(
        None, description="only people with this role may talk to the bot"
    )
    discord_operator_role_id: Snowflake[str] | None = Field(
        None, description="people with this role may use /opencord admin; others need the permission Manage Server"
    )
    discord_command_guild_id: Snowflake[GuildId] | None = Field(
        None, description="register the commands for this server only, where they appear at once; empty: everywhere"
    )


class Runtime(Group):
    database_path: Annotated[Path, AfterValidator(_file)] = Field(
        Path("discord.sqlite"), description="the SQLite file; made when it is missing"
    )
    github_token: Credential | None = Field(None, description="for private repositories on GitHub; the agent sees it")
    opencode_model: Annotated[str, AfterValidator(_model)] = Field(
        "opencode/claude-sonnet-4-5", description="provider/model that answers, unless a thread or channel has another"
    )
    opencode_zen_base_url: Url = Field("https://opencode.ai/zen/v1", description="where OpenCode Zen is")
    opencode_config_json: JsonObject = Field(
        default_factory=dict,
        repr=False,
        description="more OpenCode configuration as a JSON object, merged over ours key by key: own providers, MCP"
        " servers, permissions",
    )
    opencode_zen_api_key: Credential | None = Field(
        None,
        validate_default=True,
        description="the key for OpenCode Zen; not needed when OPENCODE_MODEL names a provider that"
        " OPENCODE_CONFIG_JSON defines",
    )

    @field_validator("opencode_zen_api_key")
    @classmethod
    def _needed_unless_own_provider(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key is not None or not {"opencode_model", "opencode_config_json"} <= info.data.keys():
            return key
        provider = info.data["opencode_model"].partition("/")[0]
        own = info.data["opencode_config_json"].get("provider")
        if not (isinstance(own, dict) and provider in own):
            raise ValueError("is missing: needed unless OPENCODE_CONFIG_JSON defines the provider of OPENCODE_MODEL")
        return key


class Sandboxes(Group):
    sandbox_provider: Choice[Literal["daytona", "local"]] = Field(
        "daytona", description="daytona, or local: directories and processes on this machine, without any isolation"
    )
    daytona_api_key: Credential | None = Field(
        None, validate_default=True, description="the key for Daytona; not needed with SANDBOX_PROVIDER=local"
    )
    daytona_api_url: Url = Field("https://app.daytona.io/api", description="where Daytona's API is")
    daytona_target: str | None = Field(None, description="Daytona's region; empty: the organisation's default")
    daytona_snapshot: str | None = Field(
        None,
        description="the snapshot that sandboxes are made from; empty: an image that Daytona builds at first use, which"
        " takes minutes",
    )
    sandbox_repo_url: Annotated[str, AfterValidator(_repository)] | None = Field(
        None,
        repr=False,
        description="the repository in a new sandbox, unless its thread or channel has another; empty: an empty git "
        "workspace",
    )
    local_sandbox_dir: Path = Field(
        Path(".local/sandboxes"),
        description="where local sandboxes live, a directory each, below the working directory",
    )

    @field_validator("daytona_api_key")
    @classmethod
    def _needed_by_daytona(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key is None and info.data.get("sandbox_provider") == "daytona":
            raise ValueError("is missing: needed unless SANDBOX_PROVIDER is local")
        return key


class Behaviour(Group):
    sandbox_reuse_policy: Choice[Literal["resume_preferred", "recreate"]] = Field(
        "resume_preferred", description="resume_preferred: a thread keeps its sandbox; recreate: a new one each time"
    )
    sandbox_timeout_minutes: float = Field(
        30, gt=0, le=10_080, description="idle for so long, a sandbox is stopped; fractions are allowed"
    )
    paused_ttl_minutes: float = Field(
        180, gt=0, le=525_600, description="stopped for so long, a sandbox is deleted; fractions are allowed"
    )
    resume_health_timeout_ms: int = Field(
        120_000, ge=100, le=3_600_000, description="how long OpenCode may take to answer after a start, in milliseconds"
    )
    sandbox_creation_timeout: int = Field(
        180, ge=1, le=3_600, description="how long making a sandbox may take, in seconds"
    )
    turn_routing_mode: Choice[Literal["ai", "heuristic", "off"]] = Field(
        "ai",
        description="who decides whether a message in a thread wants an answer, unless the thread or its channel has "
        "another: ai, heuristic (rules), off (all do)",
    )
    turn_routing_model: str = Field(
        "claude-haiku-4-5", description="the model that decides, and names threads, on OpenCode Zen"
    )


class Relay(Group):
    relay_mode: Choice[Literal["gateway", "poll", "off"]] = Field(
        "gateway",
        description="how messages arrive: gateway (the scheduler listens), poll (it asks), off (commands only)",
    )
    relay_signing_key: Annotated[SecretStr, AfterValidator(_secret_hex_key)] | None = Field(
        None, description="64 hex digits, the same for app and scheduler; empty: derived from DISCORD_TOKEN"
    )
    app_url: Url = Field("http://127.0.0.1:8787", description="where the scheduler finds the app")
    public_url: Url | None = Field(None, description="where Discord finds the app; only for the set-up scripts")


class Observability(Group):
    log_level: Choice[Literal["debug", "info", "warning", "error"]] = Field(
        "info", description="debug, info, warning or error; debug shows what people write"
    )
    log_pretty: bool = Field(False, description="logs for people instead of JSON lines")
    health_host: str = Field("0.0.0.0", description="the address that the app listens on, health endpoints included")  # noqa: S104
    health_port: int = Field(8787, ge=1, le=65_535, description="the port that the app listens on")


# How often `poll` looks for messages, and how often `gateway` makes sure that none was missed.
POLL_SECONDS = 15.0
REVIEW_SECONDS = 900.0

GROUPS: dict[str, type[Group]] = {
    "Discord": Discord,
    "Storage and runtime": Runtime,
    "Sandboxes": Sandboxes,
    "Behaviour": Behaviour,
    "Relay": Relay,
    "Observability": Observability,
}


class SchedulerSettings(Observability, Relay, Account):
    """What the scheduler needs, and all that it validates."""

    def relay_seed(self) -> bytes:
        """The 32 bytes that the relay's Ed25519 key pair is made from, the same in both processes."""
        if self.relay_signing_key is not None:
            return bytes.fromhex(self.relay_signing_key.get_secret_value())
        return hmac.digest(self.discord_token.get_secret_value().encode(), b"opencord relay v1", "sha256")


class Settings(SchedulerSettings, Behaviour, Sandboxes, Runtime, Discord):
    """What the app needs: everything."""


_Wanted = TypeVar("_Wanted", bound=Group)


def load(environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings with all problems at once."""
    return _read(Settings, environ)


def database_path(environ: Mapping[str, str]) -> Path:
    """For whoever needs nothing else of the settings."""
    return Path(environ.get("DATABASE_PATH", "").strip() or Runtime.model_fields["database_path"].default)


def load_scheduler(environ: Mapping[str, str]) -> SchedulerSettings:
    """Raises BadSettings with all problems at once; variables that only the app reads are not looked at."""
    return _read(SchedulerSettings, environ)


def load_daytona(environ: Mapping[str, str]) -> Sandboxes:
    """Raises BadSettings with all problems at once; variables that are not Daytona's own are not looked at."""
    return _read(Sandboxes, {name: value for name, value in environ.items() if name.startswith("DAYTONA_")})


def _read(wanted: type[_Wanted], environ: Mapping[str, str]) -> _Wanted:
    given = {name: environ.get(name.upper(), "").strip() for name in wanted.model_fields}
    try:
        return wanted(**{name: value for name, value in given.items() if value})
    except ValidationError as error:
        problems = tuple(_line(wanted, dict(problem)) for problem in error.errors(include_input=False))
    raise BadSettings(problems)


def _line(wanted: type[Group], problem: dict[str, Any]) -> str:
    name = str(problem["loc"][0])
    if problem["type"] == "missing":
        return f"{name.upper()} is missing: {wanted.model_fields[name].description}"
    text = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{name.upper()} {text}"
