"""The simulator's bodies against Discord's own description of its API, where a copy of that is at hand."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from scripts.playground.discord import Person, Simulator, Upload
from tests.playground.world import COMMANDS, QUIET, App, Json

Place = tuple[str, ...]
SELECT = {"type": 3, "custom_id": "s", "placeholder": "Which?", "options": [{"label": "Red", "value": "0"}]}
REASON = {"type": 18, "label": "Reason", "component": {"type": 4, "custom_id": "r", "style": 2, "required": False}}
REFUSAL = ("components", "responses", "ClientErrorResponse", "content", "application/json", "schema")
NAMED = os.environ.get("DISCORD_OPENAPI", "")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not NAMED, reason="DISCORD_OPENAPI names no copy of Discord's OpenAPI description"),
]


@cache
def description() -> Json:
    return dict(json.loads(Path(NAMED).read_bytes()))


@cache
def validator(place: Place) -> Any:
    """Of the schema at a place in the description, which its references reach into."""
    schema: Any = description()
    for key in place:
        schema = schema[key]
    return jsonschema_rs.Draft202012Validator({"components": description()["components"], **schema})


def template(path: str) -> str:
    """Discord's name for the path of a request; fixed parts count more than parameters."""
    matching = [known for known in description()["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path)]
    return str(min(matching, key=lambda known: known.count("{")))


def place(method: str, path: str, *more: str) -> Place:
    return ("paths", template(path), method.lower(), *more, "content", "application/json", "schema")


def complaints(place: Place, body: Any) -> Iterator[str]:
    for error in validator(place).iter_errors(body):
        yield f"{place[1:4]}: {list(error.instance_path)} {error.message[:300]}"


def integers(body: Any) -> Any:
    """Discord's description has integers where its documentation and its API have strings."""
    if isinstance(body, dict) and isinstance(body.get("default_member_permissions"), str):
        return body | {"default_member_permissions": int(body["default_member_permissions"])}
    return [integers(item) for item in body] if isinstance(body, list) else body


class Judge(httpx.AsyncBaseTransport):
    """Passes requests on and holds both bodies to the description."""

    def __init__(self) -> None:
        self.transport = httpx.AsyncHTTPTransport()
        self.found: list[str] = []
        self.judged: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.transport.handle_async_request(request)
        raw = await response.aread()
        path = request.url.path.removeprefix("/api/v10")
        self.judged.append(f"{request.method} {template(path)}")
        if request.headers.get("content-type") == "application/json":
            where = place(request.method, path, "requestBody")
            self.found += complaints(where, integers(json.loads(request.content)))
        if raw and response.is_client_error:
            # The tree of complaints is left out: it is described with numbers where Discord sends words.
            refusal = {key: value for key, value in json.loads(raw).items() if key != "errors"}
            self.found += complaints(REFUSAL, refusal)
        elif raw:
            where = place(request.method, path, "responses", str(response.status_code))
            self.found += complaints(where, integers(json.loads(raw)))
        return httpx.Response(response.status_code, headers=response.headers, content=raw)

    async def aclose(self) -> None:
        await self.transport.aclose()


async def test_every_body_on_a_tour_of_the_api_is_as_described(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    judge = Judge()
    app_id, quiet = discord.application_id, {"allowed_mentions": QUIET}
    async with httpx.AsyncClient(base_url=bot.base_url, headers=bot.headers, transport=judge) as judged:
        await judged.put(f"/applications/{app_id}/commands", json=COMMANDS)
        await judged.put(f"/applications/{app_id}/guilds/{discord.guild}/commands", json=COMMANDS)
        await judged.patch("/applications/@me", json={"event_webhooks_status": 1, "event_webhooks_types": []})
        for path in ("/applications/@me", "/users/@me", "/users/@me/guilds", "/gateway/bot"):
            await judged.get(path)
        await judged.get(f"/guilds/{discord.guild}/channels")
        for path in ("", "/roles", f"/members/{ada.id}"):
            await judged.get(f"/guilds/{discord.guild}{path}")
        asked = await ada.write(general, f"<@{app_id}> hello", files=[Upload("a.txt", b"x")])
        buttons = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Stop", "custom_id": "stop"}]}]
        embed = {"title": "t", "fields": [{"name": "n", "value": "v"}]}
        sent = await judged.post(
            f"/channels/{general}/messages",
            json={"content": "x", "nonce": "n", "enforce_nonce": True, "embeds": [embed], "components": buttons}
            | quiet,
        )
        message = f"/channels/{general}/messages/{sent.json()['id']}"
        chosen = {"content": "?", "flags": 4096, "components": [{"type": 1, "components": [SELECT]}]}
        asked_again = (await judged.post(f"/channels/{general}/messages", json=chosen | quiet)).json()
        await judged.patch(message, json={"content": "y"} | quiet)
        await judged.put(f"{message}/reactions/%F0%9F%91%8D/@me")
        reply = {"message_id": asked["id"]}
        await judged.post(f"/channels/{general}/messages", json={"content": "re", "message_reference": reply} | quiet)
        started = await judged.post(f"/channels/{general}/messages/{asked['id']}/threads", json={"name": "t"})
        thread = started.json()["id"]
        await judged.post(f"/channels/{general}/threads", json={"name": "u", "type": 11})
        await judged.get(f"/channels/{general}/messages")
        await judged.get(f"/channels/{thread}/messages")
        await judged.post(f"/channels/{thread}/typing")
        await judged.get(f"/guilds/{discord.guild}/threads/active")
        await judged.patch(f"/channels/{thread}", json={"archived": True})
        await judged.get(f"/channels/{general}/threads/archived/public")
        await judged.get(f"/channels/{general}")
        command = await ada.command(general, "opencord", {"ask": {"prompt": "?"}})
        await command.response()
        webhook = f"/webhooks/{app_id}/{command.token}"
        await judged.patch(f"{webhook}/messages/@original", json={"content": "done"} | quiet)
        await judged.get(f"{webhook}/messages/@original")
        await judged.post(webhook, json={"content": "more", "flags": 64} | quiet)
        await judged.delete(message)
        too_long = await judged.post(f"/channels/{general}/messages", json={"content": "x" * 2001} | quiet)
        discord.interactions_url = None
        status = await ada.command(general, "opencord", {"status": {}})
        callback = f"/interactions/{status.id}/{status.token}/callback?with_response=true"
        await judged.post(callback, json={"type": 4, "data": {"content": "fine", "flags": 64} | quiet})
        await judged.patch(f"/channels/{general}/messages/{asked_again['id']}", json={"content": "?"} | quiet)
        pressed = await ada.press(asked_again, "Which?", ["Red"])
        modal = {"type": 9, "data": {"custom_id": "m", "title": "Deny", "components": [REASON]}}
        await judged.post(f"/interactions/{pressed.id}/{pressed.token}/callback", json=modal)

    assert judge.found == []
    assert too_long.status_code == 400
    assert len(set(judge.judged)) >= 25


async def test_what_the_description_forbids_is_found(discord: Simulator) -> None:
    where = place("POST", "/channels/1/messages", "requestBody")

    assert list(complaints(where, {"content": 5})) != []
