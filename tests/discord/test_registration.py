"""Only what a person would notice counts as a change to a command; and what the script says and does about it."""

import json
from typing import Any

import httpx
import pytest
import respx
from anyio import to_thread

from app.commands import REGISTRATION
from app.discord.registration import Changes, compare, for_guild
from scripts.playground.discord import Rules, Simulator
from scripts.register_commands import main

PROMPT = {"type": 3, "name": "prompt", "description": "What to do", "required": True, "max_length": 6000}
ASK = {"type": 1, "name": "ask", "description": "Ask", "options": [PROMPT]}
STATUS = {"type": 1, "name": "status", "description": "Status"}
OURS: dict[str, Any] = {
    "name": "opencord",
    "description": "Work with OpenCode",
    "contexts": [0],
    "integration_types": [0],
    "options": [ASK, STATUS],
}
# As Discord returns it: with its own fields and its defaults.
THEIRS: dict[str, Any] = {
    "id": "1200000000000000009",
    "application_id": "1200000000000000000",
    "version": "1200000000000000010",
    "type": 1,
    "name": "opencord",
    "name_localizations": None,
    "description": "Work with OpenCode",
    "description_localizations": None,
    "default_permission": True,
    "default_member_permissions": None,
    "dm_permission": False,
    "nsfw": False,
    "contexts": [0],
    "integration_types": [0],
    "options": [
        {**ASK, "required": False, "options": [{**PROMPT, "autocomplete": False, "choices": []}]},
        {**STATUS, "name_localizations": None},
    ],
}


def test_what_discord_adds_is_no_change() -> None:
    assert compare([OURS], [THEIRS]) == Changes(unchanged=("opencord",))


def returned(node: dict[str, Any]) -> dict[str, Any]:
    """With all that Discord's description of its API allows it to add."""
    added: dict[str, Any] = {"name_localizations": None, "name_localized": node["name"]}
    if "value" not in node:
        added |= {"description": "", "description_localizations": None, "description_localized": ""}
    for below in ("options", "choices"):
        if below in node:
            added[below] = [returned(one) for one in node[below]]
    if node.get("type", 0) > 2 and "options" not in node:
        added |= {"required": node.get("required", False)}
    return {**node, **added, **({"description": node["description"]} if "description" in node else {})}


OF_COMMANDS = {
    "id": "1200000000000000009",
    "application_id": "1200000000000000000",
    "version": "1200000000000000010",
    "default_member_permissions": None,
    "dm_permission": False,
    "nsfw": False,
}


@pytest.mark.parametrize("is_for_one", [True, False], ids=["for one guild", "for all"])
def test_nothing_is_to_be_changed_in_what_discord_hands_back(is_for_one: bool) -> None:
    ours = for_guild(REGISTRATION) if is_for_one else REGISTRATION
    configured = {"guild_id": "42", "contexts": None, "integration_types": [0]} if is_for_one else {}
    theirs = [{**returned(command), **OF_COMMANDS, **configured} for command in REGISTRATION]

    changes = compare(ours, theirs)

    assert changes == Changes(unchanged=tuple(sorted(command["name"] for command in REGISTRATION)))


def test_unsaid_contexts_are_the_applications_own() -> None:
    ours = {key: value for key, value in OURS.items() if key not in ("contexts", "integration_types")}
    assert not compare([ours], [THEIRS | {"contexts": [0, 1, 2], "integration_types": [0, 1]}]).needed


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Another"},
        {"options": [STATUS, ASK]},
        {"options": [ASK]},
        {"options": [{**ASK, "options": [{**PROMPT, "required": False}]}, STATUS]},
        {"options": [{**ASK, "options": [{**PROMPT, "min_length": 0}]}, STATUS]},
        {"options": [{**ASK, "options": [{**PROMPT, "max_length": 100}]}, STATUS]},
        {"contexts": [0, 1]},
        {"nsfw": True},
        {"default_member_permissions": "0"},
        {"name_localizations": {"de": "opencord"}},
    ],
)
def test_what_a_person_would_notice_is_a_change(change: dict[str, Any]) -> None:
    assert compare([OURS | change], [THEIRS]) == Changes(changed=("opencord",))


def test_the_order_of_contexts_and_of_commands_is_no_change() -> None:
    other_ours, other_theirs = OURS | {"name": "other"}, THEIRS | {"name": "other"}
    theirs = [other_theirs | {"contexts": [1, 0]}, THEIRS]
    assert not compare([OURS, other_ours | {"contexts": [0, 1]}], theirs).needed


def test_commands_come_and_go_by_name_and_type() -> None:
    menu = {"type": 3, "name": "opencord"}
    assert compare([OURS], [menu]) == Changes(added=("opencord",), removed=("opencord",))


def test_a_guilds_command_leaves_out_what_only_global_ones_may_say() -> None:
    assert for_guild([OURS]) == [{"name": OURS["name"], "description": OURS["description"], "options": OURS["options"]}]


# --- the script --------------------------------------------------------------------------------------------------

API = "https://discord.test/api/v10"
ENVIRON = {"DISCORD_TOKEN": "s3cret", "DISCORD_API_BASE_URL": API, "DISCORD_APPLICATION_ID": "7"}


@respx.mock
def test_the_script_registers_once(capsys: pytest.CaptureFixture[str]) -> None:
    registered: list[Any] = []

    def put(request: httpx.Request) -> httpx.Response:
        registered[:] = json.loads(request.content)
        return httpx.Response(200, json=registered)

    respx.get(f"{API}/applications/7/commands").mock(side_effect=lambda _: httpx.Response(200, json=registered))
    update = respx.put(f"{API}/applications/7/commands").mock(side_effect=put)
    codes = [main([], ENVIRON), main([], ENVIRON)]
    assert codes == [0, 0]
    assert update.call_count == 1
    assert registered == REGISTRATION
    first, second = capsys.readouterr().out.split("Commands globally: ")[1:]
    assert first.startswith("updated.\n  added: ")
    assert second.startswith("nothing to do.\n  unchanged: ")
    assert "/opencord" in first
    assert "/opencord" in second


@pytest.mark.parametrize("arguments", [["--guild", "42"], []])
@respx.mock
def test_the_script_registers_for_one_guild(arguments: list[str]) -> None:
    respx.get(f"{API}/applications/@me").mock(return_value=httpx.Response(200, json={"id": "7"}))
    respx.get(f"{API}/applications/7/guilds/42/commands").mock(return_value=httpx.Response(200, json=[]))
    update = respx.put(f"{API}/applications/7/guilds/42/commands").mock(return_value=httpx.Response(200, json=[]))
    environ = {"DISCORD_TOKEN": "s3cret", "DISCORD_API_BASE_URL": API, "DISCORD_COMMAND_GUILD_ID": "42"}
    if arguments:
        del environ["DISCORD_COMMAND_GUILD_ID"]
    assert main(arguments, environ) == 0
    assert "contexts" not in json.loads(update.calls.last.request.content)[0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(403, json={"code": 50001, "message": "Missing Access"}), "applications.commands"),
        (httpx.Response(400, json={"code": 50035, "message": "Invalid Form Body"}), "50035: Invalid Form Body"),
        (httpx.Response(429, json={"retry_after": 500.0}), "could not be reached"),
    ],
)
@respx.mock
def test_an_error_is_one_plain_line(answer: httpx.Response, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    respx.get(f"{API}/applications/7/commands").mock(return_value=answer)
    assert main([], ENVIRON) == 1
    complaint = capsys.readouterr().err
    assert words in complaint
    assert complaint.count("\n") == 1
    assert "s3cret" not in complaint


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(401, json={"code": 0, "message": "401: Unauthorized"}), "does not accept DISCORD_TOKEN"),
        (httpx.Response(404, json={"code": 10002, "message": "Unknown Application"}), "knows no application"),
        (httpx.Response(403, json={"code": 20012, "message": "Not authorized"}), "of another application"),
    ],
)
@respx.mock
def test_what_discord_does_not_know_us_by_is_for_the_operator_to_mend(
    answer: httpx.Response, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    respx.get(f"{API}/applications/7/commands").mock(return_value=answer)

    code = main([], ENVIRON)

    complaint = capsys.readouterr().err
    assert (code, complaint.count("\n")) == (2, 1)
    assert words in complaint
    assert "s3cret" not in complaint


@respx.mock
def test_an_application_that_discord_does_not_name_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    respx.get(f"{API}/applications/@me").mock(return_value=httpx.Response(200, json={}))

    code = main([], {**ENVIRON, "DISCORD_APPLICATION_ID": ""})

    assert code == 2
    assert "Set DISCORD_APPLICATION_ID." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        ([], {}),
        ([], {"DISCORD_TOKEN": ""}),
        (["--guild", "here"], ENVIRON),
        ([], {"DISCORD_TOKEN": "s3crét"}),
        ([], {**ENVIRON, "DISCORD_APPLICATION_ID": "mine"}),
    ],
)
def test_what_is_missing_is_said(
    arguments: list[str], environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, environ) == 2
    assert "s3c" not in capsys.readouterr().err


@pytest.mark.anyio
@pytest.mark.parametrize("is_for_one", [True, False], ids=["for one guild", "for all"])
async def test_whoever_runs_the_script_twice_writes_once(is_for_one: bool) -> None:
    async with Simulator(rules=Rules(rates=None)) as discord:
        environ = {"DISCORD_TOKEN": discord.token, "DISCORD_API_BASE_URL": discord.api_url}
        arguments = ["--guild", discord.guild] if is_for_one else []

        codes = [await to_thread.run_sync(main, arguments, environ) for _ in range(2)]

        written = [path for method, path, _ in discord.requests if method == "PUT"]
        violations = discord.violations
    assert codes == [0, 0]
    assert len(written) == 1
    assert ("/guilds/" in written[0]) is is_for_one
    assert violations == []
