"""Commands, presses and modals: what the app is told, what it may answer, and what becomes of its token."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from scripts.playground.discord import (
    Impossible,
    Interaction,
    InteractionFailed,
    May,
    Person,
    Rules,
    Simulator,
    Upload,
)
from tests.playground.world import COMMANDS, QUIET, App, Json, app_of, client

pytestmark = pytest.mark.anyio
ASK = {"ask": {"prompt": "why?"}}


@pytest.fixture(autouse=True)
async def registered(discord: Simulator, bot: httpx.AsyncClient) -> None:
    await bot.put(f"/applications/{discord.application_id}/commands", json=COMMANDS)


def webhook(discord: Simulator, interaction: Interaction, rest: str = "") -> str:
    return f"/webhooks/{discord.application_id}/{interaction.token}{rest}"


def callback(interaction: Interaction) -> str:
    return f"/interactions/{interaction.id}/{interaction.token}/callback"


def said(**data: Any) -> Json:
    return {"content": "x", "allowed_mentions": QUIET} | data


def refused(response: httpx.Response) -> tuple[int, int]:
    return response.status_code, response.json()["code"]


async def accepted(interaction: Json) -> Response:
    return Response(status_code=202)


# what the app is told


async def test_a_command_arrives_signed_with_its_options_and_who_asked_where(
    discord: Simulator, app: App, ada: Person, general: str
) -> None:
    sent = await ada.command(general, "opencord", ASK)
    await sent.response()

    (told,) = app.received
    assert told["data"]["options"] == [
        {"name": "ask", "type": 1, "options": [{"name": "prompt", "type": 3, "value": "why?"}]}
    ]
    assert (told["type"], told["id"], told["token"]) == (2, sent.id, sent.token)
    assert (told["member"]["user"]["id"], told["channel_id"], told["guild_id"]) == (ada.id, general, discord.guild)
    assert int(told["app_permissions"]) & (1 << 11)


@pytest.mark.parametrize(
    ("name", "options"),
    [("other", {}), ("opencord", {"ask": {}}), ("opencord", {"ask": {"what": "x"}}), ("opencord", {})],
)
async def test_a_person_cannot_send_what_nobody_registered(
    app: App, ada: Person, general: str, name: str, options: Json
) -> None:
    with pytest.raises(Impossible):
        await ada.command(general, name, options)


async def test_unchecked_a_command_that_nobody_registered_is_sent_all_the_same(
    app: App, ada: Person, general: str
) -> None:
    await (await ada.command(general, "other", {"what": 5}, checked=False)).response()

    assert app.received[0]["data"]["options"] == [{"name": "what", "type": 4, "value": 5}]


async def test_an_uploaded_option_is_resolved_to_an_attachment(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    command = {"name": "look", "description": "d", "options": [{"type": 11, "name": "file", "description": "d"}]}
    await bot.put(f"/applications/{discord.application_id}/commands", json=[command])

    await (await ada.command(general, "look", {"file": Upload("a.txt", b"text")})).response()

    data = app.received[0]["data"]
    attachment = data["resolved"]["attachments"][data["options"][0]["value"]]
    assert attachment["filename"] == "a.txt"
    assert (await bot.get(attachment["url"])).content == b"text"


async def test_without_an_endpoint_interactions_go_over_the_gateway_and_can_be_answered_there(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    sent = await ada.command(general, "opencord", ASK)

    answered = await bot.post(callback(sent), json={"type": 4, "data": said()})

    assert answered.status_code == 204
    assert (await sent.wait_message())["content"] == "x"


# answering


async def test_a_deferred_reply_is_loading_until_it_is_edited(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    sent = await ada.command(general, "opencord", ASK)
    await sent.response()
    (loading,) = ada.messages(general)

    edited = await bot.patch(webhook(discord, sent, "/messages/@original"), json=said(content="done"))

    assert (loading["flags"], loading["type"], loading["content"]) == (128, 20, "")
    assert loading["interaction_metadata"]["name"] == "opencord ask"
    assert (edited.json()["flags"], edited.json()["content"]) == (0, "done")
    assert (await sent.wait_message())["id"] == loading["id"]
    assert discord.violations == []


async def test_an_ephemeral_reply_is_seen_by_who_asked_and_nobody_else(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    bob = discord.add_person("Bob")
    app.says(4, **said(flags=64))

    reply = await (await ada.command(general, "opencord", ASK)).wait_message()

    assert [message["id"] for message in ada.messages(general)] == [reply["id"]]
    assert bob.messages(general) == []
    assert (await bot.get(f"/channels/{general}/messages")).json() == []
    assert refused(await bot.get(f"/channels/{general}/messages/{reply['id']}")) == (404, 10008)


async def test_a_thread_can_be_started_from_a_reply_but_not_from_an_ephemeral_one(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    app.says(4, **said())
    public = await (await ada.command(general, "opencord", ASK)).wait_message()
    app.says(4, **said(flags=64))
    private = await (await ada.command(general, "opencord", ASK)).wait_message()

    yes, no = [
        await bot.post(f"/channels/{general}/messages/{message['id']}/threads", json={"name": "t"})
        for message in (public, private)
    ]

    assert yes.json()["id"] == public["id"]
    assert refused(no) == (404, 10008)


async def test_before_the_inline_answer_has_arrived_the_webhook_is_unknown(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    early: list[httpx.Response] = []

    async def hasty(interaction: Json) -> Response:
        path = f"/webhooks/{discord.application_id}/{interaction['token']}/messages/@original"
        early.append(await bot.patch(path, json=said()))
        return JSONResponse({"type": 5})

    app.answer = hasty
    await (await ada.command(general, "opencord", ASK)).response()

    assert refused(early[0]) == (404, 10015)


async def test_the_callback_route_answers_after_a_202_and_a_second_answer_gets_40060(
    bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    app.answer = accepted
    sent = await ada.command(general, "opencord", ASK)

    first = await bot.post(callback(sent), params={"with_response": "true"}, json={"type": 4, "data": said()})
    second = await bot.post(callback(sent), json={"type": 4, "data": said()})

    assert first.json()["resource"]["message"]["content"] == "x"
    assert refused(second) == (400, 40060)


async def test_no_answer_in_time_fails_and_voids_the_token() -> None:
    async with Simulator(rules=Rules(response_seconds=0.1)) as discord, client(discord) as bot, app_of(discord) as app:
        ada, general = discord.add_person("Ada"), discord.channel("general").id
        app.answer = accepted
        sent = await ada.command(general, "opencord", ASK, checked=False)

        with pytest.raises(InteractionFailed, match="no answer in time"):
            await sent.response()
        late = await bot.post(callback(sent), json={"type": 5})
        webhooked = await bot.patch(webhook(discord, sent, "/messages/@original"), json=said())

    assert refused(late) == (404, 10062)
    assert refused(webhooked) == (404, 10015)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response(status_code=500), "answered 500"),
        (Response("no json"), "no JSON"),
        (JSONResponse({"type": 7, "data": {"content": "x"}}), "INTERACTION_RESPONSE_TYPE_INVALID"),
        (JSONResponse({"type": 4, "data": {"content": ""}}), "50006"),
        (JSONResponse({"type": 4, "data": {"content": "x" * 2001}}), "BASE_TYPE_MAX_LENGTH"),
        (JSONResponse({"type": 5, "data": {"flags": 4}}), "MESSAGE_FLAGS_INVALID"),
        (JSONResponse({"type": 9, "data": {"custom_id": "m", "title": "t" * 46, "components": []}}), "50035"),
    ],
)
async def test_an_answer_that_is_none_fails_for_the_person(
    discord: Simulator, app: App, ada: Person, general: str, answer: Response, why: str
) -> None:
    async def answers(interaction: Json) -> Response:
        return answer

    app.answer = answers
    sent = await ada.command(general, "opencord", ASK)

    with pytest.raises(InteractionFailed, match=why):
        await sent.response()
    assert discord.violations != []


async def test_a_token_dies_after_a_quarter_of_an_hour(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    sent = await ada.command(general, "opencord", ASK)
    await sent.response()
    discord.clock.advance(15 * 60 + 1)

    response = await bot.patch(webhook(discord, sent, "/messages/@original"), json=said())

    assert refused(response) == (401, 50027)


async def test_the_first_follow_up_after_a_defer_becomes_the_reply_the_second_is_new(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    sent = await ada.command(general, "opencord", ASK)
    await sent.response()

    first = (await bot.post(webhook(discord, sent), json=said(content="one", flags=64))).json()
    second = (await bot.post(webhook(discord, sent), json=said(content="two", flags=64))).json()

    original = (await bot.get(webhook(discord, sent, "/messages/@original"))).json()
    assert (first["id"], first["flags"], first["content"]) == (original["id"], 0, "one")
    assert (second["flags"], [m["content"] for m in ada.messages(general)]) == (64, ["one", "two"])


async def test_a_follow_up_to_what_only_one_person_sees_does_not_show_that_to_others(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    app.says(4, **said(content="for you", flags=64))
    sent = await ada.command(general, "opencord", ASK)
    await sent.response()

    told = (await bot.post(webhook(discord, sent), json=said(content="for all"))).json()

    assert (told["type"], told["referenced_message"]) == (19, None)


async def test_a_deleted_reply_is_gone_and_a_follow_up_still_works(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    sent = await ada.command(general, "opencord", ASK)
    await sent.response()
    original = webhook(discord, sent, "/messages/@original")

    deleted = await bot.delete(original)
    again = await bot.patch(original, json=said())
    told = await bot.post(webhook(discord, sent), json=said(flags=64))

    assert deleted.status_code == 204
    assert refused(again) == (404, 10008)
    assert told.json()["flags"] == 64


async def test_an_answer_without_allowed_mentions_is_held_against_the_app(
    discord: Simulator, app: App, ada: Person, general: str
) -> None:
    app.says(4, content="x")

    await (await ada.command(general, "opencord", ASK)).response()

    assert discord.violations == ["inline answer: no allowed_mentions"]


async def test_a_reply_to_a_command_wakes_an_archived_thread(
    discord: Simulator, app: App, ada: Person, general: str
) -> None:
    thread = (await ada.start_thread(general, "t"))["id"]
    await ada.change_thread(thread, archived=True)
    app.says(4, **said())

    await (await ada.command(thread, "opencord", ASK)).wait_message()

    assert thread in [channel["id"] for channel in ada.channels()]


# components, modals, autocomplete


def buttons(**more: Any) -> list[Json]:
    return [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Stop", "custom_id": "stop"} | more]}]


async def posted(bot: httpx.AsyncClient, channel: str, **data: Any) -> Json:
    response = await bot.post(f"/channels/{channel}/messages", json=said(**data))
    return dict(response.json())


async def test_a_press_tells_the_message_and_an_update_changes_it(
    bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    message = await posted(bot, general, components=buttons())
    app.says(7, **said(content="stopped", components=[]))

    await (await ada.press(message, "stop")).response()

    told = app.received[0]
    assert (told["type"], told["data"]["custom_id"], told["message"]["id"]) == (3, "stop", message["id"])
    (shown,) = ada.messages(general)
    assert (shown["content"], shown["components"]) == ("stopped", [])


async def test_a_deferred_update_shows_nothing_and_original_is_the_message_pressed(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    message = await posted(bot, general, components=buttons())
    app.says(6)
    sent = await ada.press(message, "stop")
    await sent.response()
    before = ada.messages(general)

    edited = await bot.patch(webhook(discord, sent, "/messages/@original"), json=said(content="stopped"))

    assert before[0]["flags"] == 0
    assert edited.json()["id"] == message["id"]


@pytest.mark.parametrize(("components", "custom_id"), [(buttons(disabled=True), "stop"), (buttons(), "other")])
async def test_what_is_disabled_or_absent_cannot_be_pressed(
    bot: httpx.AsyncClient, app: App, ada: Person, general: str, components: list[Json], custom_id: str
) -> None:
    message = await posted(bot, general, components=components)

    with pytest.raises(Impossible):
        await ada.press(message, custom_id)


async def test_a_modal_is_opened_filled_in_and_submitted(
    bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    message = await posted(bot, general, components=buttons())
    field = {"type": 4, "custom_id": "text", "style": 2}
    label = {"type": 18, "label": "Your answer", "component": field}
    app.says(9, custom_id="m", title="Answer", components=[label])
    opened = await ada.press(message, "stop")
    await opened.response()
    app.says(4, **said(content="thanks", flags=64))

    await (await ada.submit(opened, {"text": "42"})).response()

    told = app.received[1]
    assert (told["type"], told["data"]["custom_id"]) == (5, "m")
    assert told["data"]["components"] == [{"type": 18, "component": {"type": 4, "custom_id": "text", "value": "42"}}]
    assert ada.messages(general)[-1]["content"] == "thanks"


async def test_autocomplete_asks_with_what_is_typed_and_shows_the_choices(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    option = {"type": 3, "name": "model", "description": "d", "autocomplete": True}
    command = {"name": "pick", "description": "d", "options": [option]}
    await bot.put(f"/applications/{discord.application_id}/commands", json=[command])
    app.says(8, choices=[{"name": "One", "value": "1"}])

    choices = await ada.autocomplete(general, "pick", {"model": "o"})

    assert choices == [{"name": "One", "value": "1"}]
    assert app.received[0]["data"]["options"] == [{"name": "model", "type": 3, "value": "o", "focused": True}]


# the endpoint, and mishaps


async def test_an_endpoint_is_taken_only_if_it_refuses_a_bad_signature(
    discord: Simulator, bot: httpx.AsyncClient, app: App
) -> None:
    discord.interactions_url = None
    app.lax = True
    lax = await bot.patch("/applications/@me", json={"interactions_endpoint_url": app.url})
    app.lax = False
    strict = await bot.patch("/applications/@me", json={"interactions_endpoint_url": app.url})

    assert refused(lax) == (400, 50035)
    assert "interactions_endpoint_url" in lax.json()["errors"]
    assert strict.json()["interactions_endpoint_url"] == discord.interactions_url == app.url


async def test_an_app_that_is_not_there_fails_at_once(discord: Simulator, ada: Person, general: str) -> None:
    discord.interactions_url = "http://127.0.0.1:9/nobody"

    sent = await ada.command(general, "opencord", ASK)

    with pytest.raises(InteractionFailed, match="could not be reached"):
        await sent.response()


async def test_a_duplicated_interaction_arrives_twice_and_shows_one_reply(
    discord: Simulator, app: App, ada: Person, general: str
) -> None:
    discord.faults.duplicate_interactions = 1

    await (await ada.command(general, "opencord", ASK)).response()
    await discord.wait_for(lambda: len(app.received) == 2)

    assert app.received[0] == app.received[1]
    assert len(ada.messages(general)) == 1


# the page


async def test_the_page_plays_a_person_over_http_and_hears_what_happens(
    discord: Simulator, app: App, ada: Person, general: str
) -> None:
    heard: list[Json] = []
    app.says(4, **said(content="answer", flags=64))
    tree = [{"name": "ask", "type": 1, "options": [{"name": "prompt", "type": 3, "value": "why?"}]}]
    body = {"channel_id": general, "name": "opencord", "options": tree}
    async with (
        httpx.AsyncClient(base_url=discord.url, trust_env=False) as page,
        page.stream("GET", "/play/events", params={"user": ada.id}) as stream,
    ):
        state = (await page.get("/play/state", params={"user": ada.id})).json()
        await page.post(f"/play/users/{ada.id}/messages", json={"channel_id": general, "content": "hello"})
        sent = await page.post(f"/play/users/{ada.id}/commands", json=body)
        async with asyncio.timeout(5):
            async for line in stream.aiter_lines():
                heard += [json.loads(line.removeprefix("data: "))] if line.startswith("data: ") else []
                if len(heard) == 2:
                    break
        messages = (await page.get(f"/play/channels/{general}/messages", params={"user": ada.id})).json()

    assert state["commands"][0]["name"] == "opencord"
    assert sent.status_code == 202
    assert [(event["t"], event["d"]["content"]) for event in heard] == [
        ("MESSAGE_CREATE", "hello"),
        ("MESSAGE_CREATE", "answer"),
    ]
    assert [message["content"] for message in messages] == ["hello", "answer"]


async def test_what_the_page_may_not_do_is_a_4xx_with_a_message(discord: Simulator, ada: Person, general: str) -> None:
    async with httpx.AsyncClient(base_url=discord.url, trust_env=False) as page:
        empty = await page.post(f"/play/users/{ada.id}/messages", json={"channel_id": general, "content": ""})
        unknown = await page.post(f"/play/users/{ada.id}/commands", json={"channel_id": general, "name": "no"})
        nobody = await page.post("/play/users/1/messages", json={"channel_id": general, "content": "hello"})
        outside = await page.get("/page/..%2f__init__.py")

    assert [each.status_code for each in (empty, unknown, nobody, outside)] == [400, 400, 400, 404]
    assert empty.json()["message"] == "Cannot send an empty message"


@pytest.mark.parametrize("query", [{}, {"user": "1"}])
async def test_a_page_that_is_nobody_is_the_first_person(
    discord: Simulator, ada: Person, general: str, query: dict[str, str]
) -> None:
    discord.add_person("Ben")
    await ada.write(general, "hello")

    async with httpx.AsyncClient(base_url=discord.url, trust_env=False, params=query) as page:
        state = await page.get("/play/state")
        messages = await page.get(f"/play/channels/{general}/messages")
        async with page.stream("GET", "/play/events") as stream:
            heard = stream.status_code

    assert state.json()["me"]["id"] == ada.id
    assert [message["content"] for message in messages.json()] == ["hello"]
    assert heard == 200


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
async def test_another_site_cannot_play_a_person(
    discord: Simulator, ada: Person, general: str, headers: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=discord.url, trust_env=False, headers=headers) as page:
        body = {"channel_id": general, "content": "run this"}
        response = await page.post(f"/play/users/{ada.id}/messages", json=body)

    assert response.status_code == 403
    assert ada.messages(general) == []


async def test_a_file_that_is_no_picture_is_not_shown_as_a_page(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    sent = await ada.write(general, "", files=[Upload("x.html", b"<script>"), Upload("x.png", b"png")])

    answers = [await bot.get(attachment["url"]) for attachment in sent["attachments"]]

    assert [answer.headers["content-disposition"] for answer in answers] == ["attachment", "inline"]


async def test_the_page_changes_threads_replies_quietly_and_lets_the_app_in_and_out(
    discord: Simulator, ada: Person, general: str
) -> None:
    mod = discord.add_person("Mod", permissions=May.MANAGE_THREADS)
    asked = await ada.write(general, "well?")
    thread = (await ada.start_thread(general, "talk"))["id"]
    quiet = {"channel_id": general, "content": "no", "reply_to": asked["id"], "ping": False}
    one = f"/play/users/{mod.id}"
    async with httpx.AsyncClient(base_url=discord.url, trust_env=False) as page:
        replied = (await page.post(f"{one}/messages", json=quiet)).json()
        await page.patch(f"{one}/threads/{thread}", json={"archived": True})
        archived = discord.world.channels[thread].thread
        refused = await page.delete(f"/play/users/{ada.id}/threads/{thread}")
        await page.delete(f"{one}/threads/{thread}")
        await page.post(f"{one}/owner/remove_bot")
        inside = [discord.world.bot_in_guild]
        await page.post(f"{one}/owner/authorize")
        inside.append(discord.world.bot_in_guild)
        unknown = await page.post(f"{one}/owner/__init__")

    assert (replied["type"], replied["mentions"]) == (19, [])
    assert archived
    assert archived.archived
    assert thread not in discord.world.channels
    assert inside == [False, True]
    assert (refused.status_code, unknown.status_code) == (403, 400)
