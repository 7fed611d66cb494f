"""What people do with what the bot shows them, as Discord's client lets them: press, choose, fill in; and what they
are notified of."""

from typing import Any

import httpx
import pytest

from scripts.playground.discord import Flag, Impossible, May, Person, Simulator, Upload
from tests.playground.world import QUIET, App, Json

pytestmark = pytest.mark.anyio

OPTIONS = [{"label": "Red", "value": "0"}, {"label": "Green", "value": "1"}, {"label": "Blue", "value": "2"}]


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def select(**more: Any) -> Json:
    return {"type": 3, "custom_id": "choose:1", "placeholder": "Colours", "options": OPTIONS} | more


BUTTON = {"type": 2, "style": 4, "label": "Stop", "custom_id": "stop:1"}
REASON = {"type": 4, "custom_id": "reason", "style": 2, "required": False, "max_length": 10}
ANSWER = {"type": 4, "custom_id": "answer", "style": 1, "min_length": 2}
MODAL = {
    "custom_id": "deny:1",
    "title": "Deny",
    "components": [
        {"type": 18, "label": "Why not?", "component": REASON},
        {"type": 18, "label": "What instead?", "component": ANSWER},
    ],
}


async def send(bot: httpx.AsyncClient, channel: str, **body: Any) -> Json:
    sent = await bot.post(f"/channels/{channel}/messages", json={"content": "x", "allowed_mentions": QUIET} | body)
    assert sent.status_code == 200, sent.text
    return dict(sent.json())


# pressing and choosing


@pytest.mark.parametrize("name", ["Stop", "stop:1"])
async def test_a_button_is_pressed_by_its_label_or_its_custom_id(
    bot: httpx.AsyncClient, app: App, ada: Person, general: str, name: str
) -> None:
    app.says(6)
    message = await send(bot, general, components=[row(BUTTON)])

    await (await ada.press(message, name)).response()

    assert app.received[0]["data"]["custom_id"] == "stop:1"


async def test_what_is_chosen_by_label_arrives_as_values(
    bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    app.says(6)
    message = await send(bot, general, components=[row(select(max_values=2))])

    await (await ada.press(message, "Colours", ["Red", "2"])).response()

    assert app.received[0]["data"]["values"] == ["0", "2"]


@pytest.mark.parametrize("picked", [[], ["Red", "Green", "Blue"], ["Pink"]])
async def test_a_select_takes_neither_too_few_nor_too_many_nor_what_it_does_not_offer(
    bot: httpx.AsyncClient, app: App, ada: Person, general: str, picked: list[str]
) -> None:
    message = await send(bot, general, components=[row(select(max_values=2))])

    with pytest.raises(Impossible):
        await ada.press(message, "Colours", picked)

    assert app.received == []


@pytest.mark.parametrize(
    "component",
    [
        BUTTON | {"label": "  "},
        select(max_values=4),
        select(options=[option | {"default": True} for option in OPTIONS]),
        select(placeholder="x" * 151),
        select(options=[{"label": "x" * 101, "value": "0"}]),
        select(options=[{"label": "x", "value": "0", "description": "x" * 101}]),
    ],
)
async def test_what_no_client_could_show_is_refused(bot: httpx.AsyncClient, general: str, component: Json) -> None:
    body = {"content": "x", "allowed_mentions": QUIET, "components": [row(component)]}

    response = await bot.post(f"/channels/{general}/messages", json=body)

    assert (response.status_code, response.json()["code"]) == (400, 50035)


# modals


async def opened(bot: httpx.AsyncClient, app: App, channel: str) -> Json:
    app.says(9, **MODAL)
    return await send(bot, channel, components=[row(BUTTON)])


async def test_a_modal_is_filled_in_by_custom_id_or_by_label(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    message = await opened(bot, app, general)

    await ada.fill_in(message, "Stop", {"What instead?": "this", "reason": "no"})
    await discord.wait_for(lambda: len(app.received) == 2)

    fields = [label["component"] for label in app.received[-1]["data"]["components"]]
    assert {field["custom_id"]: field["value"] for field in fields} == {"reason": "no", "answer": "this"}
    assert app.received[-1]["message"]["id"] == message["id"]


@pytest.mark.parametrize(
    "values", [{}, {"answer": "x"}, {"answer": "this", "reason": "x" * 11}, {"answer": "this", "other": "x"}]
)
async def test_a_modal_is_not_sent_before_it_is_filled_in_as_it_asks(
    bot: httpx.AsyncClient, app: App, ada: Person, general: str, values: Json
) -> None:
    message = await opened(bot, app, general)

    with pytest.raises(Impossible):
        await ada.fill_in(message, "Stop", values)

    assert len(app.received) == 1


@pytest.mark.parametrize(
    "field",
    [
        {"type": 1, "components": [REASON]},
        {"type": 18, "label": "x", "component": REASON | {"min_length": 11}},
        {"type": 18, "label": "x" * 46, "component": REASON},
        {"type": 18, "label": "x", "component": REASON | {"max_length": 4001}},
    ],
)
async def test_a_modal_that_discord_would_refuse_is_refused(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str, field: Json
) -> None:
    message = await opened(bot, app, general)
    app.says(9, **MODAL | {"components": [field]})

    pressed = await ada.press(message, "Stop")
    await discord.wait_for(lambda: pressed.state == "failed")

    assert "50035" in pressed.why


# notifications


def mentioning(*ids: str, **more: Any) -> Json:
    return {"content": " ".join(f"<@{id}>" for id in ids), "allowed_mentions": {"users": list(ids)}} | more


async def test_who_is_mentioned_and_allowed_to_be_is_notified(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    ben = discord.add_person("Ben")

    loud = await send(bot, general, **mentioning(ada.id))
    await send(bot, general, content=f"<@{ada.id}> <@{ben.id}>")

    assert [message["id"] for message in ada.notifications()] == [loud["id"]]
    assert ben.notifications(general) == []


async def test_a_silent_message_notifies_nobody_and_says_that_it_is_silent(
    bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    sent = await send(bot, general, **mentioning(ada.id, flags=int(Flag.SUPPRESS_NOTIFICATIONS)))

    assert [user["id"] for user in sent["mentions"]] == [ada.id]
    assert ada.messages(general)[-1]["flags"] == Flag.SUPPRESS_NOTIFICATIONS
    assert ada.notifications() == []


async def test_an_edit_that_mentions_notifies_nobody(bot: httpx.AsyncClient, ada: Person, general: str) -> None:
    sent = await send(bot, general)

    edited = await bot.patch(f"/channels/{general}/messages/{sent['id']}", json=mentioning(ada.id))

    assert [user["id"] for user in edited.json()["mentions"]] == [ada.id]
    assert ada.notifications() == []


async def test_a_reply_notifies_whom_it_answers_only_where_that_is_allowed(
    bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    asked = await ada.write(general, "?")
    reply = {"message_reference": {"message_id": asked["id"]}}

    await send(bot, general, **reply)
    loud = await send(bot, general, **reply, allowed_mentions={"parse": [], "replied_user": True})

    assert [message["id"] for message in ada.notifications()] == [loud["id"]]


async def test_nobody_is_notified_of_what_they_said_themselves_or_cannot_see(
    discord: Simulator, ada: Person, general: str
) -> None:
    loud = discord.add_person("Ben", permissions=int(May.MENTION_EVERYONE))

    await loud.write(general, f"@everyone and <@{loud.id}>", files=[Upload("a.txt", b"x")])

    assert len(ada.notifications()) == 1
    assert loud.notifications() == []


async def test_the_transcript_says_who_is_notified_and_what_can_be_chosen(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    await send(bot, general, **mentioning(ada.id), components=[row(select()), row(BUTTON)])

    shown = discord.transcript(general)

    assert "(notifies Ada)" in shown
    assert "[Colours: Red | Green | Blue] [Stop]" in shown
