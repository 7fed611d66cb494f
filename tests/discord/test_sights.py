"""Which channels somebody may see."""

from typing import Any

import httpx
import pytest

from app.discord.permissions import ADMINISTRATOR, VIEW_CHANNEL
from app.discord.rest import Rest
from app.discord.sights import Sights, may_see
from app.discord.transport import Transport
from app.ids import GuildId, UserId
from app.turns.records import Asker
from scripts.playground.discord import Rules, Simulator

ALICE = Asker(UserId("300"), "alice", ("90",))
SEE = str(VIEW_CHANNEL)


def server(everybody: int = VIEW_CHANNEL, crew: int = 0, owner: str = "1") -> dict[str, Any]:
    roles = [{"id": "100", "permissions": str(everybody)}, {"id": "90", "permissions": str(crew)}]
    return {"id": "100", "owner_id": owner, "roles": [*roles, {"id": "91", "permissions": str(ADMINISTRATOR)}]}


def allow(id: str) -> dict[str, str]:
    return {"id": id, "allow": SEE, "deny": "0"}


def deny(id: str) -> dict[str, str]:
    return {"id": id, "allow": "0", "deny": SEE}


@pytest.mark.parametrize(
    ("overwrites", "sees"),
    [
        ([], True),
        ([deny("100")], False),
        ([deny("100"), allow("90")], True),
        ([allow("90"), deny("100")], True),  # the order in which they are listed says nothing
        ([deny("90")], False),
        ([deny("90"), allow("300")], True),
        ([allow("90"), deny("300")], False),
        ([deny("91"), deny("301")], True),  # of others
    ],
)
def test_a_persons_overwrite_counts_more_than_a_roles_and_that_more_than_everybodys(
    overwrites: list[dict[str, str]], sees: bool
) -> None:
    assert may_see(ALICE, server(), {"id": "200", "permission_overwrites": overwrites}) is sees


@pytest.mark.parametrize("whole", [server(0, ADMINISTRATOR), server(0, owner="300")])
def test_owners_and_administrators_see_everything(whole: dict[str, Any]) -> None:
    assert may_see(ALICE, whole, {"id": "200", "permission_overwrites": [deny("100"), deny("300")]})


def test_who_may_see_nothing_in_the_server_sees_what_a_channel_allows() -> None:
    assert not may_see(ALICE, server(0), {"id": "200"})
    assert may_see(ALICE, server(0), {"id": "200", "permission_overwrites": [allow("90")]})


@pytest.mark.anyio
async def test_a_role_is_there_as_long_as_its_server_lists_it() -> None:
    async with Simulator(rules=Rules(rates=None)) as discord, httpx.AsyncClient() as http:
        crew, guild = discord.add_role("crew"), GuildId(discord.guild)
        sights = Sights(Rest(Transport(http, discord.api_url, discord.token)))

        found = [await sights.has_role(guild, role) for role in (crew.id, guild, "91")]

    assert found == [True, True, False]
