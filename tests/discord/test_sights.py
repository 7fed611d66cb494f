"""Which channels somebody may see."""

from typing import Any

import httpx
import pytest
import respx

from app.discord.errors import Unavailable
from app.discord.permissions import ADMINISTRATOR, VIEW_CHANNEL
from app.discord.rest import Rest
from app.discord.sights import Sights, may_see
from app.discord.transport import Transport
from app.ids import GuildId, ThreadId, UserId
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
async def test_a_private_thread_is_seen_by_whoever_is_in_it_and_a_public_one_by_all() -> None:
    async with Simulator(rules=Rules(rates=None)) as discord, httpx.AsyncClient() as http:
        ada, bob = discord.add_person("Ada"), discord.add_person("Bob")
        general, rest = discord.channel("general").id, Rest(Transport(http, discord.api_url, discord.token))
        public = ThreadId((await ada.start_thread(general, "open"))["id"])
        private = ThreadId(await rest.start_private_thread(general, "closed"))
        await rest.add_thread_member(private, ada.id)
        sights = Sights(rest)

        people = [Asker(UserId(one.id), one.name) for one in (ada, bob)]
        found = [[await sights.sees(one, thread) for thread in (public, private)] for one in people]
        gone = await sights.sees(people[0], ThreadId("1"))

    assert (found, gone) == ([[True, True], [True, False]], False)


@pytest.mark.anyio
async def test_a_role_is_there_as_long_as_its_server_lists_it() -> None:
    async with Simulator(rules=Rules(rates=None)) as discord, httpx.AsyncClient() as http:
        crew, guild = discord.add_role("crew"), GuildId(discord.guild)
        sights = Sights(Rest(Transport(http, discord.api_url, discord.token)))

        found = [await sights.has_role(guild, role) for role in (crew.id, guild, "91")]

    assert found == [True, True, False]


@pytest.mark.anyio
@pytest.mark.parametrize("roles", [{}, {"roles": []}, {"roles": None}])
@respx.mock
async def test_an_answer_without_any_roles_is_no_reason_to_believe_that_one_is_gone(roles: dict[str, Any]) -> None:
    respx.get("https://discord.test/guilds/100").mock(return_value=httpx.Response(200, json={"id": "100", **roles}))
    async with httpx.AsyncClient() as http:
        sights = Sights(Rest(Transport(http, "https://discord.test", "token")))

        with pytest.raises(Unavailable):
            await sights.has_role(GuildId("100"), "91")
