"""`/opencord config`: what counts here, and who may settle what."""

import re
from dataclasses import replace
from typing import Any

import pytest

from app.commands.access import Who
from app.commands.config import SETTINGS
from app.discord.permissions import MANAGE_CHANNELS, MANAGE_GUILD
from app.ids import ChannelId
from app.store.preferences import SqlitePreferences
from app.turns.preferences import Preference
from app.turns.routing import Policy, Refusal
from app.words.door import UNKNOWN_OPTION
from app.words.settings import (
    ALREADY_SO,
    BRANCH_ALONE,
    FROM_NEW_MACHINES,
    FROM_NEXT_MACHINE,
    GIVEN_AND_CLEARED,
    LOGIN_IN_ADDRESS,
    NO_BRANCH,
    NO_REPOSITORY,
    NO_ROLE,
    NOT_SETTLED,
    NOTHING_CHOSEN,
    ONLY_IN_THREADS,
    PLACE_UNKNOWN,
)
from tests.commands.choosing import (
    ALOUD,
    IN_CHANNEL,
    OFFERED,
    WHISPERED,
    choices,
    config,
    said,
    settle,
    settled,
    typing,
)
from tests.commands.rooms import IN_THREAD, THREAD
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
SHOP = "https://github.com/acme/shop"
EVERYTHING: dict[str, Any] = {
    "repository": SHOP,
    "branch": "main",
    "model": "opencode/gpt",
    "agent": "plan",
    "routing": "heuristic",
    "verbosity": "quiet",
    "approver": "91",
}


async def test_every_preference_is_shown_with_its_value_and_where_it_comes_from(door: Door) -> None:
    await settle(door, "200", repository=SHOP, approver="91", agent="plan")
    await settle(door, "210", repository=SHOP, branch="fix/login", verbosity="quiet")

    text, flags = said(await door.send(config("show")))

    assert flags == WHISPERED
    assert text.split("\n")[:-1] == [
        "What counts in <#210>:",
        f"- **repository**: `{SHOP}`, set for this thread",
        "- **branch**: `fix/login`, set for this thread",
        "- **model**: `opencode/claude`, set by whoever runs this bot",
        "- **agent**: `plan`, set for this channel",
        "- **routing**: `ai`, set by whoever runs this bot",
        "- **verbosity**: `quiet`, set for this thread",
        "- **approver**: <@&91>, set for this channel",
    ]
    assert "/opencord config" in text.split("\n")[-1]


async def test_in_a_channel_it_is_shown_what_its_threads_begin_with(door: Door) -> None:
    await settle(door, "210", verbosity="quiet")

    text, _ = said(await door.send(config("show", IN_CHANNEL)))

    assert text.startswith("What counts in <#200>:")
    assert "- **verbosity**: `normal` (default)" in text
    assert "- **approver**: everybody" in text


async def test_a_long_address_still_fits_into_a_message(door: Door) -> None:
    for at in ("200", "210"):
        await settle(door, at, repository="https://x.y/" + "a" * 280, branch="b" * 290, model="m/" + "c" * 290)

    text, _ = said(await door.send(config("show")))

    assert len(text) <= 2_000
    assert "**approver**" in text


@pytest.mark.parametrize("permissions", [MANAGE_CHANNELS, MANAGE_GUILD, 1 << 3])
async def test_who_may_manage_the_channel_settles_everything_for_all_of_its_threads(
    door: Door, permissions: int
) -> None:
    answer = await door.send(config("channel", IN_THREAD, permissions, **EVERYTHING))

    assert said(answer) == (
        f"-# **alice** set repository `{SHOP}`, branch `main`, model `opencode/gpt`, agent `plan`, "
        f"routing `heuristic`, verbosity `quiet` and approver <@&91> for <#200>. {FROM_NEW_MACHINES}",
        ALOUD,
    )
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert await settled(door, None) == EVERYTHING
    assert await settled(door) == {}


async def test_nobody_else_settles_anything_for_a_channel(door: Door) -> None:
    answers = [
        await door.send(config("channel", IN_CHANNEL, 0, model="a/b")),
        await door.send(config("channel", IN_THREAD, 1 << 13, clear="model")),
    ]
    door.policy = Policy(required_role="no")
    stranger = await door.send(config("channel", IN_CHANNEL, MANAGE_CHANNELS, model="a/b"))

    assert [spoken(answer) for answer in answers] == [(Who.CHANNEL_MANAGER.value, True)] * 2
    assert spoken(stranger) == (Refusal.ROLE.value, True)
    assert await settled(door, None) == {}


async def test_everybody_settles_for_a_thread_but_not_who_gives_leave_there(door: Door) -> None:
    await settle(door, "210", approver="91")
    given = {name: value for name, value in EVERYTHING.items() if name != "approver"}

    approver = await door.send(config("thread", model="a/b", approver="90"))
    clear = await door.send(config("thread", clear="approver"))
    between = await settled(door)
    others = await door.send(config("thread", **given))
    manager = await door.send(config("thread", permissions=MANAGE_CHANNELS, approver="92"))

    assert spoken(approver) == spoken(clear) == (Who.CHANNEL_MANAGER.value, True)
    assert between == {"approver": "91"}
    assert said(others)[1] == said(manager)[1] == ALOUD
    assert await settled(door) == given | {"approver": "92"}
    assert await settled(door, None) == {}


async def test_a_threads_settings_are_settled_in_it(door: Door) -> None:
    answer = await door.send(config("thread", IN_CHANNEL, MANAGE_CHANNELS, model="a/b"))

    assert spoken(answer) == (ONLY_IN_THREADS, True)
    assert await settled(door, None) == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, NOTHING_CHOSEN),
        ({"model": " "}, NOTHING_CHOSEN),
        ({"clear": "model", "model": "a/b"}, GIVEN_AND_CLEARED.format(name="model")),
        ({"clear": "everything"}, UNKNOWN_OPTION),
        ({"colour": "red"}, UNKNOWN_OPTION),
        ({"routing": "sometimes"}, UNKNOWN_OPTION),
        ({"verbosity": "loud"}, UNKNOWN_OPTION),
        ({"approver": "everybody"}, UNKNOWN_OPTION),
        ({"branch": "main"}, BRANCH_ALONE),
        ({"clear": "agent"}, NOT_SETTLED.format(where="this thread")),
        ({"clear": "agent", "model": "a/b"}, NOT_SETTLED.format(where="this thread")),
        ({"verbosity": "quiet"}, ALREADY_SO),
        ({"model": "a/b", "branch": "-x", "repository": SHOP}, NO_BRANCH),
        ({"model": "a/b", "repository": "acme/shop"}, NO_REPOSITORY),
        ({"model": "a/b", "repository": "https://ghp_secret@github.com/acme/shop"}, LOGIN_IN_ADDRESS),
    ],
)
async def test_what_makes_no_sense_changes_nothing_at_all(door: Door, options: dict[str, Any], words: str) -> None:
    await settle(door, "210", verbosity="quiet")

    answer = await door.send(config("thread", permissions=MANAGE_CHANNELS, **options))

    assert spoken(answer) == (words, True)
    assert await settled(door) == {"verbosity": "quiet"}


async def test_an_empty_option_leaves_as_it_is_what_it_is_about(door: Door) -> None:
    await settle(door, "210", model="a/b", agent="plan")

    await door.send(config("thread", model="", agent="build"))

    assert await settled(door) == {"model": "a/b", "agent": "build"}


async def test_what_is_cleared_is_said_with_what_counts_instead(door: Door) -> None:
    await settle(door, "200", agent="plan")
    await settle(door, "210", agent="build", model="a/b")

    answer = await door.send(config("thread", clear="agent", verbosity="quiet"))

    assert said(answer)[0].startswith(
        "-# **alice** set verbosity `quiet` and cleared the agent for this thread. "
        "Now the agent is `plan`, set for this channel."
    )
    assert await settled(door) == {"model": "a/b", "verbosity": "quiet"}


async def test_another_repository_has_no_branch_yet_and_the_same_one_keeps_its_own(door: Door) -> None:
    await settle(door, "210", repository=SHOP, branch="fix")

    same = await door.send(config("thread", repository=SHOP, branch="main"))
    kept = await settled(door)
    another = await door.send(config("thread", repository=f"{SHOP}2"))
    moved = await settled(door)
    cleared = await door.send(config("thread", clear="repository", branch="main"))

    assert said(same)[0].startswith("-# **alice** set branch `main` for")
    assert kept == {"repository": SHOP, "branch": "main"}
    assert "cleared the branch for this thread. Now the branch is the repository's own (default)." in said(another)[0]
    assert moved == {"repository": f"{SHOP}2"}
    assert spoken(cleared) == (BRANCH_ALONE, True)


async def test_a_branch_of_the_channels_repository_is_settled_for_a_thread_together_with_that(door: Door) -> None:
    await settle(door, "200", repository=SHOP)

    answer = await door.send(config("thread", branch="fix/login"))
    await settle(door, "200", repository="https://x.example/other")

    assert said(answer)[0].startswith(f"-# **alice** set repository `{SHOP}` and branch `fix/login` for this thread")
    assert await settled(door) == {"repository": SHOP, "branch": "fix/login"}


async def test_a_branch_of_the_operators_repository_goes_without_its_address(door: Door) -> None:
    door.preferences = SqlitePreferences(door.ledger._sqlite, {Preference.REPOSITORY: "https://ada:own@x.example/a"})

    await door.send(config("thread", branch="fix/login"))

    assert await settled(door) == {"branch": "fix/login"}


async def test_where_a_machine_is_there_it_is_said_that_the_next_one_has_the_repository(door: Door) -> None:
    before = await door.send(config("thread", repository=SHOP))
    await door.machines.make(THREAD)
    branch = await door.send(config("thread", branch="main"))
    model = await door.send(config("thread", model="a/b"))

    assert FROM_NEXT_MACHINE not in said(before)[0]
    assert said(branch)[0].endswith(FROM_NEXT_MACHINE)
    assert FROM_NEXT_MACHINE not in said(model)[0]
    assert door.log == ["answered"] * 3


async def test_while_somebody_types_what_was_settled_before_is_offered(door: Door) -> None:
    await door.catalogue.learn(OFFERED)
    await settle(door, "200", repository=SHOP)
    await settle(door, "211", repository="https://x.example/other")
    await ask_in(door, "211")

    all_of_them = await door.send(typing(config("channel", permissions=MANAGE_CHANNELS, repository=""), "repository"))
    some = await door.send(typing(config("thread", repository="SHOP"), "repository"))
    models = await door.send(typing(config("thread", repository="x", model="gpt"), "model"))
    nothing = await door.send(typing(config("thread", branch="m"), "branch"))

    assert sorted(choices(all_of_them)) == [SHOP, "https://x.example/other"]
    assert choices(some) == [SHOP]
    assert choices(models) == ["opencode/gpt"]
    assert choices(nothing) == []


async def test_while_somebody_types_a_branch_those_of_its_repository_are_offered(door: Door) -> None:
    other = "https://x.example/other"
    await settle(door, "200", repository=SHOP, branch="main")
    await settle(door, "211", repository=SHOP, branch="fix/login")
    await settle(door, "212", repository=other, branch="trunk")
    await ask_in(door, "211", "212")

    here = await door.send(typing(config("thread", branch=""), "branch"))
    some = await door.send(typing(config("thread", branch=" LOG"), "branch"))
    await settle(door, "210", repository=other)
    channels = await door.send(typing(config("channel", permissions=MANAGE_CHANNELS, branch=""), "branch"))
    threads = await door.send(typing(config("thread", branch=""), "branch"))
    given = await door.send(
        typing(config("channel", permissions=MANAGE_CHANNELS, repository=other, branch="t"), "branch")
    )
    asked = await door.send(typing(used("ask", repo=other, branch=""), "branch"))

    assert choices(here) == ["fix/login", "main"]
    assert choices(some) == ["fix/login"]
    assert choices(channels) == ["fix/login", "main"]
    assert choices(threads) == choices(given) == choices(asked) == ["trunk"]
    assert set(door.log) == {"answered"}


async def test_what_a_thread_that_may_be_private_works_on_is_offered_only_to_those_who_asked_there(door: Door) -> None:
    await settle(door, "211", repository=SHOP)
    await ask_in(door, "211")
    typed = typing(config("thread", repository=""), "repository")

    own = await door.send(typed)
    typed["member"]["user"]["id"] = "301"
    others = await door.send(typed)

    assert choices(own) == [SHOP]
    assert choices(others) == []


async def ask_in(door: Door, *threads: str) -> None:
    """By the same person, who therefore may see what is settled there."""
    for thread in threads:
        await door.send(used("ask", {**IN_THREAD, "id": thread}, prompt="go") | {"id": f"9{thread}"})


async def locate(door: Door, category: ChannelId | None) -> None:
    """Whoever works on what was asked looks up where that was."""
    turn = await door.ledger.claim("deciding", door.now, door.now + 15)
    assert turn is not None
    await door.ledger.note_place(turn.id, "deciding", replace(turn.place, category=category, vague=False))


async def test_where_we_may_work_things_are_settled_as_soon_as_that_is_known(door: Door) -> None:
    door.policy = Policy(category=ChannelId("40"))

    await door.send(used("ask", IN_THREAD, prompt="hello"))
    await locate(door, ChannelId("40"))
    await door.send(config("thread", agent="plan"))

    assert await settled(door) == {"agent": "plan"}


@pytest.mark.parametrize("permissions", [0, MANAGE_CHANNELS])
async def test_where_only_discord_knows_whether_we_may_work_nothing_is_settled(door: Door, permissions: int) -> None:
    door.policy = Policy(category=ChannelId("40"))
    name = "channel" if permissions else "thread"

    unknown = await door.send(config(name, permissions=permissions, agent="plan"))
    await door.send(used("ask", IN_THREAD, prompt="hello"))
    await locate(door, None)
    known = await door.send(config(name, permissions=permissions, agent="plan"))

    assert spoken(unknown) == (PLACE_UNKNOWN, True)
    assert spoken(known) == (Refusal.CHANNEL, True)
    assert await settled(door) == await settled(door, None) == {}


@pytest.mark.parametrize("is_there", [True, False])
async def test_an_approver_that_was_deleted_is_said_to_be_and_counts_no_more(door: Door, is_there: bool) -> None:
    await settle(door, "200", approver="91")
    door.sights.roles = frozenset({"91"} if is_there else set())

    answer = await door.send(config("show"))

    (now,) = door.fake_replies.texts
    assert "- **approver**: <@&91>, set for this channel" in spoken(answer)[0]
    assert door.log == ["answered", "has_role", "edit"]
    if is_there:
        assert now == spoken(answer)[0]
    else:
        assert "- **approver**: everybody" in now
        assert now.endswith(NO_ROLE)
        assert await settled(door, None) == {}


async def test_everybody_may_be_the_approver_again(door: Door) -> None:
    await settle(door, "200", approver="91")

    answer = await door.send(config("thread", permissions=MANAGE_CHANNELS, approver="100"))

    assert "approver everybody for this thread" in said(answer)[0]
    assert await settled(door) == {"approver": "100"}


def test_there_is_an_option_for_every_preference() -> None:
    names = [option["name"] for option in SETTINGS]

    assert names == [*Preference, "clear"]
    assert all(re.fullmatch(r"[a-z]{1,32}", name) for name in names)
