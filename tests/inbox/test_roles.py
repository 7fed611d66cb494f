"""A role that was deleted decides nothing any more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ids import ChannelId, GuildId
from app.turns.preferences import Preference
from app.turns.records import Place
from tests.inbox.desk import CHANNEL, GUILD, Desk, desk

pytestmark = pytest.mark.anyio
PLACE = Place(GuildId(GUILD), ChannelId(CHANNEL))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def approver(here: Desk) -> str | None:
    return (await here.preferences.settled(PLACE)).value(Preference.APPROVER)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"guild_id": GUILD, "role_id": "91"}, None),
        ({"guild_id": GUILD, "role_id": "92"}, "91"),
        ({"guild_id": "7", "role_id": "91"}, "91"),
        ({"guild_id": GUILD}, "91"),
        ({"guild_id": GUILD, "role_id": 91}, "91"),
    ],
)
async def test_an_approver_is_forgotten_with_its_role(here: Desk, body: dict[str, object], left: str | None) -> None:
    await here.preferences.settle(PLACE.guild, PLACE.channel, {Preference.APPROVER: "91"})

    await here.hear("GUILD_ROLE_DELETE", body)

    assert await approver(here) == left
    assert await here.position() is not None
