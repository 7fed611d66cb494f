"""What Discord's REST API does and what it refuses, as the simulator has it."""

import json
import re
from typing import Any

import httpx
import pytest

from scripts.playground.discord import USUAL, Application, ChannelType, May, Overwrite, Person, Rate, Rules, Simulator
from scripts.playground.discord.errors import Refusal
from scripts.playground.discord.records import Tag
from tests.playground.world import QUIET, Json, client

pytestmark = pytest.mark.anyio


async def send(bot: httpx.AsyncClient, channel: str, **body: Any) -> httpx.Response:
    return await bot.post(f"/channels/{channel}/messages", json={"allowed_mentions": QUIET} | body)


def codes(response: httpx.Response) -> set[str]:
    """Every code in the tree of complaints."""
    return set(re.findall(r'"code": ?"(\w+)"', json.dumps(response.json().get("errors", {}))))


def refused(response: httpx.Response) -> tuple[int, int]:
    return response.status_code, response.json()["code"]


# the door


async def test_a_wrong_token_gets_401(discord: Simulator, bot: httpx.AsyncClient) -> None:
    response = await bot.get("/users/@me", headers={"Authorization": "Bot nonsense"})

    assert refused(response) == (401, 0)


async def test_a_browsers_user_agent_is_blocked(bot: httpx.AsyncClient) -> None:
    response = await bot.get("/users/@me", headers={"User-Agent": "Mozilla/5.0"})

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, 0)),
        ("DELETE", "/users/@me", (405, 0)),
        ("GET", "/channels/1/messages", (404, 10003)),
        ("GET", "/channels/{general}/messages/1", (404, 10008)),
        ("PATCH", "/webhooks/{app}/nothing/messages/@original", (404, 10015)),
        ("PATCH", "/webhooks/1/nothing/messages/@original", (404, 10015)),
        ("GET", "/guilds/1/channels", (404, 10004)),
    ],
)
async def test_what_does_not_exist_has_its_own_code(
    discord: Simulator, bot: httpx.AsyncClient, general: str, method: str, path: str, expected: tuple[int, int]
) -> None:
    path = path.format(general=general, app=discord.application_id)

    response = await bot.request(method, path)

    assert refused(response) == expected
    assert discord.requests[-1] == (method, path, expected[0])
    assert str(expected[0]) in discord.violations[-1]


async def test_a_body_that_is_no_json_gets_50109_and_one_without_a_content_type_50035(
    bot: httpx.AsyncClient, general: str
) -> None:
    path = f"/channels/{general}/messages"

    broken = await bot.post(path, content=b"{", headers={"Content-Type": "application/json"})
    bare = await bot.post(path, content=b'{"content": "x"}')

    assert refused(broken) == (400, 50109)
    assert codes(bare) == {"CONTENT_TYPE_INVALID"}


# messages


def button(number: int = 0, **more: Any) -> Json:
    return {"type": 2, "style": 1, "label": "ok", "custom_id": f"b{number}"} | more


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def select(count: int) -> Json:
    return {"type": 3, "custom_id": "s", "options": [{"label": str(n), "value": str(n)} for n in range(count)]}


V2 = 1 << 15
REFUSED: list[tuple[Json, str]] = [
    ({"content": "x" * 2001}, "BASE_TYPE_MAX_LENGTH"),
    ({"content": 5}, "BASE_TYPE_BAD_TYPE"),
    ({"content": ["x"]}, "BASE_TYPE_BAD_TYPE"),
    ({"embeds": {"title": "x"}}, "LIST_TYPE_CONVERT"),
    ({"content": "x", "allowed_mentions": []}, "DICT_TYPE_CONVERT"),
    ({"content": "x", "components": [{"type": "row"}]}, "BASE_TYPE_CHOICES"),
    ({"content": "x", "nonce": "n" * 26}, "NONCE_TYPE_TOO_LONG"),
    ({"embeds": [{"title": "x" * 257}]}, "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"description": "x" * 4097}]}, "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"description": "x" * 3001}] * 2}, "MAX_EMBED_SIZE_EXCEEDED"),
    ({"embeds": [{"title": "x"}] * 11}, "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"fields": [{"name": "x", "value": "y"}] * 26}]}, "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"fields": [{"name": "", "value": "y"}]}]}, "BASE_TYPE_REQUIRED"),
    ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
     "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"),
    ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, "BASE_TYPE_CHOICES"),
    ({"content": "x", "components": [row(button(label="x" * 81))]}, "BASE_TYPE_MAX_LENGTH"),
    ({"content": "x", "components": [row(button(custom_id="x" * 101))]}, "BASE_TYPE_BAD_LENGTH"),
    ({"content": "x", "components": [row(button(), button())]}, "COMPONENT_CUSTOM_ID_DUPLICATED"),
    ({"content": "x", "components": [row(*(button(n) for n in range(6)))]}, "BASE_TYPE_BAD_LENGTH"),
    ({"content": "x", "components": [row(button(n)) for n in range(6)]}, "BASE_TYPE_BAD_LENGTH"),
    ({"content": "x", "components": [row(select(26))]}, "BASE_TYPE_BAD_LENGTH"),
    ({"content": "x", "components": [row(button(), select(2))]}, "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
    ({"content": "x", "components": [button()]}, "BASE_TYPE_CHOICES"),
    ({"content": "x", "components": [row(button(style=5))]}, "BASE_TYPE_BAD_TYPE"),
    ({"content": "x", "components": [{"type": 10, "content": "x"}]}, "BASE_TYPE_CHOICES"),
    ({"flags": V2, "content": "x", "components": [{"type": 10, "content": "x"}]},
     "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"),
    ({"flags": V2, "components": [{"type": 10, "content": "x" * 2001}] * 2},
     "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
    ({"flags": V2, "components": [{"type": 10, "content": "x"}] * 41}, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
    ({"content": "x", "message_reference": {"message_id": "1"}}, "MESSAGE_REFERENCE_UNKNOWN_MESSAGE"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code"), REFUSED)
async def test_a_message_over_a_limit_gets_50035_with_the_place_in_the_tree(
    discord: Simulator, bot: httpx.AsyncClient, general: str, body: Json, code: str
) -> None:
    response = await send(bot, general, **body)

    assert refused(response) == (400, 50035)
    assert code in codes(response)
    assert discord.channel("general").messages == {}


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2000},
        {"embeds": [{"title": "x" * 256, "description": "x" * 4096}]},
        {"content": "x", "components": [row(*(button(n * 5 + m) for m in range(5))) for n in range(5)]},
        {"content": "x", "components": [row(select(25))]},
        {"flags": V2, "components": [{"type": 10, "content": "x" * 4000}]},
        {"flags": V2, "components": [{"type": 17, "components": [row(button()), {"type": 14}]}]},
    ],
)
async def test_a_message_at_the_limit_is_taken(bot: httpx.AsyncClient, general: str, body: Json) -> None:
    response = await send(bot, general, **body)

    assert response.status_code == 200


@pytest.mark.parametrize("content", ["", " \n "])
async def test_an_empty_message_gets_50006(bot: httpx.AsyncClient, general: str, content: str) -> None:
    response = await send(bot, general, content=content)

    assert refused(response) == (400, 50006)


async def test_an_enforced_nonce_gives_the_first_message_again_and_is_forgotten_after_minutes(
    discord: Simulator, bot: httpx.AsyncClient, general: str
) -> None:
    first = (await send(bot, general, content="one", nonce="n", enforce_nonce=True)).json()

    again = (await send(bot, general, content="two", nonce="n", enforce_nonce=True)).json()
    unenforced = (await send(bot, general, content="two", nonce="n")).json()
    discord.clock.advance(6 * 60)
    late = (await send(bot, general, content="two", nonce="n", enforce_nonce=True)).json()

    assert (again["id"], again["content"], again["nonce"]) == (first["id"], "one", "n")
    assert len({first["id"], unenforced["id"], late["id"]}) == 3


async def test_a_nonce_whose_message_was_deleted_is_an_error(bot: httpx.AsyncClient, general: str) -> None:
    first = (await send(bot, general, content="one", nonce="n", enforce_nonce=True)).json()
    await bot.delete(f"/channels/{general}/messages/{first['id']}")

    again = await send(bot, general, content="one", nonce="n", enforce_nonce=True)

    assert refused(again) == (404, 10008)


async def test_a_nonce_is_echoed_once_and_never_read_back(bot: httpx.AsyncClient, general: str) -> None:
    sent = (await send(bot, general, content="x", nonce="n")).json()

    read = (await bot.get(f"/channels/{general}/messages/{sent['id']}")).json()

    assert sent["nonce"] == "n"
    assert "nonce" not in read


async def test_mentions_are_those_that_are_allowed(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    text = f"<@{ada.id}> @everyone `<@{discord.application_id}>`"

    silent = (await send(bot, general, content=text)).json()
    listed = (await send(bot, general, content=text, allowed_mentions={"users": [ada.id]})).json()
    unsaid = (await bot.post(f"/channels/{general}/messages", json={"content": text})).json()

    assert [user["id"] for user in silent["mentions"]] == []
    assert [user["id"] for user in listed["mentions"]] == [ada.id]
    assert [user["id"] for user in unsaid["mentions"]] == [ada.id]
    assert unsaid["mention_everyone"] is False  # no permission for it
    assert discord.violations == [f"POST /channels/{general}/messages: no allowed_mentions"]


async def test_a_reply_pings_only_when_told_to(bot: httpx.AsyncClient, ada: Person, general: str) -> None:
    asked = await ada.write(general, "well?")
    reference = {"message_id": asked["id"]}

    quiet = (await send(bot, general, content="x", message_reference=reference)).json()
    loud = (
        await send(
            bot, general, content="x", message_reference=reference, allowed_mentions=QUIET | {"replied_user": True}
        )
    ).json()

    assert quiet["type"] == 19
    assert quiet["referenced_message"]["content"] == "well?"
    assert quiet["mentions"] == []
    assert [user["id"] for user in loud["mentions"]] == [ada.id]


async def test_only_ones_own_messages_can_be_edited(bot: httpx.AsyncClient, ada: Person, general: str) -> None:
    theirs = await ada.write(general, "mine")

    response = await bot.patch(
        f"/channels/{general}/messages/{theirs['id']}", json={"content": "x", "allowed_mentions": QUIET}
    )

    assert refused(response) == (403, 50005)


async def test_an_edit_changes_what_it_names_and_keeps_the_rest(bot: httpx.AsyncClient, general: str) -> None:
    sent = (await send(bot, general, content="one", embeds=[{"title": "t"}])).json()

    edited = (
        await bot.patch(
            f"/channels/{general}/messages/{sent['id']}", json={"content": "two", "allowed_mentions": QUIET}
        )
    ).json()

    assert edited["content"] == "two"
    assert edited["embeds"][0]["title"] == "t"
    assert edited["edited_timestamp"] is not None


async def test_files_come_with_payload_json_and_can_be_fetched(
    discord: Simulator, bot: httpx.AsyncClient, general: str
) -> None:
    content = bytes(range(256)) + b"\r\n--x\r\n"
    payload = {"content": "", "attachments": [{"id": "0", "description": "all bytes"}], "allowed_mentions": QUIET}
    files = {"files[0]": ("a.bin", content, "application/octet-stream")}

    sent = await bot.post(f"/channels/{general}/messages", data={"payload_json": json.dumps(payload)}, files=files)
    attachment = sent.json()["attachments"][0]
    fetched = await bot.get(attachment["url"])

    assert (attachment["filename"], attachment["description"]) == ("a.bin", "all bytes")
    assert fetched.content == content


async def test_ten_files_are_taken_and_eleven_are_not(bot: httpx.AsyncClient, general: str) -> None:
    async def with_files(count: int) -> httpx.Response:
        files = {f"files[{n}]": (f"{n}.txt", b"x") for n in range(count)}
        payload = json.dumps({"allowed_mentions": QUIET})
        return await bot.post(f"/channels/{general}/messages", data={"payload_json": payload}, files=files)

    assert (await with_files(10)).status_code == 200
    assert refused(await with_files(11)) == (400, 30015)


async def test_a_file_over_the_limit_gets_40005(bot: httpx.AsyncClient, general: str) -> None:
    files = {"files[0]": ("big", b"x" * (10 * 1024 * 1024 + 1))}

    response = await bot.post(f"/channels/{general}/messages", data={"payload_json": "{}"}, files=files)

    assert refused(response) == (413, 40005)


# pages


async def test_after_gives_the_page_next_to_the_cursor_newest_first(
    bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    ids = [(await ada.write(general, str(n)))["id"] for n in range(5)]

    async def page(**query: Any) -> list[str]:
        found = (await bot.get(f"/channels/{general}/messages", params=query)).json()
        return [message["content"] for message in found]

    assert await page(after=ids[0], limit=2) == ["2", "1"]
    assert await page(after="0", limit=1) == ["0"]
    assert await page(before=ids[4], limit=2) == ["3", "2"]
    assert await page(limit=2) == ["4", "3"]
    assert await page(around=ids[2], limit=3) == ["3", "2", "1"]


@pytest.mark.parametrize("limit", ["0", "101", "x"])
async def test_a_limit_out_of_range_gets_50035(bot: httpx.AsyncClient, general: str, limit: str) -> None:
    response = await bot.get(f"/channels/{general}/messages", params={"limit": limit})

    assert refused(response) == (400, 50035)
    assert "limit" in response.json()["errors"]


# threads


async def test_a_thread_has_its_messages_id_and_there_is_only_one(
    bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    asked = await ada.write(general, "well?")
    path = f"/channels/{general}/messages/{asked['id']}/threads"

    first, second = await bot.post(path, json={"name": "t"}), await bot.post(path, json={"name": "t"})
    starter = (await bot.get(f"/channels/{asked['id']}/messages")).json()

    assert (first.status_code, first.json()["id"], first.json()["type"]) == (201, asked["id"], 11)
    assert refused(second) == (400, 160004)
    assert [(m["type"], m["content"], m["referenced_message"]["content"]) for m in starter] == [(21, "", "well?")]


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "x" * 101}, {}, {"name": "x", "auto_archive_duration": 5}])
async def test_a_thread_needs_a_name_of_at_most_a_hundred_characters(
    bot: httpx.AsyncClient, general: str, body: Json
) -> None:
    sent = (await send(bot, general, content="x")).json()

    response = await bot.post(f"/channels/{general}/messages/{sent['id']}/threads", json=body)

    assert refused(response) == (400, 50035)


async def test_a_thread_without_a_message_is_private_unless_it_says_otherwise(
    bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    private = (await bot.post(f"/channels/{general}/threads", json={"name": "t"})).json()
    public = (await bot.post(f"/channels/{general}/threads", json={"name": "t", "type": 11})).json()

    assert (private["type"], public["type"]) == (12, 11)
    assert [channel["id"] for channel in ada.channels()] == [general, public["id"]]


async def test_whoever_is_in_a_private_thread_invites_others_unless_that_is_left_to_moderators(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/resources/channel#thread-metadata-object"""
    bob, warden = discord.add_person("bob"), discord.add_person("warden", permissions=May.MANAGE_THREADS)
    open, closed = [
        (await bot.post(f"/channels/{general}/threads", json={"name": "t", "type": 12, "invitable": to_all})).json()[
            "id"
        ]
        for to_all in (True, False)
    ]
    await bot.put(f"/channels/{open}/thread-members/{ada.id}")
    await warden.invite(closed, ada.id)

    await ada.invite(open, bob.id)
    await ada.write(closed, f"come in, <@{bob.id}>")
    with pytest.raises(Refusal) as refusal:
        await ada.invite(closed, bob.id)

    assert refusal.value.code == 50013
    assert [channel["id"] for channel in bob.channels()] == [general, open]


async def test_there_are_no_threads_in_threads(bot: httpx.AsyncClient, ada: Person, general: str) -> None:
    thread = await ada.start_thread(general, "t")
    sent = (await send(bot, thread["id"], content="x")).json()

    response = await bot.post(f"/channels/{thread['id']}/messages/{sent['id']}/threads", json={"name": "t"})

    assert refused(response) == (400, 50024)


async def test_sending_wakes_an_archived_thread_but_editing_does_not(
    discord: Simulator, bot: httpx.AsyncClient, general: str
) -> None:
    thread = (await bot.post(f"/channels/{general}/threads", json={"name": "t", "type": 11})).json()["id"]
    sent = (await send(bot, thread, content="x")).json()
    await bot.patch(f"/channels/{thread}", json={"archived": True})
    message = f"/channels/{thread}/messages/{sent['id']}"

    edited = await bot.patch(message, json={"content": "y", "allowed_mentions": QUIET})
    reacted = await bot.put(f"{message}/reactions/%F0%9F%91%8D/@me")
    renamed = await bot.patch(f"/channels/{thread}", json={"name": "other"})
    written = await send(bot, thread, content="z")

    assert [refused(each) for each in (edited, reacted, renamed)] == [(400, 50083)] * 3
    assert written.status_code == 200
    assert (await bot.get(f"/channels/{thread}")).json()["thread_metadata"]["archived"] is False


async def test_a_locked_thread_takes_nothing_from_who_is_no_moderator(
    discord: Simulator, bot: httpx.AsyncClient, general: str
) -> None:
    moderator = discord.add_person("Mod", permissions=May.MANAGE_THREADS)
    thread = (await moderator.start_thread(general, "t"))["id"]
    await moderator.change_thread(thread, archived=True, locked=True)

    response = await send(bot, thread, content="x")
    await moderator.write(thread, "I may")

    assert refused(response) == (400, 160005)


async def test_archived_threads_are_listed_apart_from_active_ones(
    discord: Simulator, bot: httpx.AsyncClient, general: str
) -> None:
    one, two = [
        (await bot.post(f"/channels/{general}/threads", json={"name": name, "type": 11})).json()["id"]
        for name in ("one", "two")
    ]
    await bot.patch(f"/channels/{one}", json={"archived": True})

    active = (await bot.get(f"/guilds/{discord.guild}/threads/active")).json()
    archived = (await bot.get(f"/channels/{general}/threads/archived/public")).json()

    assert [thread["id"] for thread in active["threads"]] == [two]
    assert [thread["id"] for thread in archived["threads"]] == [one]


# permissions


async def test_a_hidden_channel_gets_50001_and_one_to_only_read_50013(
    discord: Simulator, bot: httpx.AsyncClient
) -> None:
    hidden = discord.add_channel("hidden", overwrites=[Overwrite(discord.guild, 0, deny=May.VIEW_CHANNEL)])
    silent = discord.add_channel("silent", overwrites=[Overwrite(discord.application_id, 1, deny=May.SEND_MESSAGES)])

    assert refused(await send(bot, hidden.id, content="x")) == (403, 50001)
    assert refused(await bot.get(f"/channels/{hidden.id}")) == (403, 50001)
    assert refused(await send(bot, silent.id, content="x")) == (403, 50013)
    assert (await bot.get(f"/channels/{silent.id}/messages")).json() == []


async def test_an_overwrite_for_a_role_beats_the_one_for_everyone(discord: Simulator) -> None:
    role = discord.add_role("readers")
    secret = discord.add_channel(
        "secret",
        overwrites=[
            Overwrite(discord.guild, 0, deny=May.VIEW_CHANNEL),
            Overwrite(role.id, 0, allow=May.VIEW_CHANNEL),
        ],
    )

    reader, stranger = discord.add_person("R", roles=[role.id]), discord.add_person("S")

    assert secret.id in [channel["id"] for channel in reader.channels()]
    assert secret.id not in [channel["id"] for channel in stranger.channels()]


async def test_a_thread_takes_its_own_permission_to_write() -> None:
    application = Application(permissions=0)
    async with Simulator(application=application) as discord, client(discord) as bot:
        discord.world.roles[discord.guild].permissions = int(USUAL & ~May.SEND_MESSAGES_IN_THREADS)
        general = discord.channel("general").id
        thread = (await bot.post(f"/channels/{general}/threads", json={"name": "t", "type": 11})).json()

        response = await send(bot, thread["id"], content="x")

    assert refused(response) == (403, 50013)


async def test_a_history_that_may_not_be_read_is_empty_not_an_error(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person
) -> None:
    overwrite = Overwrite(discord.application_id, 1, deny=May.READ_MESSAGE_HISTORY)
    channel = discord.add_channel("blind", overwrites=[overwrite]).id
    await ada.write(channel, "x")

    response = await bot.get(f"/channels/{channel}/messages")

    assert (response.status_code, response.json()) == (200, [])


async def test_without_the_privileged_intent_other_peoples_words_are_blank() -> None:
    async with Simulator(application=Application(message_content=False)) as discord, client(discord) as bot:
        general, ada = discord.channel("general").id, discord.add_person("Ada")
        await ada.write(general, "secret")
        await ada.write(general, f"<@{discord.application_id}> for you")

        read = (await bot.get(f"/channels/{general}/messages")).json()

    assert [message["content"] for message in read] == [f"<@{discord.application_id}> for you", ""]


# commands and the application


def option(**more: Any) -> Json:
    return {"type": 3, "name": "o", "description": "d"} | more


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Upper", "description": "d"},
        {"name": "with space", "description": "d"},
        {"name": "x", "description": "d", "type": 9},
        {"name": "x" * 33, "description": "d"},
        {"name": "x", "description": ""},
        {"name": "x", "description": "d" * 101},
        {"name": "x", "description": "d", "options": [option(name=f"o{n}") for n in range(26)]},
        {"name": "x", "description": "d", "options": [option(), option()]},
        {"name": "x", "description": "d", "options": [option(), option(name="p", required=True)]},
        {"name": "x", "description": "d", "options": [option(choices=[{"name": "n", "value": "v"}] * 26)]},
        {"name": "x", "description": "d", "options": [option(type=1), option(name="p")]},
        {"name": "x", "description": "d" * 100, "options": [
            {"type": 1, "name": f"s{n}", "description": "d" * 100,
             "options": [option(name=f"o{m}", description="d" * 100) for m in range(10)]} for n in range(8)
        ]},
    ],
)  # fmt: skip
async def test_a_malformed_command_gets_50035(discord: Simulator, bot: httpx.AsyncClient, command: Json) -> None:
    response = await bot.put(f"/applications/{discord.application_id}/commands", json=[command])

    assert refused(response) == (400, 50035)


async def test_put_replaces_all_commands_and_keeps_the_ids_of_those_that_stay(
    discord: Simulator, bot: httpx.AsyncClient
) -> None:
    path = f"/applications/{discord.application_id}/guilds/{discord.guild}/commands"
    one, two = {"name": "one", "description": "d"}, {"name": "ñ-2", "description": "d"}

    first = (await bot.put(path, json=[one])).json()
    both = (await bot.put(path, json=[one, two])).json()
    last = (await bot.put(path, json=[two])).json()

    assert both[0]["id"] == first[0]["id"]
    assert (await bot.get(path)).json() == last == [both[1] | {"version": last[0]["version"]}]


async def test_the_application_tells_its_key_and_its_url(discord: Simulator, bot: httpx.AsyncClient) -> None:
    body = (await bot.get("/applications/@me")).json()

    assert body["verify_key"] == discord.public_key
    assert body["interactions_endpoint_url"] is None


# rate limits and faults


async def test_a_bucket_runs_empty_says_so_and_fills_again() -> None:
    rules = Rules(rates={"POST /channels/{channel}/messages": Rate(2, 5.0)})
    async with Simulator(rules=rules) as discord, client(discord) as bot:
        general, other = discord.channel("general").id, discord.add_channel("other").id

        taken = [await send(bot, general, content="x") for _ in range(3)]
        elsewhere = await send(bot, other, content="x")
        discord.clock.advance(5.1)
        later = await send(bot, general, content="x")

    assert [response.status_code for response in taken] == [200, 200, 429]
    assert [response.headers["X-RateLimit-Remaining"] for response in taken[:2]] == ["1", "0"]
    assert isinstance(taken[2].json()["retry_after"], float)
    assert taken[2].headers["X-RateLimit-Scope"] == "user"
    assert (elsewhere.status_code, later.status_code) == (200, 200)
    assert taken[0].headers["X-RateLimit-Bucket"] == elsewhere.headers["X-RateLimit-Bucket"]
    assert "429" in discord.violations[0]


async def test_the_global_limit_counts_every_route_but_the_webhooks() -> None:
    async with Simulator(rules=Rules(global_rate=Rate(2, 5.0))) as discord, client(discord) as bot:
        await bot.get("/users/@me")
        await bot.get("/gateway")

        third = await bot.get("/applications/@me")
        webhook = await bot.get(f"/webhooks/{discord.application_id}/x/messages/@original")

    assert (third.status_code, third.json()["global"]) == (429, True)
    assert third.headers["X-RateLimit-Global"] == "true"
    assert webhook.status_code == 404


async def test_a_channel_is_renamed_twice_in_ten_minutes_and_no_more() -> None:
    async with Simulator() as discord, client(discord) as bot:
        general = discord.channel("general").id
        thread = (await bot.post(f"/channels/{general}/threads", json={"name": "t", "type": 11})).json()["id"]

        answers = [await bot.patch(f"/channels/{thread}", json={"name": name}) for name in "abc"]
        archived = await bot.patch(f"/channels/{thread}", json={"archived": True})

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["retry_after"] > 500
    assert archived.status_code == 200


async def test_a_planned_failure_strikes_so_often_and_does_nothing(
    discord: Simulator, bot: httpx.AsyncClient, general: str
) -> None:
    fault = discord.faults.fail(method="POST", path=r"/channels/\d+/messages", status=502, times=2)

    answers = [(await send(bot, general, content="x")).status_code for _ in range(3)]

    assert answers == [502, 502, 200]
    assert fault.hits == 2
    assert len(discord.channel("general").messages) == 1
    assert discord.violations == []


async def test_an_answer_can_be_lost_after_the_effect(discord: Simulator, bot: httpx.AsyncClient, general: str) -> None:
    discord.faults.fail(path=r"/channels/\d+/messages", drop=True, after_effect=True)

    with pytest.raises(httpx.RemoteProtocolError):
        await send(bot, general, content="x", nonce="n", enforce_nonce=True)
    again = await send(bot, general, content="x", nonce="n", enforce_nonce=True)

    assert list(discord.channel("general").messages) == [again.json()["id"]]
    assert discord.requests[0][2] == 0


async def test_waiting_in_vain_shows_what_was_said(discord: Simulator, ada: Person, general: str) -> None:
    await ada.write(general, "anybody there?")

    with pytest.raises(AssertionError, match="Ada: anybody there"):
        await discord.wait_for(lambda: False, within=0.01)


# posts


@pytest.mark.parametrize("kind", [ChannelType.FORUM, ChannelType.MEDIA])
async def test_a_post_begins_with_its_first_message_which_has_its_id(
    discord: Simulator, bot: httpx.AsyncClient, kind: ChannelType
) -> None:
    forum = discord.add_channel("ideas", kind).id

    made = await bot.post(f"/channels/{forum}/threads", json={"name": "a shop", "message": {"content": "let us begin"}})

    post = made.json()
    (first,) = (await bot.get(f"/channels/{post['id']}/messages")).json()
    assert (made.status_code, post["type"], post["parent_id"]) == (201, ChannelType.PUBLIC_THREAD, forum)
    assert (first["id"], first["content"]) == (post["id"], "let us begin")


async def test_a_channel_of_posts_takes_neither_a_message_nor_a_post_without_one(
    discord: Simulator, bot: httpx.AsyncClient
) -> None:
    forum = discord.add_channel("ideas", ChannelType.FORUM).id

    spoken = await bot.post(f"/channels/{forum}/messages", json={"content": "hello"})
    empty = await bot.post(f"/channels/{forum}/threads", json={"name": "a shop"})

    assert (spoken.status_code, empty.status_code) == (400, 400)
    assert empty.json()["code"] == 50035


async def test_a_channel_of_posts_may_want_a_tag_of_each_that_it_has_and_that_anybody_may_give(
    discord: Simulator, bot: httpx.AsyncClient
) -> None:
    forum = discord.add_channel("ideas", ChannelType.FORUM)
    forum.available_tags, forum.requires_tag = (Tag("11", "cakes"), Tag("12", "official", moderated=True)), True
    forum.overwrites[discord.guild] = Overwrite(discord.guild, 0, deny=int(May.MANAGE_THREADS))

    shown = (await bot.get(f"/channels/{forum.id}")).json()
    posts = [
        await bot.post(f"/channels/{forum.id}/threads", json={"name": "x", "message": {"content": "y"}} | tags)
        for tags in ({}, {"applied_tags": ["13"]}, {"applied_tags": ["12"]}, {"applied_tags": ["11"]})
    ]

    assert (shown["flags"], [tag["name"] for tag in shown["available_tags"]]) == (16, ["cakes", "official"])
    assert [post.status_code for post in posts] == [400, 404, 403, 201]
    assert [post.json().get("code") for post in posts] == [40067, 10087, 50013, None]
    assert posts[-1].json()["applied_tags"] == ["11"]
