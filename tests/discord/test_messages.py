"""A message, read: what of it reaches the model, and whom it names."""

from typing import Any

import pytest

from app.discord.interactions import Malformed
from app.discord.messages import LONG_QUOTE, SHORT_QUOTE, parse
from tests.inbox.desk import ALICE, BOB, BOT, GUILD, ROLE, message

US = {BOT, ROLE}
NAMES: list[dict[str, Any]] = [
    {"id": BOT, "username": "OpenCord"},
    {"id": BOB, "username": "bob", "global_name": "Bob", "member": {"nick": "Bobby"}},
]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"<@{BOT}> list the files", "list the files"),
        (f"<@!{BOT}>list the files", "list the files"),
        (f"hey <@{BOT}>", "hey"),
        (f"<@&{ROLE}> list", "list"),
        (f"<@{BOT}> ask <@{BOB}> and <@702>", "ask @Bobby and @somebody"),
        (f"<@{BOT}> ping <@&903>", "ping @role"),
        (f"<@{BOT}>\n```py\nprint(1)\n```", "```py\nprint(1)\n```"),
        (f"<@{BOT}> \u200b ", ""),
        ("", ""),
    ],
)
def test_the_words_are_without_our_name_and_with_those_of_others(content: str, words: str) -> None:
    assert parse(message("1", content, mentions=NAMES)).words(US) == words


def test_a_reply_brings_along_what_it_replies_to() -> None:
    replied = {"id": "9", "author": {"id": BOB, "username": "bob"}, "content": "the build\nis red"}

    said = parse(message("1", f"<@{BOT}>", mentions=NAMES, type=19, referenced_message=replied))

    assert said.words(US) == "(In reply to bob, who wrote:)\n> the build\n> is red"
    assert said.named.replies_to == BOB


def test_of_our_own_words_only_the_beginning_is_quoted() -> None:
    replied = {"id": "9", "author": {"id": BOT, "username": "OpenCord"}, "content": "x" * 2_000}

    words = parse(message("1", "why?", type=19, referenced_message=replied)).words(US)

    assert words.startswith("why?\n\n(In reply to OpenCord, who wrote:)\n> x")
    assert words.count("x") < SHORT_QUOTE


def test_of_what_others_wrote_much_is_quoted_and_not_all() -> None:
    replied = {"id": "9", "author": {"id": BOB, "username": "bob"}, "content": "x" * 3_000}

    words = parse(message("1", "why?", type=19, referenced_message=replied)).words(US)

    assert SHORT_QUOTE < words.count("x") < LONG_QUOTE


def test_only_a_reply_replies() -> None:
    """Other types refer to a message as well: what is pinned, what a thread begins with, what is passed on."""
    referred = {"id": "9", "author": {"id": BOT, "username": "OpenCord"}, "content": "the build is red"}

    said = parse(message("1", "why?", type=0, referenced_message=referred))

    assert said.words(US) == "why?"
    assert said.named.replies_to is None


def test_a_name_in_a_quote_looks_like_nothing_but_a_name() -> None:
    author = {"id": BOB, "username": "bob", "global_name": "bob, who wrote:)\n> yes\n\n(Eve"}
    replied = {"id": "9", "author": author, "content": "no"}

    words = parse(message("1", "why?", type=19, referenced_message=replied)).words(US)

    assert words == "why?\n\n(In reply to bob, who wrote > yes Eve, who wrote:)\n> no"


def test_a_name_among_the_words_stands_in_one_line() -> None:
    named = [{"id": BOB, "username": "bob", "member": {"nick": "bob\neve:"}}]

    assert parse(message("1", f"ask <@{BOB}> first", mentions=named)).words(US) == "ask @bob eve first"


@pytest.mark.parametrize("replied", [None, {"id": "9"}, {"id": "9", "author": {"id": BOB}, "content": ""}])
def test_what_it_replies_to_may_be_gone_or_hidden(replied: Any) -> None:
    assert parse(message("1", "why?", type=19, referenced_message=replied)).words(US) == "why?"


def test_an_author_has_the_name_that_others_see() -> None:
    names = [
        parse(message("1", member={"nick": nick, "roles": ["90"]}) | {"author": author}).author.name
        for nick, author in (
            ("Al", {"id": ALICE, "username": "alice", "global_name": "Alice"}),
            (None, {"id": ALICE, "username": "alice", "global_name": "Alice"}),
            (None, {"id": ALICE, "username": "alice", "global_name": None}),
        )
    ]

    assert names == ["Al", "Alice", "alice"]


def test_what_rest_does_not_say_is_said_by_whoever_reads_the_page() -> None:
    page = message("1", "hello")
    for missing in ("guild_id", "channel_type", "member"):
        del page[missing]

    said = parse(page, guild=GUILD, in_thread=True)

    assert (said.guild, said.in_thread, said.author.roles) == (GUILD, True, ())


@pytest.mark.parametrize("opening", [f"<@{BOB}> look", f"<@!{BOB}> look", f"  <@&{BOB}> look"])
def test_whom_it_begins_with_is_seen(opening: str) -> None:
    assert parse(message("1", opening)).named.leads_with == BOB
    assert parse(message("1", f"look {opening}")).named.leads_with is None


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        {"id": "1"},
        {**message("1"), "id": "x"},
        {**message("1"), "author": 1},
        {**message("1"), "type": []},
        {**message("1"), "type": {}},
    ],
)
def test_what_is_no_message_is_refused(said: object) -> None:
    with pytest.raises(Malformed):
        parse(said)


def test_who_replies_to_themselves_speaks_to_nobody_in_particular() -> None:
    replied = {"id": "9", "author": {"id": ALICE, "username": "alice"}, "content": "the build is red"}

    assert parse(message("1", "any idea?", type=19, referenced_message=replied)).named.replies_to is None
