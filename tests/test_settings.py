"""The environment, read."""

import hashlib
import hmac
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from app.settings import GROUPS, BadSettings, Group, Settings, load, load_scheduler

ROOT = Path(__file__).parent.parent
NEEDED = {"DISCORD_TOKEN": "a.bot.token", "DAYTONA_API_KEY": "dtn_key", "OPENCODE_ZEN_API_KEY": "zen_key"}
OWN_PROVIDER = '{"provider": {"mine": {"npm": "@ai-sdk/openai-compatible"}}}'


def problems_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(environ)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def test_three_variables_suffice() -> None:
    settings = load(NEEDED)

    assert settings.discord_token.get_secret_value() == "a.bot.token"
    assert settings.sandbox_provider == "daytona"
    assert settings.opencode_model == "opencode/claude-sonnet-4-5"
    assert settings.database_path == Path("discord.sqlite")
    assert (settings.sandbox_timeout_minutes, settings.paused_ttl_minutes) == (30, 180)
    assert (settings.resume_health_timeout_ms, settings.sandbox_creation_timeout) == (120_000, 180)
    assert (settings.relay_mode, settings.app_url) == ("gateway", "http://127.0.0.1:8787")
    assert (settings.log_level, settings.log_pretty) == ("info", False)
    assert (settings.health_host, settings.health_port) == ("0.0.0.0", 8787)
    assert settings.allowed_channel_ids == frozenset()


def test_an_empty_or_blank_variable_means_its_default() -> None:
    blank = {name.upper(): "  " for name in Settings.model_fields}

    assert load({**blank, **NEEDED}) == load(NEEDED)


def test_only_the_given_mapping_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\n")
    monkeypatch.setenv("HEALTH_PORT", "1")

    settings = load(NEEDED)

    assert (settings.log_level, settings.health_port) == ("info", 8787)


def test_each_missing_variable_has_a_line() -> None:
    lines = problems_of({})

    assert [line.split()[0] for line in lines] == ["DISCORD_TOKEN", "OPENCODE_ZEN_API_KEY", "DAYTONA_API_KEY"]
    assert all(" is missing: " in line for line in lines)


def test_daytonas_key_is_not_needed_for_local_sandboxes() -> None:
    settings = load({**NEEDED, "DAYTONA_API_KEY": "", "SANDBOX_PROVIDER": "local"})

    assert settings.daytona_api_key is None


def test_zens_key_is_not_needed_with_a_provider_of_ones_own() -> None:
    environ = {**NEEDED, "OPENCODE_ZEN_API_KEY": "", "OPENCODE_CONFIG_JSON": OWN_PROVIDER}

    settings = load({**environ, "OPENCODE_MODEL": "mine/some/model"})

    assert settings.opencode_zen_api_key is None
    assert "OPENCODE_ZEN_API_KEY" in problems_of({**environ, "OPENCODE_MODEL": "opencode/claude-sonnet-4-5"})[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", "Bot a.bot.token"),
        ("DISCORD_TOKEN", "tökén"),
        ("DISCORD_PUBLIC_KEY", "f" * 63),
        ("DISCORD_PUBLIC_KEY", "g" * 64),
        ("DISCORD_APPLICATION_ID", "opencord"),
        ("DISCORD_CATEGORY_ID", "-1"),
        ("ALLOWED_CHANNEL_IDS", "123,general"),
        ("DISCORD_API_BASE_URL", "discord.com/api"),
        ("DISCORD_API_BASE_URL", "http://"),
        ("DISCORD_API_BASE_URL", "http://host:port"),
        ("OPENCODE_ZEN_BASE_URL", "ftp://host"),
        ("APP_URL", "http://host/?q=1"),
        ("PUBLIC_URL", "http://a b"),
        ("OPENCODE_MODEL", "claude-sonnet-4-5"),
        ("OPENCODE_MODEL", "/model"),
        ("OPENCODE_CONFIG_JSON", "{"),
        ("OPENCODE_CONFIG_JSON", "[]"),
        ("SANDBOX_PROVIDER", "docker"),
        ("SANDBOX_REPO_URL", "ext::sh -c id"),
        ("SANDBOX_REPO_URL", "--upload-pack=id"),
        ("SANDBOX_REUSE_POLICY", "always"),
        ("SANDBOX_TIMEOUT_MINUTES", "0"),
        ("SANDBOX_TIMEOUT_MINUTES", "-3"),
        ("SANDBOX_TIMEOUT_MINUTES", "nan"),
        ("PAUSED_TTL_MINUTES", "inf"),
        ("PAUSED_TTL_MINUTES", "1h"),
        ("RESUME_HEALTH_TIMEOUT_MS", "1.5"),
        ("SANDBOX_CREATION_TIMEOUT", "1e9"),
        ("TURN_ROUTING_MODE", "maybe"),
        ("RELAY_MODE", "push"),
        ("RELAY_SIGNING_KEY", "abc"),
        ("LOG_LEVEL", "loud"),
        ("LOG_PRETTY", "perhaps"),
        ("HEALTH_PORT", "65536"),
    ],
)
def test_a_malformed_variable_has_a_line_that_says_what_it_must_be(name: str, value: str) -> None:
    lines = problems_of({**NEEDED, name: value})

    assert len(lines) == 1
    assert lines[0].startswith(f"{name} must be ")
    assert "\n" not in lines[0]


def test_no_value_is_shown_since_any_may_be_a_secret_in_the_wrong_place() -> None:
    lines = problems_of({name.upper(): "swordfish 77" for name in Settings.model_fields})

    assert len(lines) > 20
    assert not any("swordfish" in line for line in lines)


def test_all_problems_are_told_at_once() -> None:
    lines = problems_of({**NEEDED, "DISCORD_TOKEN": "", "HEALTH_PORT": "x", "LOG_LEVEL": "x"})

    assert sorted(line.split()[0] for line in lines) == ["DISCORD_TOKEN", "HEALTH_PORT", "LOG_LEVEL"]


def test_nothing_that_is_raised_or_shown_holds_a_secret() -> None:
    secrets = {name: f"{name.lower()}-value" for name in [*NEEDED, "GITHUB_TOKEN"]}
    with pytest.raises(BadSettings) as caught:
        load({**secrets, "RELAY_SIGNING_KEY": "relay-value", "DISCORD_TOKEN": "a token-value"})
    shown = repr(caught.value) + repr(caught.value.__context__) + repr(caught.value.__cause__)

    settings = load({**secrets, "OPENCODE_CONFIG_JSON": '{"apiKey": "config-value"}'})

    assert "-value" not in shown
    assert "-value" not in repr(settings) + str(settings)
    assert set(settings.secrets()) == set(secrets.values())


def test_words_may_be_shouted_and_lists_may_be_spaced() -> None:
    settings = load({**NEEDED, "LOG_LEVEL": "INFO", "ALLOWED_CHANNEL_IDS": " 1, 2,,3 "})

    assert settings.log_level == "info"
    assert settings.allowed_channel_ids == {"1", "2", "3"}


def test_minutes_take_fractions() -> None:
    settings = load({**NEEDED, "SANDBOX_TIMEOUT_MINUTES": "0.05", "PAUSED_TTL_MINUTES": "1.5"})

    assert (settings.sandbox_timeout_minutes, settings.paused_ttl_minutes) == (0.05, 1.5)


def test_urls_lose_their_last_slash() -> None:
    assert load({**NEEDED, "DISCORD_API_BASE_URL": "http://127.0.0.1:1/api/"}).discord_api_base_url == (
        "http://127.0.0.1:1/api"
    )


@pytest.mark.parametrize(
    "url", ["https://github.com/a/b.git", "git@github.com:a/b.git", "ssh://git@host/b", "/srv/b", "file:///srv/b"]
)
def test_whatever_git_can_clone_is_a_repository(url: str) -> None:
    assert load({**NEEDED, "SANDBOX_REPO_URL": url}).sandbox_repo_url == url


def test_the_relay_key_is_the_seed_itself() -> None:
    assert load({**NEEDED, "RELAY_SIGNING_KEY": "0A" * 32}).relay_seed() == b"\n" * 32


def test_without_a_relay_key_both_processes_derive_the_same_from_the_token() -> None:
    expected = hmac.new(b"a.bot.token", b"opencord relay v1", hashlib.sha256).digest()

    assert load(NEEDED).relay_seed() == expected
    assert load_scheduler({"DISCORD_TOKEN": "a.bot.token"}).relay_seed() == expected


def test_the_scheduler_looks_at_nothing_that_only_the_app_reads() -> None:
    settings = load_scheduler({"DISCORD_TOKEN": "a.bot.token", "OPENCODE_MODEL": "?", "RELAY_MODE": "poll"})

    assert settings.relay_mode == "poll"
    with pytest.raises(BadSettings, match="APP_URL"):
        load_scheduler({"DISCORD_TOKEN": "a.bot.token", "APP_URL": "?"})


def test_every_variable_is_in_one_group() -> None:
    grouped = [name for group in GROUPS.values() for name in group.model_fields]

    assert sorted(grouped) == sorted(Settings.model_fields)


def default_of(group: type[Group], name: str) -> str:
    """As one would write it in the environment; empty for none."""
    field = group.model_fields[name]
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    return str(value).lower() if isinstance(value, bool) else str(value or "")


def example() -> str:
    """`.env.example` as it has to be."""
    blocks = [(ROOT / ".env.example").read_text(encoding="utf-8").partition("\n\n")[0]]
    for title, group in GROUPS.items():
        blocks.append(f"## {title}")
        for name, field in group.model_fields.items():
            comment = textwrap.fill(str(field.description), 118, initial_indent="# ", subsequent_indent="# ")
            line = f"{name.upper()}={default_of(group, name)}"
            blocks.append(f"{comment}\n{line if name.upper() in NEEDED else '#' + line}")
    return "\n\n".join(blocks) + "\n"


def table() -> list[str]:
    """The rows that the README has to have, in whatever tables."""
    rows = []
    for group in GROUPS.values():
        for name, field in group.model_fields.items():
            default = default_of(group, name)
            shown = "required" if name.upper() in NEEDED else f"`{default}`" if default else ""
            rows.append(f"| `{name.upper()}` | {shown} | {field.description} |")
    return [re.sub(r" +", " ", row) for row in rows]


def test_the_example_file_shows_every_variable_with_default_and_meaning() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == example()


def test_what_the_example_file_shows_as_defaults_are_the_defaults() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = dict(line.lstrip("#").split("=", 1) for line in text.splitlines() if re.match(r"#?[A-Z_]+=", line))

    assert load({**shown, **NEEDED}) == load(NEEDED)


def test_a_shell_can_read_the_example_file() -> None:
    script = "set -eua; . ./.env.example; env"

    shown = subprocess.run(["sh", "-c", script], cwd=ROOT, env={}, capture_output=True, text=True, check=True).stdout

    assert {name for name in NEEDED if f"{name}=\n" in shown} == NEEDED.keys()


def test_the_readme_has_a_row_for_every_variable() -> None:
    readme = re.sub(r" +", " ", (ROOT / "README.md").read_text(encoding="utf-8"))

    assert [row for row in table() if row not in readme] == []
