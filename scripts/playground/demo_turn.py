"""One turn without a browser: somebody types `/opencord ask`, the answer is waited for, and the conversation is written
out with the tools that OpenCode ran for it.

Discord is looked at as a person sees it. When the turn is over, and which tools ran, is known to nobody in Discord:
that is read from the app's own store and from the sandbox's OpenCode.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.connections import open_http
from app.ids import SessionId, TurnId
from app.opencode.client import Client, Missing
from app.opencode.config import VERSION
from app.opencode.transcript import Fate, Message, message_id, outcome_of
from app.sandboxes.ports import Sandbox
from app.sandboxes.provider import Endpoint
from app.store.ledger import SqliteLedger
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.errors import Refused, Retriable
from app.turns.machine import LIVE, Stage
from app.turns.records import Turn
from scripts.playground.demo_app import App, Trouble
from scripts.playground.demo_machines import Machines
from scripts.playground.discord import InteractionFailed, Person, Simulator

ANSWER_SECONDS = 10.0  # more than Discord gives it
LOOK_EVERY = 0.2
PAGE = 60  # messages
WIDEST = 110


@dataclass(frozen=True, slots=True)
class Outcome:
    """`trouble` is why there is no answer; None when there is one."""

    transcript: str
    trouble: str | None


async def take_turn(
    discord: Simulator, person: Person, app: App, machines: Machines, home: Path, prompt: str, within: float
) -> Outcome:
    """Ask, and wait at most so many seconds for the end of the turn. Raises Trouble when the app does not respond, or
    ends meanwhile."""
    channel = discord.channel("general").id
    interaction = await person.command(channel, "opencord", {"ask": {"prompt": prompt}})
    try:
        await interaction.response(within=ANSWER_SECONDS)
    except InteractionFailed as error:
        raise Trouble(f"the app did not respond to the command: {error}") from error
    sqlite = Sqlite(home / "discord.sqlite")
    await sqlite.open()
    try:
        turn = await ended_turn(SqliteLedger(sqlite), TurnId(interaction.id), app, within)
        sandbox = await SqliteShelf(sqlite).sandbox_of(turn.thread) if turn and turn.thread else None
    finally:
        await sqlite.close()
    messages = await messages_of(sandbox, machines) if sandbox else []
    places = [channel, *([turn.thread] if turn and turn.thread else [])]
    sections = [*(discord.transcript(place).rstrip() for place in places), *tool_section(messages)]
    return Outcome("\n\n".join(sections), trouble_of(turn, messages, within))


async def ended_turn(ledger: SqliteLedger, id: TurnId, app: App, within: float) -> Turn | None:
    """The turn as it is at its end, when its status message says so too, or when time is up; None if it was never
    admitted."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while (turn := await ledger.turn(id)) and loop.time() < deadline:
        if turn.stage not in LIVE and not await ledger.unclosed(1):
            break
        app.check()
        await asyncio.sleep(LOOK_EVERY)
    return turn


async def messages_of(sandbox: Sandbox, machines: Machines) -> Sequence[Message]:
    """What the sandbox's OpenCode remembers of its session; nothing when it cannot be asked."""
    if sandbox.password is None or sandbox.session is None:
        return []
    async with open_http() as http:
        for port in machines.ports(sandbox):
            client = Client(http, Endpoint(f"http://127.0.0.1:{port}"), sandbox.password)
            try:
                return await whole(client, sandbox.session)
            except (Missing, Retriable, Refused):
                continue
    return []


async def whole(client: Client, session: SessionId) -> list[Message]:
    """All of its messages, in order."""
    messages: list[Message] = []
    before = None
    while True:
        page, before = await client.page(session, PAGE, before)
        messages = [*page, *messages]
        if before is None:
            return messages


def trouble_of(turn: Turn | None, messages: Sequence[Message], within: float) -> str | None:
    if turn is None:
        return "the app did not take the command; what it said is above"
    if turn.stage in LIVE:
        return f"there was no answer within {within:.0f} s; the turn is {turn.stage}"
    if turn.stage is not Stage.DELIVERED:
        return f"the turn ended as {turn.stage}: {turn.failure or 'no reason was noted'}"
    # An apology is delivered like an answer: OpenCode knows whether it answered.
    if outcome_of(messages, message_id(turn.id)).fate is not Fate.ANSWERED:
        return f"the turn failed: {turn.failure or 'the apology is above'}"
    return None


def tool_section(messages: Sequence[Message]) -> Iterator[str]:
    parts = [part for message in messages for part in message["parts"] if part["type"] == "tool"]
    if parts:
        yield "\n".join([f"── tools that OpenCode {VERSION} ran ──", *map(tool_line, parts)])


def tool_line(part: Message) -> str:
    state = part["state"]
    given = state.get("input") or {}
    what = str(state.get("title") or given.get("command") or given.get("filePath") or "").splitlines()
    return f"{part['tool']:<10} {(what[0] if what else '')[:WIDEST]}  [{state['status']}]"
