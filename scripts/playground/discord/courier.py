"""Brings interactions to the app: signed, POSTed, and given three seconds.

An inline answer counts from the moment it has arrived here, not before: an app that edits the reply from another task
can be too early for its own answer, as at Discord.
"""

import json
import ssl
from collections.abc import Callable

import httpx
from nacl.signing import SigningKey

from scripts.playground.discord.errors import Json, Refusal
from scripts.playground.discord.interactions import Callback, Interaction, Kind, State
from scripts.playground.discord.rest_interactions import judge_mentions
from scripts.playground.discord.world import World

TLS = ssl.create_default_context()
USER_AGENT = "Discord-Interactions/1.0 (+https://discord.com)"


class Courier:
    """`url` of None means that interactions go over the Gateway."""

    def __init__(self, world: World) -> None:
        self.world = world
        # One TLS context for all: making one takes longer than a whole test.
        self.http = httpx.AsyncClient(trust_env=False, verify=TLS, timeout=world.rules.response_seconds)

    def _signed(self, body: Json, key: SigningKey) -> tuple[bytes, dict[str, str]]:
        raw = json.dumps(body).encode()
        moment = str(int(self.world.clock.now()))
        signature = key.sign(moment.encode() + raw).signature.hex()
        headers = {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": moment}
        return raw, headers | {"Content-Type": "application/json", "User-Agent": USER_AGENT}

    async def post(self, url: str, body: Json, key: SigningKey | None = None) -> httpx.Response:
        """Signed with the application's key unless another is given. Raises httpx.HTTPError."""
        raw, headers = self._signed(body, key or self.world.key)
        return await self.http.post(url, content=raw, headers=headers)

    async def deliver(self, interaction: Interaction) -> None:
        """See it through until it is answered or has failed. Never raises."""
        world, url = self.world, self.world.application.interactions_url
        if world.faults.delay_interactions:
            await world.clock.sleep(world.faults.delay_interactions)
        again = world.faults.take_duplicate_interaction()
        if url:
            await self._post(interaction, url)
            if again:
                await self._post(interaction, url, repeat=True)
        left = interaction.sent_at + world.rules.response_seconds - world.clock.now()
        while interaction.state == State.SENT and left > 0:
            await world.change(left)
            left = interaction.sent_at + world.rules.response_seconds - world.clock.now()
        interaction.fail("no answer in time")

    async def _post(self, interaction: Interaction, url: str, *, repeat: bool = False) -> None:
        try:
            response = await self.post(url, interaction.payload)
        except httpx.HTTPError as error:
            # A time-out is the app being slow; it may still answer by the callback route until the clock runs out.
            if not isinstance(error, httpx.TimeoutException):
                interaction.fail(f"the app could not be reached: {type(error).__name__}")
            return
        if response.status_code == 202 or repeat:
            return
        if response.status_code != 200:
            interaction.fail(f"the app answered {response.status_code}")
            return
        try:
            body = response.json()
            judge_mentions(self.world.accuse, "inline answer", body if isinstance(body, dict) else {})
            interaction.answer(body)
        except ValueError:
            interaction.fail("the app's answer is no JSON")
        except Refusal as refusal:
            self.world.accuse(f"inline answer: {refusal}")
            interaction.fail(f"the app's answer was refused: {refusal}")

    async def probe(self, url: str) -> str:
        """What Discord does before it takes an endpoint: a PING, and one with a bad signature. Why not, or nothing."""
        ping = {"id": self.world.make_id(), "application_id": self.world.application.id, "type": int(Kind.PING)}
        ping |= {"token": "probe", "version": 1, "entitlements": [], "authorizing_integration_owners": {}}
        return await self._probe(url, ping, _is_pong)

    async def probe_events(self, url: str) -> str:
        """The same of an endpoint for webhook events, whose PING has another number and another answer.

        https://docs.discord.com/developers/events/webhook-events#setting-up-an-endpoint
        """
        ping = {"version": 1, "application_id": self.world.application.id, "type": 0}
        return await self._probe(url, ping, _is_taken)

    async def _probe(self, url: str, ping: Json, is_good: Callable[[httpx.Response], bool]) -> str:
        try:
            good = await self.post(url, ping)
            bad = await self.post(url, ping, SigningKey.generate())
        except httpx.HTTPError as error:
            return f"not reached: {type(error).__name__}"
        if bad.status_code != 401:
            return f"a bad signature got {bad.status_code}, not 401"
        return "" if is_good(good) else f"a PING got {good.status_code}"

    async def close(self) -> None:
        await self.http.aclose()


def _is_pong(response: httpx.Response) -> bool:
    json_there = response.headers.get("content-type", "").startswith("application/json")
    return response.status_code == 200 and json_there and response.json().get("type") == Callback.PONG


def _is_taken(response: httpx.Response) -> bool:
    return response.status_code == 204 and not response.content
