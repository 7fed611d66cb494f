"""Reads what was said in the channels of one server, page by page, oldest first, and admits what of it is for us."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from app.discord.errors import UNKNOWN_CHANNEL
from app.discord.interactions import Malformed
from app.discord.messages import parse
from app.ids import GuildId, MessageId
from app.inbox.answers import answers, reply_of
from app.inbox.messages import names_of, request_of, wanted
from app.inbox.ports import Asks, Discord, Object, Places
from app.inbox.spots import Spot, is_thread
from app.turns.errors import Refused
from app.turns.records import Request
from app.turns.routing import Policy

log = structlog.get_logger()

PAGE = 100


class NotFoundThere(Exception):
    """A thread of ours does not exist any more."""


class Reader:
    """Reads the channels of one server."""

    def __init__(
        self,
        discord: Discord,
        places: Places,
        asks: Asks,
        us: str,
        policy: Policy,
        clock: Callable[[], float],
        guild: GuildId,
    ) -> None:
        self._discord = discord
        self._places = places
        self._asks = asks
        self._us = us
        self._policy = policy
        self._clock = clock
        self._guild = guild
        self._roles: dict[str, tuple[str, ...]] = {}

    async def read(self, spot: Spot) -> int:
        """How many turns came of it. Raises NotFoundThere, Refused, Retriable."""
        admitted = 0
        while True:
            page = await self._page(spot)
            if not page:
                return admitted
            requests = await self._requests(page, spot)
            newest = MessageId(str(page[-1]["id"]))
            admitted += await self._places.admit_page(spot.channel, newest, requests, self._clock())
            spot = replace(spot, after=int(newest), is_ours=spot.is_ours or (bool(requests) and is_thread(spot)))
            if len(page) < PAGE:
                return admitted

    async def _page(self, spot: Spot) -> Sequence[Object]:
        """The oldest first."""
        try:
            page = await self._discord.get_messages(spot.channel, after=str(spot.after))
        except Refused as refusal:
            if spot.is_ours and is_thread(spot) and getattr(refusal, "code", None) == UNKNOWN_CHANNEL:
                raise NotFoundThere from refusal
            raise
        return sorted(page, key=lambda message: int(message["id"]))

    async def _requests(self, page: Sequence[Object], spot: Spot) -> list[Request]:
        found: list[Request] = []
        for said in page:
            request = await self._request(said, spot, follows=bool(found) and is_thread(spot))
            if request is not None:
                found.append(request)
        return found

    async def _request(self, said: Object, spot: Spot, *, follows: bool) -> Request | None:
        """`follows` behind a question in the same thread."""
        try:
            message = parse(said, guild=self._guild, in_thread=is_thread(spot))
        except Malformed as error:
            log.warning("event.unreadable", name="message", why=str(error))
            return None
        if not message.from_person:
            return None
        request = request_of(message, spot.place, self._us, self._policy)
        reply = await reply_of(said, message, names_of(self._us, self._policy), self._asks)
        is_wanted = wanted(request.addressed, ours=spot.is_ours or follows)
        if reply is None and not is_wanted:
            return None
        request = await self._as_member(request)
        if reply is not None and await answers(reply, request, self._asks, self._policy, self._clock()):
            return None
        return request if is_wanted else None

    async def _as_member(self, request: Request) -> Request:
        """A page does not say which roles its authors have."""
        if self._policy.required_role is None:
            return request
        asker = request.asker
        if asker.id not in self._roles:
            self._roles[asker.id] = await self._roles_of(asker.id)
        return replace(request, asker=replace(asker, roles=self._roles[asker.id]))

    async def _roles_of(self, user: str) -> tuple[str, ...]:
        try:
            member = await self._discord.get_member(self._guild, user)
        except Refused:  # no member any more
            return ()
        return tuple(str(role) for role in member.get("roles", ()))
