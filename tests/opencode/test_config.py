import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.opencode.config import Options, configuration, environment, merged, model_of, split_model

keys = st.sampled_from("abc")
objects = st.recursive(st.integers(0, 3), lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=8)
configurations = st.dictionaries(keys, objects, max_size=3)


@pytest.mark.parametrize(
    ("model", "halves"),
    [
        ("opencode/claude-sonnet-4-5", ("opencode", "claude-sonnet-4-5")),
        ("router/vendor/model", ("router", "vendor/model")),
        ("nothing", ("nothing", "")),
    ],
)
def test_a_model_is_split_at_its_first_slash(model: str, halves: tuple[str, str]) -> None:
    assert split_model(model) == halves


def test_the_zen_key_and_address_are_given_to_their_provider_alone() -> None:
    config = configuration(Options("opencode/big", zen_key="key", zen_url="http://proxy/zen"))

    zen = config["provider"]["opencode"]["options"]
    assert (zen["apiKey"], zen["baseURL"]) == ("key", "http://proxy/zen")
    assert config["enabled_providers"] == ["opencode"]
    assert json.dumps(config).count('"key"') == 1


def test_without_a_key_zen_is_not_mentioned() -> None:
    config = configuration(Options("own/model", extra={"provider": {"own": {"npm": "x"}}}))

    assert list(config["provider"]) == ["own"]
    assert config["enabled_providers"] == ["own"]


def test_nothing_is_shared_or_updated_and_everything_allowed() -> None:
    config = configuration(Options("own/model"))

    assert (config["share"], config["autoupdate"]) == ("disabled", False)
    assert config["permission"] == {"*": "allow"}
    assert config["agent"]["title"] == {"disable": True}


def test_errands_go_to_the_same_model() -> None:
    assert configuration(Options("own/model"))["small_model"] == "own/model"


def test_the_operator_wins_key_by_key() -> None:
    extra = {"share": "manual", "permission": {"bash": "ask"}, "model": "own/other", "mcp": {"x": {}}}

    config = configuration(Options("own/model", extra=extra))

    assert (config["share"], config["autoupdate"], config["mcp"]) == ("manual", False, {"x": {}})
    assert list(config["permission"].items()) == [("*", "allow"), ("bash", "ask")]
    assert model_of(Options("own/model", extra=extra)) == config["model"] == config["small_model"] == "own/other"


def test_the_environment_pins_the_server_down_and_names_the_password_once() -> None:
    env = environment(Options("own/model", github_token="ghp"), "hunter2")

    assert env["OPENCODE_SERVER_PASSWORD"] == "hunter2"
    assert env["OPENCODE_DISABLE_PROJECT_CONFIG"] == env["OPENCODE_DISABLE_MODELS_FETCH"] == "1"
    assert json.loads(env["OPENCODE_CONFIG_CONTENT"])["model"] == "own/model"
    assert env["GITHUB_TOKEN"] == "ghp"
    assert sum("hunter2" in value for value in env.values()) == 1


def test_options_do_not_show_their_secrets() -> None:
    options = Options("own/model", "zen-key", extra={"k": "own-key"}, repository="https://u:pw@h/r", github_token="ghp")

    assert not any(secret in repr(options) for secret in ("zen-key", "own-key", "pw", "ghp"))


@given(configurations, configurations)
def test_merging_lets_every_upper_leaf_win(below: dict[str, Any], above: dict[str, Any]) -> None:
    result = merged(below, above)

    assert merged(result, above) == result
    assert merged(below, {}) == below
    assert set(result) == set(below) | set(above)
    assert list(result)[: len(below)] == list(below)


@given(configurations, configurations)
def test_merging_keeps_every_upper_leaf(below: dict[str, Any], above: dict[str, Any]) -> None:
    assert leaves(above) <= leaves(merged(below, above))


def leaves(value: Any, path: tuple[str, ...] = ()) -> set[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, dict):
        return {(path, value)}
    return {leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))}
