"""The files of messages and commands, read."""

from dataclasses import replace
from typing import Any

import pytest

from app.discord import interactions, messages
from app.turns.records import Attachment
from tests.inbox.desk import BOT, message

PLOT = {
    "id": "1300000000000000005",
    "filename": "plot.png",
    "size": 7,
    "url": "https://cdn.discordapp.com/attachments/1/2/plot.png?ex=1&is=2&hm=3",
    "proxy_url": "https://media.discordapp.net/attachments/1/2/plot.png?ex=1&is=2&hm=3",
    "content_type": "image/png",
    "width": 1,
}
READ = Attachment(PLOT["id"], "plot.png", 7, PLOT["url"])  # type: ignore[arg-type]


def test_a_message_has_its_files_and_they_know_where_they_came_from() -> None:
    parsed = messages.parse(message("1", "look", attachments=[PLOT, PLOT | {"id": "6"}]))

    came = replace(READ, channel=parsed.channel, message=parsed.id)
    assert parsed.attachments == (came, replace(came, id="6"))


def test_a_message_of_nothing_but_a_file_has_no_words() -> None:
    said = messages.parse(message("1", f"<@{BOT}>", attachments=[PLOT]))

    assert (said.words({BOT}), [file.id for file in said.attachments]) == ("", [READ.id])


@pytest.mark.parametrize("name", ["id", "filename", "size", "url"])
@pytest.mark.parametrize("value", [None, [], -1, 1.5])
def test_what_is_not_described_as_documented_is_no_file(name: str, value: Any) -> None:
    said = messages.parse(message("1", "look", attachments=[{**PLOT, name: value}, PLOT, "x"]))

    assert [file.id for file in said.attachments] == [READ.id]


@pytest.mark.parametrize("listed", [None, {}, "x", 1])
def test_a_message_may_have_none(listed: Any) -> None:
    assert messages.parse(message("1", "look", attachments=listed)).attachments == ()


def test_a_command_has_the_files_that_its_options_are_resolved_to() -> None:
    options = [{"type": 3, "name": "prompt", "value": "look"}, {"type": 11, "name": "file", "value": PLOT["id"]}]
    payload = {
        "type": 2,
        "id": "1",
        "token": "t",
        "data": {
            "name": "opencord",
            "options": [{"type": 1, "name": "ask", "options": options}],
            "resolved": {"attachments": {PLOT["id"]: PLOT}},
        },
    }

    assert interactions.parse(payload).attachments == (READ,)


@pytest.mark.parametrize("resolved", [None, {}, {"attachments": None}, {"users": {"1": {"id": "1"}}}])
def test_a_command_may_have_none(resolved: Any) -> None:
    payload = {"type": 2, "id": "1", "token": "t", "data": {"name": "opencord", "resolved": resolved}}

    assert interactions.parse(payload).attachments == ()
