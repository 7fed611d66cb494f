"""What is said after the first answer, on a Discord that keeps its rules and accuses whoever breaks them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from app.commands.answers import Result, carry_out
from app.discord import payloads
from app.discord.errors import NotFound, TokenDead
from app.discord.identity import Application, Identity
from app.discord.interactions import parse
from app.discord.replies import Replies
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.discord.webhook import SETTLING_SECONDS
from app.turns.errors import Retriable, UnfitFiles
from app.turns.records import File
from app.words.door import FILE_REFUSED, REPORT_REFUSED
from app.words.refusals import TOO_LARGE_HERE
from scripts.playground.discord import Rules, Simulator
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.people import Person

pytestmark = pytest.mark.anyio
BUTTONS = (payloads.row(payloads.button("Reset", "reset"), payloads.button("Keep it", "keep")),)


@dataclass(slots=True)
class Scene:
    discord: Simulator
    ada: Person
    bob: Person
    channel: str
    pauses: list[float] = field(default_factory=list)
    on_pause: Callable[[], object] = lambda: None
    replies: Replies = field(init=False)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.discord.clock.advance(seconds)
        self.on_pause()

    async def ask(self) -> Interaction:
        return await self.ada.command(self.channel, "opencord", (), checked=False)

    def seen_by(self, person: Person) -> list[str]:
        return [message["content"] for message in person.messages(self.channel)]


async def unasked() -> Application:
    raise AssertionError("everything is known")


@asynccontextmanager
async def scene(rules: Rules | None = None, *, introduced: bool = True) -> AsyncIterator[Scene]:
    async with Simulator(rules=rules or Rules(window=0.02)) as discord, httpx.AsyncClient() as http:
        ada, bob = discord.add_person("Ada"), discord.add_person("Bob")
        here = Scene(discord, ada, bob, discord.channel("general").id)
        known = (discord.application_id, discord.public_key) if introduced else ()
        identity = Identity(unasked, discord.clock.now, *known)
        rest = Rest(Transport(http, discord.api_url, discord.token))
        here.replies = Replies(rest, identity, clock=discord.clock.now, sleep=here.pause)
        yield here
        # What was too early or too late is not found; nothing else may be wrong with what we send.
        assert [one for one in discord.violations if ": 404 " not in one] == []


async def test_the_asker_reads_the_edit_and_everybody_what_follows() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))

        await here.replies.edit(parse(asked.payload), "the machine is gone")
        await here.replies.post(parse(asked.payload), "Ada reset the machine, @everyone")

        assert here.seen_by(here.ada) == ["the machine is gone", "Ada reset the machine, @everyone"]
        assert here.seen_by(here.bob) == ["Ada reset the machine, @everyone"]
        said = here.bob.messages(here.channel)[-1]
        assert (said["mention_everyone"], said.get("message_reference")) == (False, None), "it is no reply to a whisper"


async def test_buttons_come_with_one_edit_and_go_with_the_next() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))

        await here.replies.edit(parse(asked.payload), "Shall I?", BUTTONS)
        (shown,) = here.ada.messages(here.channel)
        await here.replies.edit(parse(asked.payload), "Done.")

        assert [button["label"] for button in shown["components"][0]["components"]] == ["Reset", "Keep it"]
        assert here.ada.messages(here.channel)[0]["components"] == []


async def test_after_a_press_the_message_with_the_button_is_edited() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.told("Shall I?", components=BUTTONS))
        press = await here.ada.press(here.ada.messages(here.channel)[0], "reset")
        press.answer(payloads.updated("Under way"))

        await here.replies.edit(parse(press.payload), "Done.")
        await here.replies.post(parse(press.payload), "Ada did it")

        assert here.seen_by(here.ada) == ["Done.", "Ada did it"]
        assert here.seen_by(here.bob) == ["Ada did it"]


async def test_a_press_that_was_only_heard_leaves_everything_as_it_was_until_the_edit() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.told("Shall I?", components=BUTTONS))
        press = await here.ada.press(here.ada.messages(here.channel)[0], "reset")
        press.answer(payloads.deferred_update())

        before = here.seen_by(here.ada)
        await here.replies.edit(parse(press.payload), "Done.")

        assert (before, here.seen_by(here.ada)) == (["Shall I?"], ["Done."])


async def test_a_text_that_is_too_long_is_shortened() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred())

        await here.replies.edit(parse(asked.payload), "word " * 1_000)
        await here.replies.post(parse(asked.payload), "\U0001f600" * 3_000)

        assert all(text.endswith("…") and len(text.encode("utf-16-le")) <= 4_000 for text in here.seen_by(here.bob))


async def test_a_reply_that_is_quicker_than_the_first_answer_waits_for_it() -> None:
    async with scene() as here:
        asked = await here.ask()

        def arrive() -> None:
            if len(here.pauses) == 3:
                asked.answer(payloads.deferred(ephemeral=True))

        here.on_pause = arrive
        await here.replies.edit(parse(asked.payload), "done")

        assert here.seen_by(here.ada) == ["done"]
        assert here.pauses == [0.1, 0.2, 0.4]


async def test_a_first_answer_that_never_arrives_is_waited_for_as_long_as_it_can() -> None:
    async with scene(Rules(window=0.02, response_seconds=60)) as here:
        asked = await here.ask()

        with pytest.raises(TokenDead):
            await here.replies.edit(parse(asked.payload), "done")

        assert sum(here.pauses) > SETTLING_SECONDS
        asked.answer(payloads.deferred())  # else the simulator waits for it


async def test_after_a_quarter_of_an_hour_nothing_can_be_said() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred())
        here.discord.clock.advance(15 * 60)

        with pytest.raises(TokenDead) as failure:
            await here.replies.edit(parse(asked.payload), "done")

        assert here.discord.requests == []
        assert asked.token not in str(failure.value) + failure.value.tell


async def test_an_answer_that_somebody_deleted_is_gone() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))
        assert asked.original is not None
        await here.ada.delete(here.channel, asked.original.id)

        with pytest.raises(NotFound):
            await here.replies.edit(parse(asked.payload), "done")


async def test_before_discord_has_told_who_we_are_nothing_can_be_said() -> None:
    async with scene(introduced=False) as here:
        asked = await here.ask()
        asked.answer(payloads.deferred())

        with pytest.raises(Retriable):
            await here.replies.edit(parse(asked.payload), "done")


async def test_files_come_with_one_edit_and_go_with_the_next() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred())

        await here.replies.edit(parse(asked.payload), "the changes", files=[File("a.diff", b"+x")])
        (shown,) = here.ada.messages(here.channel)
        await here.replies.edit(parse(asked.payload), "none")

        assert [here.ada.download(file) for file in shown["attachments"]] == [b"+x"]
        assert here.ada.messages(here.channel)[0]["attachments"] == []


async def test_what_is_said_to_everybody_makes_no_noise() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))
        await here.replies.edit(parse(asked.payload), "done")

        await here.replies.post(parse(asked.payload), f"for <@{here.bob.id}>")

        assert here.bob.notifications() == []
        assert here.bob.messages(here.channel)[-1]["flags"] & 1 << 12


async def test_what_is_for_everybody_is_said_in_the_channel_when_the_interaction_is_too_old() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))
        here.discord.clock.advance(15 * 60)

        for _ in range(2):
            await here.replies.post(parse(asked.payload), "the machine is gone", BUTTONS, [File("a", b"x")])

        (shown,) = here.bob.messages(here.channel)
        assert shown["content"] == "the machine is gone"
        assert (len(shown["components"]), len(shown["attachments"])) == (1, 1)


async def test_files_that_discord_refuses_can_be_left_out() -> None:
    async with scene(Rules(window=0.02, file_bytes=10)) as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))

        with pytest.raises(UnfitFiles) as refusal:
            await here.replies.edit(parse(asked.payload), "the changes", files=[File("a.diff", b"x" * 11)])
        here.discord.violations.clear()
        await here.replies.edit(parse(asked.payload), "no changes")

        assert refusal.value.tell == TOO_LARGE_HERE
        assert here.seen_by(here.ada) == ["no changes"]


async def test_a_report_that_discord_refuses_is_told_to_its_asker_and_to_nobody_else() -> None:
    async with scene(Rules(window=0.02, file_bytes=10)) as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))

        async def work() -> Result:
            return Result("the changes", files=(File("a.diff", b"x" * 11),), aloud="Ada looked")

        await carry_out(work, parse(asked.payload), here.replies)
        here.discord.violations.clear()

        assert here.seen_by(here.ada) == [
            f"the changes\n-# {FILE_REFUSED.format(reason=TOO_LARGE_HERE)}",
            "Ada looked",
        ]
        assert here.seen_by(here.bob) == ["Ada looked"]


async def test_an_ordinary_message_takes_the_place_of_no_answer_that_is_still_owed() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))

        await here.replies.post(parse(asked.payload), "Ada did it")
        await here.replies.edit(parse(asked.payload), "Done.")

        assert here.seen_by(here.ada) == ["Done.", "Ada did it"]
        assert here.seen_by(here.bob) == ["Ada did it"]


async def test_a_report_that_discord_refuses_for_its_buttons_is_not_left_thinking() -> None:
    async with scene() as here:
        asked = await here.ask()
        asked.answer(payloads.deferred(ephemeral=True))

        async def work() -> Result:
            return Result("Shall I?", (*BUTTONS, *BUTTONS), aloud="Ada asked")

        await carry_out(work, parse(asked.payload), here.replies)
        here.discord.violations.clear()

        assert here.seen_by(here.ada) == [REPORT_REFUSED, "Ada asked"]
