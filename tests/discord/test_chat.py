"""The chat, against a Discord that keeps its rules and accuses whoever breaks them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from app.commands import REGISTRATION
from app.discord import payloads
from app.discord.attachments import attachments_of
from app.discord.chat import DiscordChat, opener
from app.discord.downloads import Downloads
from app.discord.errors import Forbidden, NotFound, Rejected
from app.discord.identity import Application, Identity
from app.discord.interactions import parse
from app.discord.rest import Rest
from app.discord.text import units
from app.discord.transport import Transport
from app.ids import AskId, ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.turns.asks import Asked, AskState
from app.turns.errors import Refused, Retriable, Unfit, UnfitFiles, Withdrawn
from app.turns.machine import Stage
from app.turns.preferences import Preference
from app.turns.progress import Allowed, Answered, Ask, Option, Permission, Question
from app.turns.records import About, Asker, Content, File, Parcel, Place, Request, Source, Turn
from app.turns.status import Outcome, Phase, Status, Summary
from scripts.playground.discord import Rules, Simulator
from scripts.playground.discord.errors import Json
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.people import Person
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Overwrite, Upload
from scripts.register_commands import register
from tests.samples import accepted

pytestmark = pytest.mark.anyio

A_QUARTER_OF_AN_HOUR = 15 * 60.0
EMBEDLESS = 1 << 2  # https://docs.discord.com/developers/resources/message#message-object-message-flags


@dataclass(frozen=True, slots=True)
class Scene:
    discord: Simulator
    ada: Person
    rest: Rest
    chat: DiscordChat
    pauses: list[float]
    channel: ChannelId

    async def ask(self, prompt: str = "list the files", *, answered: bool = True) -> tuple[Interaction, Turn]:
        """Ada asks by a command, and Discord has our deferred answer."""
        options = [{"type": 1, "name": "ask", "options": [{"type": 3, "name": "prompt", "value": prompt}]}]
        asked = await self.ada.command(self.channel, "opencord", options, checked=False)
        if answered:
            asked.answer(payloads.deferred())
        return asked, turn_of(asked)

    async def write(self, content: str) -> Turn:
        message = await self.ada.write(self.channel, content)
        place = Place(GuildId(self.discord.guild), self.channel)
        return turn(message["id"], Source.MESSAGE, place, Asker(UserId(self.ada.id), "Ada"), content)

    async def thread(self) -> ThreadId:
        message = await self.ada.write(self.channel, "let us talk")
        return await self.chat.start_thread(self.channel, message["id"], "talk")

    async def ask_in_thread(self) -> Turn:
        """A message in a thread that hangs on another one."""
        thread = await self.thread()
        message = await self.ada.write(thread, "and now?")
        place = Place(GuildId(self.discord.guild), self.channel, thread)
        asked = turn(message["id"], Source.MESSAGE, place, Asker(UserId(self.ada.id), "Ada"), "and now?")
        return replace(asked, opener=MessageId(asked.id))

    def deny(self, permission: May) -> None:
        """To everybody, in the channel and its threads."""
        everybody = Overwrite(self.discord.guild, 0, deny=int(permission))
        self.discord.channel("general").overwrites[everybody.id] = everybody

    def message(self, channel: str, id: str) -> Json:
        (found,) = (message for message in self.ada.messages(channel) if message["id"] == id)
        return found

    def texts(self, channel: str) -> list[str]:
        return [message["content"] for message in self.ada.messages(channel) if message["content"]]

    def called(self, method: str, part: str) -> int:
        return sum(called == method and part in path for called, path, _ in self.discord.requests)


@asynccontextmanager
async def scene(rules: Rules | None = None) -> AsyncIterator[Scene]:
    async with Simulator(rules=rules or Rules(window=0.02)) as discord, httpx.AsyncClient() as http:
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)

        async def asked() -> Application:
            return Application(discord.application_id, discord.public_key, discord.application_id)

        rest = Rest(Transport(http, discord.api_url, discord.token))
        identity = Identity(asked, discord.clock.now, discord.application_id, discord.public_key)
        chat = DiscordChat(rest, identity, Downloads(http, discord.api_url, rest), clock=discord.clock.now, sleep=pause)
        ada = discord.add_person("Ada")
        yield Scene(discord, ada, rest, chat, pauses, ChannelId(discord.channel("general").id))


async def unasked() -> Application:
    raise AssertionError("everything is known")


def turn_of(asked: Interaction) -> Turn:
    interaction = parse(asked.payload)
    assert interaction.place is not None
    assert interaction.member is not None
    prompt = str(interaction.options["prompt"])
    return turn(interaction.id, Source.COMMAND, interaction.place, interaction.member, prompt, interaction.token)


def turn(
    turn_id: str, source: Source, place: Place, asker: Asker, prompt: str, interaction_token: str | None = None
) -> Turn:
    return accepted(Request(TurnId(turn_id), source, place, asker, prompt, interaction_token))


# --- the opener --------------------------------------------------------------------------------------------------


async def test_a_command_is_shown_as_a_quote_in_place_of_the_deferred_answer() -> None:
    async with scene() as here:
        asked, turn = await here.ask("list the files\nand be quick")
        message = await here.chat.post_opener(turn)
        again = await here.chat.post_opener(turn)
    assert message == again == asked.original.id  # type: ignore[union-attr]
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files\n> and be quick"]
    assert here.discord.violations == []


async def test_a_long_prompt_is_shortened_in_the_quote() -> None:
    async with scene() as here:
        _, turn = await here.ask("word " * 1200)
        await here.chat.post_opener(turn)
    (text,) = here.texts(here.channel)
    assert 1900 < len(text) <= 2000
    assert text.endswith("word…")
    assert here.discord.violations == []


@pytest.mark.parametrize(
    "prompt", ["x" * 6000, "\n" * 100 + "x" * 5000, "a\n" * 3000, "\U0001f600" * 3000, "> " * 3000]
)
def test_every_opener_fits(prompt: str) -> None:
    asker = Asker(UserId("1"), "*" * 32)
    asked = turn("1", Source.COMMAND, Place(GuildId("1"), ChannelId("2")), asker, prompt)
    assert len(opener(asked)) <= 2000
    assert all(line.startswith(">") for line in opener(asked).split("\n")[1:])


def test_an_opener_says_what_is_chosen_with_the_question() -> None:
    wishes = {Preference.MODEL: "opencode/gpt", Preference.REPOSITORY: "https://x.example/" + "a" * 280}
    asked = turn("1", Source.COMMAND, Place(GuildId("1"), ChannelId("2")), Asker(UserId("1"), "Ada"), "word " * 1200)

    lines = opener(replace(asked, wishes=wishes)).split("\n")

    assert lines[-1].startswith(
        "-# ⚙️ in this thread from here on: model `opencode/gpt`, repository `https://x.example/aa"
    )
    assert sum(map(len, lines)) <= 2000


async def test_a_turn_that_is_quicker_than_the_deferred_answer_waits_for_it() -> None:
    async with scene() as here:
        asked, turn = await here.ask(answered=False)

        async def arrive(seconds: float) -> None:
            asked.answer(payloads.deferred())

        here.chat._webhook._sleep = arrive
        await here.chat.post_opener(turn)
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"]
    assert here.called("POST", "/messages") == 0


async def test_a_deferred_answer_that_does_not_arrive_at_once_is_left_to_the_turn() -> None:
    async with scene() as here:
        asked, turn = await here.ask(answered=False)
        with pytest.raises(Retriable) as failure:
            await here.chat.post_opener(turn)
        asked.answer(payloads.deferred())  # else the simulator waits for it
    assert failure.value.after == 0.5
    assert sum(here.pauses) < 1
    assert here.texts(here.channel) == []


async def test_an_interaction_that_was_never_answered_is_shown_as_an_ordinary_message() -> None:
    async with scene() as here:
        _, turn = await here.ask(answered=False)
        here.discord.clock.advance(6)
        await here.chat.post_opener(turn)
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"]


async def test_after_a_quarter_of_an_hour_the_opener_is_an_ordinary_message_and_only_one() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR + 1)
        first = await here.chat.post_opener(turn)
        soon = await here.chat.post_opener(turn)
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR)  # the nonce is forgotten
        late = await here.chat.post_opener(repeated(turn))
    assert first == soon == late
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"]
    assert here.called("PATCH", "/webhooks/") == 0
    assert here.discord.violations == []


async def test_two_who_ask_the_same_at_once_have_an_opener_each() -> None:
    """Of a press nothing is left in the opener that tells one from the other."""
    async with scene() as here:
        asked = [replace((await here.ask())[1], interaction_token=None) for _ in range(2)]
        openers = [await here.chat.post_opener(turn) for turn in asked]
    assert len(set(openers)) == 2
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"] * 2


def repeated(turn: Turn) -> Turn:
    """As somebody takes it up who does not know what came of the first attempt."""
    return replace(turn, attempts=1)


async def test_an_opener_that_was_shown_in_time_is_found_when_the_token_is_dead() -> None:
    async with scene() as here:
        _, earlier = await here.ask()
        _, turn = await here.ask()
        _, later = await here.ask()
        for asked in (earlier, later):
            await here.chat.post_opener(asked)
        shown = await here.chat.post_opener(turn)
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR + 1)
        found = await here.chat.post_opener(repeated(turn))
    assert found == shown
    assert len(here.texts(here.channel)) == 3


async def test_the_same_words_in_reply_to_another_command_are_not_taken_for_ours() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        _, other = await here.ask()
        theirs = await here.chat.post_opener(other)
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR + 1)
        ours = await here.chat.post_opener(turn)
    assert ours != theirs


async def test_before_discord_has_told_who_we_are_a_turn_waits() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        here.chat._webhook._identity = Identity(unasked, here.discord.clock.now)
        with pytest.raises(Retriable):
            await here.chat.post_opener(turn)
    assert here.discord.requests == []


async def test_a_token_that_dies_early_is_no_trouble() -> None:
    async with scene(Rules(window=0.02, token_seconds=20)) as here:
        _, turn = await here.ask()
        here.discord.clock.advance(30)
        message = await here.chat.post_opener(turn)
        thread = await here.chat.start_thread(here.channel, message, "files")
    assert str(thread) == message
    assert here.called("PATCH", "/webhooks/") == 1


async def test_an_opener_that_a_moderator_deleted_is_made_again() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        original = await here.chat.post_opener(turn)
        here.discord.world.channel(here.channel).messages.pop(original)
        assert here.texts(here.channel) == []
        await here.chat.post_opener(turn)
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"]


# --- the thread --------------------------------------------------------------------------------------------------


async def test_a_thread_is_made_once_and_found_after_that() -> None:
    async with scene() as here:
        turn = await here.write("hello")
        first = await here.chat.start_thread(here.channel, MessageId(turn.id), "  a\nname " + "x" * 200)
        again = await here.chat.start_thread(here.channel, MessageId(turn.id), "another name")
        channel = await here.rest.get_channel(first)
    assert str(first) == str(again) == turn.id
    assert channel["name"].startswith("a name xxx")
    assert len(channel["name"]) == 100


async def test_a_thread_that_may_not_be_made_is_refused_by_the_permissions_name() -> None:
    async with scene() as here:
        deny = Overwrite(here.discord.guild, 0, deny=int(May.CREATE_PUBLIC_THREADS))
        quiet = here.discord.add_channel("quiet", overwrites=[deny])
        message = await here.ada.write(quiet.id, "hello")
        with pytest.raises(Forbidden) as refusal:
            await here.chat.start_thread(ChannelId(quiet.id), message["id"], "x")
    assert "“Create Public Threads”" in refusal.value.tell


async def test_a_place_is_a_channel_or_a_thread_of_one_and_its_category_is_the_channels() -> None:
    async with scene() as here:
        category = here.discord.add_channel("work", type=4)
        inside = here.discord.add_channel("inside", parent=category.id)
        message = await here.ada.write(inside.id, "hello")
        thread = await here.chat.start_thread(ChannelId(inside.id), message["id"], "x")
        guild, parent = GuildId(here.discord.guild), ChannelId(inside.id)
        vague = [Place(guild, parent, vague=True), Place(guild, ChannelId(thread), vague=True)]
        vague += [Place(guild, ChannelId(thread), thread, vague=True), Place(guild, here.channel, vague=True)]
        located = [await here.chat.locate(place) for place in vague]
        whole = Place(guild, parent, thread, ChannelId(category.id))
        assert located == [Place(guild, parent, None, ChannelId(category.id)), whole, whole, Place(guild, here.channel)]


# --- the answer --------------------------------------------------------------------------------------------------


def parcel(ordinal: int, text: str, *files: File, notify: UserId | None = None) -> Parcel:
    return Parcel(ordinal, Content(text, files), f"t-{ordinal}", notify)


def test_an_answer_is_cut_and_its_last_message_mentions_the_asker_in_any_case() -> None:
    chat = DiscordChat.__new__(DiscordChat)
    asker = UserId("300000000000000000")

    assert chat.compose(" \n") == []
    assert chat.compose("hello") == [Content("hello")]
    assert chat.compose("hello", asker) == [Content("hello\n-# <@300000000000000000>")]
    assert chat.compose("", asker) == [Content("-# <@300000000000000000>")]


@pytest.mark.parametrize("length", [1_975, 1_976, 1_977, 2_000, 3_999, 4_000])
def test_a_full_message_is_cut_once_more_for_the_mention(length: int) -> None:
    text = ("word " * 1_000)[:length]

    contents = DiscordChat.__new__(DiscordChat).compose(text, UserId("300000000000000000"))

    assert all(len(content.text) <= 2_000 for content in contents)
    assert contents[-1].text.endswith("\n-# <@300000000000000000>")
    assert " ".join(content.text for content in contents).split()[:-2] == text.split()


def test_a_file_stays_with_the_mention() -> None:
    contents = DiscordChat.__new__(DiscordChat).compose("word " * 5_000, UserId("300000000000000000"))

    assert [len(content.files) for content in contents][-1] == 1
    assert contents[-1].text.endswith("-# <@300000000000000000>")


async def test_a_parcel_arrives_once_by_its_nonce() -> None:
    async with scene() as here:
        thread = await here.thread()
        first = await here.chat.post(thread, parcel(0, "@everyone look: https://example.com"), None)
        again = await here.chat.post(thread, parcel(0, "@everyone look: https://example.com"), None)
        other = await here.chat.post(thread, parcel(1, "more"), None)
    assert first == again != other
    assert here.texts(thread) == ["@everyone look: https://example.com", "more"]
    (message, _) = [message for message in here.ada.messages(thread) if message["content"]]
    assert message["mention_everyone"] is False
    assert message["flags"] & 4
    assert here.discord.violations == []


async def test_without_leave_to_attach_files_only_the_files_are_refused() -> None:
    async with scene() as here:
        thread = await here.thread()
        here.deny(May.ATTACH_FILES)
        with pytest.raises(UnfitFiles) as refusal:
            await here.chat.post(thread, parcel(0, "look", File("a.txt", b"one")), None)
        await here.chat.post(thread, parcel(0, "look"), None)
    assert "“Attach Files”" in refusal.value.tell
    assert here.texts(thread) == ["look"]


async def test_without_leave_to_write_nothing_else_is_worth_a_try() -> None:
    async with scene() as here:
        thread = await here.thread()
        here.deny(May.SEND_MESSAGES_IN_THREADS)
        with pytest.raises(Forbidden) as refusal:
            await here.chat.post(thread, parcel(0, "look"), None)
    assert "Send Messages" in refusal.value.tell


@pytest.mark.parametrize("files", [(), (File("a.txt", b"one"),)], ids=["without files", "with a file"])
@pytest.mark.parametrize(
    ("status", "code", "alone", "with_files"),
    [
        (400, 200000, Unfit, Unfit),  # AutoMod, which reads words
        (400, 240000, Unfit, Unfit),
        (400, 50035, Unfit, UnfitFiles),
        (403, 50013, Forbidden, UnfitFiles),
        (413, 40005, Rejected, UnfitFiles),
        (403, 50001, Forbidden, Forbidden),
        (404, 10003, NotFound, NotFound),
        (400, 160005, Rejected, Rejected),  # locked
        (400, 50083, Rejected, Rejected),
    ],
)
async def test_a_refusal_tells_whether_it_is_about_the_message_or_about_all(
    status: int, code: int, alone: type[Refused], with_files: type[Refused], files: tuple[File, ...]
) -> None:
    async with scene() as here:
        thread = await here.thread()
        body = {"code": code, "message": "No."}
        here.discord.faults.fail(method="POST", path=r"/channels/\d+/messages", status=status, body=body)
        with pytest.raises(Refused) as refusal:
            await here.chat.post(thread, parcel(0, "look", *files), None)
    assert type(refusal.value) is (with_files if files else alone)


async def test_a_remark_below_a_full_message_costs_none_of_it() -> None:
    async with scene() as here:
        first, last = here.chat.annotate(Content("word " * 390 + "\n-# <@7>", (File("a.txt", b"one"),)), "No. " * 40)
    text = f"{first.text} {last.text}"
    assert text.count("word") == 390
    assert last.text.endswith("No. " * 39 + "No.")
    assert "<@7>" in last.text
    assert max(units(first.text), units(last.text)) <= 2000
    assert (first.files, last.files) == ((), ())


async def test_a_parcel_whose_receipt_was_lost_arrives_once() -> None:
    async with scene() as here:
        thread = await here.thread()
        here.discord.faults.fail(method="POST", path=r"/channels/\d+/messages", after_effect=True, drop=True)
        message = await here.chat.post(thread, parcel(0, "the answer"), None)
    assert here.texts(thread) == ["the answer"]
    assert here.ada.messages(thread)[-1]["id"] == message


async def test_more_parcels_than_the_rate_limit_allows_arrive_in_order() -> None:
    async with scene(Rules(window=0.02)) as here:
        thread = await here.thread()
        for number in range(12):
            await here.chat.post(thread, parcel(number, f"part {number}"), None)
    assert here.texts(thread) == [f"part {number}" for number in range(12)]
    assert [status for *_, status in here.discord.requests if status == 429] == []


async def test_our_own_message_is_found_behind_pages_of_others() -> None:
    async with scene() as here:
        thread = await here.thread()
        await here.chat.post(thread, parcel(0, "the answer"), None)
        start = MessageId(here.ada.messages(thread)[-1]["id"])
        for number in range(130):
            await here.ada.write(thread, "the answer" if number % 2 else f"chatter {number}")
        ours = await here.chat.post(thread, parcel(1, "the answer"), None)
        found = await here.chat.find_posted(thread, start, parcel(1, "\nthe answer "))
        missed = await here.chat.find_posted(thread, ours, parcel(1, "the answer"))
    assert found == ours
    assert missed is None


async def test_the_oldest_of_two_equal_messages_is_found() -> None:
    async with scene() as here:
        thread = await here.thread()
        first = await here.chat.post(thread, parcel(0, "```\n```"), None)
        second = await here.chat.post(thread, parcel(1, "```\n```"), None)
        assert await here.chat.find_posted(thread, thread, parcel(0, "```\n```")) == first
        assert await here.chat.find_posted(thread, first, parcel(0, "```\n```")) == second


async def test_a_thread_that_is_gone_or_locked_is_told_in_words() -> None:
    async with scene() as here:
        with pytest.raises(NotFound) as gone:
            await here.chat.post(ThreadId("1"), parcel(0, "x"), None)
        thread = await here.thread()
        moderator = here.discord.add_person("Mo", permissions=int(May.MANAGE_THREADS))
        await moderator.change_thread(thread, locked=True, archived=True)
        with pytest.raises(Rejected) as locked:
            await here.chat.post(thread, parcel(0, "x"), None)
    assert "could not find that channel or thread" in gone.value.tell
    assert "locked" in locked.value.tell


async def test_files_travel_with_their_message_and_are_found_with_it() -> None:
    async with scene() as here:
        thread = await here.thread()
        files = File("my résumé.txt", b"one"), File("chart.png", b"three")
        one, other = parcel(0, "look", *files), parcel(1, "look", File("chart.png", b"other one"))
        first = await here.chat.post(thread, one, None)
        again = await here.chat.post(thread, one, None)
        second = await here.chat.post(thread, other, None)
        found = await here.chat.find_posted(thread, thread, one)
        found_other = await here.chat.find_posted(thread, thread, other)
        missed = await here.chat.find_posted(thread, thread, parcel(0, "look"))
        message = here.message(thread, first)
    assert [here.ada.download(attachment) for attachment in message["attachments"]] == [b"one", b"three"]
    assert first == again == found
    assert second == found_other
    assert missed is None
    assert here.discord.violations == []


async def test_nobody_is_notified_but_the_one_whom_a_parcel_is_for() -> None:
    async with scene() as here:
        bob = here.discord.add_person("Bob")
        asked = await here.ask_in_thread()
        await bob.write(asked.home, "me too")
        both = f"<@{bob.id}> <@{here.ada.id}> @everyone"
        first = await here.chat.post(asked.home, parcel(0, both), asked.opener)
        last = await here.chat.post(asked.home, parcel(1, both, notify=asked.asker.id), asked.opener)
        heard = [message["id"] for message in here.ada.notifications(asked.home)]
        shown = [here.message(asked.home, id) for id in (first, last)]
    assert [message["flags"] & EMBEDLESS for message in shown] == [EMBEDLESS, EMBEDLESS]
    assert heard == [last]
    assert bob.notifications(asked.home) == []
    assert here.message(asked.home, last)["message_reference"]["message_id"] == asked.opener


async def test_a_file_that_is_too_large_is_told_in_words() -> None:
    async with scene(Rules(window=0.02, file_bytes=10)) as here:
        thread = await here.thread()
        with pytest.raises(UnfitFiles) as refusal:
            await here.chat.post(thread, parcel(0, "x", File("a", b"x" * 11)), None)
    assert "too large" in refusal.value.tell


@pytest.mark.parametrize(
    ("missing", "name", "files"),
    [
        (May.SEND_MESSAGES_IN_THREADS, "Send Messages in Threads", ()),
        (May.ATTACH_FILES, "Attach Files", (File("a", b"x"),)),
        (May.READ_MESSAGE_HISTORY, "Read Message History", ()),
        (May.VIEW_CHANNEL, "View Channel", ()),
    ],
)
async def test_a_permission_that_is_missing_is_told_by_its_name(
    missing: May, name: str, files: tuple[File, ...]
) -> None:
    async with scene() as here:
        asked = await here.ask_in_thread()
        deny = Overwrite(here.discord.guild, 0, deny=int(missing))
        here.discord.channel("general").overwrites[deny.id] = deny
        with pytest.raises(Refused) as refusal:
            await here.chat.post(asked.home, parcel(0, "x", *files), asked.opener)
    assert name in refusal.value.tell


# --- the status --------------------------------------------------------------------------------------------------

AT_WORK = Status(Phase.THINKING, 1_700_000_000.0)


@pytest.mark.parametrize(("phase", "words"), [(Phase.QUEUED, "🕒 **Queued**"), (Phase.NEXT, "⏳ **Next**")])
async def test_a_status_is_posted_once_and_silently_in_reply_to_its_question(phase: Phase, words: str) -> None:
    async with scene() as here:
        asked = await here.ask_in_thread()
        first = await here.chat.post_status(asked, Status(phase, 0.0))
        soon = await here.chat.post_status(asked, AT_WORK)
        here.discord.clock.advance(3_600)  # the nonce is forgotten
        late = await here.chat.post_status(replace(asked, attempts=1), AT_WORK)
        message = here.message(asked.home, first)
    assert first == soon == late
    assert message["message_reference"]["message_id"] == asked.opener
    assert message["content"].startswith(f"-# {words}")
    assert message["flags"] & 1 << 12
    assert here.ada.notifications() == []
    assert here.discord.violations == []


async def test_each_question_has_a_status_of_its_own() -> None:
    async with scene() as here:
        one = await here.ask_in_thread()
        other = replace(one, id=TurnId(str(int(one.id) - 1)))
        first = await here.chat.post_status(one, AT_WORK)
        second = await here.chat.post_status(other, AT_WORK)
    assert first != second


async def test_in_a_thread_that_hangs_on_its_question_the_status_replies_to_nothing() -> None:
    async with scene() as here:
        turn = await here.write("do this")
        thread = await here.chat.start_thread(here.channel, MessageId(turn.id), "x")
        place = replace(turn.place, thread=thread)
        asked = replace(turn, place=place, opener=MessageId(turn.id), starts_thread=True)
        message = await here.chat.post_status(asked, AT_WORK)
    assert "message_reference" not in here.message(thread, message)


async def test_a_status_is_edited_in_place_and_becomes_the_summary() -> None:
    async with scene() as here:
        asked = await here.ask_in_thread()
        asked = replace(asked, status=await here.chat.post_status(asked, AT_WORK))
        await here.chat.show_status(asked, Status(Phase.CLONING, 0.0))
        at_work = here.message(asked.home, str(asked.status))
        await here.chat.show_summary(asked, Summary(Outcome.WITHDRAWN, by="@everyone"))
        over = here.message(asked.home, str(asked.status))
    assert "Cloning" in at_work["content"]
    assert "Withdrawn" in over["content"]
    assert (len(at_work["components"]), over["components"], over["mention_everyone"]) == (1, [], False)
    assert here.called("POST", f"/channels/{asked.home}/messages") == 1
    assert here.discord.violations == []


async def test_a_status_that_somebody_deleted_stays_so() -> None:
    async with scene() as here:
        asked = await here.ask_in_thread()
        asked = replace(asked, status=await here.chat.post_status(asked, AT_WORK))
        before = here.texts(asked.home)
        here.discord.world.channel(asked.home).messages.pop(str(asked.status))
        await here.chat.show_status(asked, AT_WORK)
        await here.chat.show_summary(asked, Summary(Outcome.DONE, 1.0))
        after = here.texts(asked.home)
    assert (len(before), len(after)) == (2, 1)


async def test_an_archived_thread_is_left_alone_until_there_is_a_last_word_to_say() -> None:
    async with scene() as here:
        asked = await here.ask_in_thread()
        asked = replace(asked, status=await here.chat.post_status(asked, AT_WORK))
        await here.discord.add_person("Mo", permissions=int(May.MANAGE_THREADS)).change_thread(
            asked.home, archived=True
        )
        with pytest.raises(Refused) as archived:
            await here.chat.show_status(asked, Status(Phase.CLONING, 0.0))
        await here.chat.show_summary(asked, Summary(Outcome.DONE, 1.0))
        shown = here.message(asked.home, str(asked.status))
    assert "archived" in archived.value.tell
    assert "Done" in shown["content"]


async def test_the_last_word_in_a_locked_thread_names_the_permission_that_it_takes() -> None:
    async with scene() as here:
        asked = await here.ask_in_thread()
        asked = replace(asked, status=await here.chat.post_status(asked, AT_WORK))
        moderator = here.discord.add_person("Mo", permissions=int(May.MANAGE_THREADS))
        await moderator.change_thread(asked.home, archived=True, locked=True)
        with pytest.raises(Forbidden) as refusal:
            await here.chat.show_summary(asked, Summary(Outcome.DONE, 1.0))
    assert "Manage Threads" in refusal.value.tell


async def test_in_a_thread_that_was_deleted_nothing_can_be_shown() -> None:
    async with scene() as here:
        asked = await here.ask_in_thread()
        asked = replace(asked, status=await here.chat.post_status(asked, AT_WORK))
        here.discord.world.remove_channel(here.discord.world.channel(asked.home))
        with pytest.raises(NotFound) as refusal:
            await here.chat.show_summary(asked, Summary(Outcome.DONE, 1.0))
    assert "could not find that channel or thread" in refusal.value.tell


async def test_an_announcement_of_files_with_any_names_is_one_plain_message() -> None:
    async with scene() as here:
        asked = await here.ask_in_thread()
        notes = ["Sorry, I left out the file -# **a** <@1> @everyone.txt.", *["Sorry: " + "_x_" * 30] * 30]
        await here.chat.announce(asked, "\n".join(notes))
        await here.chat.announce(asked, "\n".join(notes))
        texts = here.texts(asked.home)
    assert len(texts) == 2
    assert units(texts[-1]) <= 2000
    assert texts[-1].startswith(r"Sorry, I left out the file \-\# \*\*a\*\* \<\@1\> \@everyone.txt." + "\n")
    assert here.discord.violations == []


# --- asks --------------------------------------------------------------------------------------------------------

LONG = "\n".join(f"echo {number}" for number in range(500))
QUESTIONS = (
    Question("Which? " * 400, "One", (Option("Red"), Option("Blue"))),
    Question("Sure?", "Two", (Option("Yes"), Option("No"))),
)


def asked_in(turn: Turn, about: Permission | tuple[Question, ...], id: str = "per_1") -> Asked:
    return Asked(turn.id, Ask(AskId(id), about), AskState.OPEN, 0.0, 1_700_000_000.0)


async def test_an_ask_notifies_the_asker_once_with_the_whole_command() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        turn = replace(turn, status=await here.chat.post_status(turn, AT_WORK))
        asked = asked_in(turn, Permission("bash", LONG))
        first = await here.chat.post_ask(turn, asked)
        soon = await here.chat.post_ask(turn, asked)
        here.discord.clock.advance(3_600)  # the nonce is forgotten
        late = await here.chat.post_ask(replace(turn, attempts=1), asked)
        other = await here.chat.post_ask(turn, asked_in(turn, Permission("bash", LONG), "per_12"))
        message = here.message(turn.home, first)
    assert first == soon == late != other
    assert [one["id"] for one in here.ada.notifications()] == [first, other]
    assert [here.ada.download(file).decode() for file in message["attachments"]] == [LONG]
    assert here.discord.violations == []


async def test_a_message_that_somebody_asks_about_stands_until_it_is_deleted() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        channel = turn.place.channel
        message = (await here.ada.write(channel, "look"))["id"]
        about = About(channel, MessageId(message), "Ada", "look")

        before = await here.chat.stands(about)
        await here.ada.delete(channel, message)
        after = await here.chat.stands(about)

    assert (before, after) == (True, False)


async def test_a_decision_takes_the_buttons_away_and_leaves_the_file() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, Permission("bash", LONG))
        asked = replace(asked, message=await here.chat.post_ask(turn, asked))
        decided = replace(asked, state=AskState.DECIDED, decision=Allowed(False), by="Ada")
        await here.chat.show_ask(turn, decided)
        message = here.message(turn.home, str(asked.message))
    assert message["content"].startswith("-# ✅ **Allowed once** by Ada")
    assert message["components"] == []
    assert [file["filename"] for file in message["attachments"]] == ["command.sh"]
    assert here.discord.violations == []


async def test_the_next_question_takes_the_place_of_the_one_before_and_of_its_file() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, QUESTIONS, "que_1")
        asked = replace(asked, message=await here.chat.post_ask(turn, asked))
        first = here.message(turn.home, str(asked.message))
        await here.chat.show_ask(turn, replace(asked, answers=(("Red",),)))
        second = here.message(turn.home, str(asked.message))
        over = replace(asked, state=AskState.SETTLED, decision=Answered((("Red",), ("Yes",))), by="Ada")
        await here.chat.show_ask(turn, over)
        third = here.message(turn.home, str(asked.message))
    assert [[file["filename"] for file in shown["attachments"]] for shown in (first, second, third)] == [
        ["question.md"],
        [],
        ["answers.md"],
    ]
    assert "Question 2 of 2" in second["content"]
    assert here.ada.id in first["content"]
    assert not any(here.ada.id in shown["content"] for shown in (second, third))
    assert third["components"] == []
    assert len(here.ada.notifications()) == 1
    assert here.discord.violations == []


async def test_what_was_decided_is_shown_in_an_archived_thread_too() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, Permission("bash", "ls"))
        asked = replace(asked, message=await here.chat.post_ask(turn, asked))
        moderator = here.discord.add_person("Mo", permissions=int(May.MANAGE_THREADS))
        await moderator.change_thread(turn.home, archived=True)
        await here.chat.show_ask(turn, replace(asked, state=AskState.GONE))
        shown = here.message(turn.home, str(asked.message))
    assert "**Gone**" in shown["content"]


async def test_an_ask_that_was_deleted_is_posted_anew_though_discord_remembers_the_first() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, Permission("bash", "ls"))
        first = await here.chat.post_ask(turn, asked)
        here.discord.world.channel(turn.home).messages.pop(first)
        anew = await here.chat.post_ask(turn, replace(asked, asked_at=60.0))
        message = here.message(turn.home, anew)
    assert "Allow once" in str(message["components"])
    assert [one["id"] for one in here.ada.notifications()][-1] == anew


async def test_what_is_gone_offers_another_try_only_once_its_turn_is_over() -> None:
    async with scene() as here:
        turn = replace(await here.ask_in_thread(), stage=Stage.PROMPTED)
        asked = asked_in(turn, Permission("bash", "ls"))
        asked = replace(asked, message=await here.chat.post_ask(turn, asked), state=AskState.GONE)
        shown = []
        for stage in (Stage.PROMPTED, Stage.CANCELLED):
            await here.chat.show_ask(replace(turn, stage=stage), asked)
            shown.append(here.message(turn.home, str(asked.message))["components"])
    assert ["Retry" in str(components) for components in shown] == [False, True]


async def test_an_edit_of_an_ask_that_somebody_deleted_changes_nothing() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, Permission("bash", "ls"))
        asked = replace(asked, message=await here.chat.post_ask(turn, asked))
        here.discord.world.channel(turn.home).messages.pop(str(asked.message))
        await here.chat.show_ask(turn, replace(asked, state=AskState.GONE))
        texts = here.texts(turn.home)
    assert texts == ["and now?"]


# --- files of people ---------------------------------------------------------------------------------------------


async def test_a_file_of_a_message_is_fetched_and_one_of_a_command_that_ran_out_is_gone() -> None:
    async with scene() as here:
        message = await here.ada.write(here.channel, "look", files=[Upload("a.txt", b"hello")])
        (shown,) = message["attachments"]
        (attachment,) = attachments_of([shown], here.channel, message["id"])
        stale = replace(attachment, url=shown["url"].split("?")[0])
        fetched = [await here.chat.fetch(one) for one in (attachment, stale)]
        with pytest.raises(Refused) as gone:
            await here.chat.fetch(replace(stale, channel=None, message=None))
    assert fetched == [File("a.txt", b"hello")] * 2
    assert "a.txt" in gone.value.tell


@pytest.mark.parametrize("drop", [True, False])
async def test_typing_never_fails(drop: bool) -> None:
    async with scene() as here:
        here.discord.faults.fail(method="POST", path=r"/channels/\d+/typing", status=500, drop=drop, times=9)
        await here.chat.show_typing(ThreadId(here.channel))
        await here.chat.show_typing(ThreadId("1"))
    assert here.called("POST", "/typing") == 2


# --- telling -----------------------------------------------------------------------------------------------------


async def test_a_command_is_told_in_its_own_reply() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        await here.chat.tell(turn, "Sorry, that failed.")
        await here.chat.tell(turn, "Sorry, that failed.")
    assert here.texts(here.channel) == ["Sorry, that failed."]
    assert here.called("POST", "/messages") == 0


async def test_a_command_of_an_hour_ago_is_told_in_the_channel() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        here.discord.clock.advance(3600)
        await here.chat.tell(turn, "Sorry, that failed.")
        here.discord.clock.advance(3600)
        await here.chat.tell(repeated(turn), "Sorry, that failed.")
    assert here.texts(here.channel) == ["Sorry, that failed."]


async def test_a_message_is_told_in_a_reply_each_asker_their_own() -> None:
    async with scene() as here:
        first, second = await here.write("do this"), await here.write("do that")
        for turn in (second, first, first):
            await here.chat.tell(turn, "Sorry, that failed.")
        here.discord.clock.advance(3600)
        await here.chat.tell(repeated(first), "Sorry, that failed.")
    replies = [message for message in here.ada.messages(here.channel) if message["content"].startswith("Sorry")]
    assert [reply["message_reference"]["message_id"] for reply in replies] == [second.id, first.id]
    assert here.discord.violations == []


async def test_a_turn_whose_thread_could_not_be_made_is_told_in_the_channel() -> None:
    async with scene() as here:
        turn = await here.write("do this")
        place = replace(turn.place, thread=ThreadId(turn.id))
        told = replace(turn, place=place, opener=MessageId(turn.id), starts_thread=True)
        await here.chat.tell(told, "Sorry, that failed.")
    assert here.texts(here.channel) == ["do this", "Sorry, that failed."]


async def test_a_dismissal_is_read_by_the_asker_alone() -> None:
    async with scene() as here:
        bob = here.discord.add_person("Bob")
        _, turn = await here.ask()
        await here.chat.dismiss(turn, "Only members may ask.")
        await here.chat.dismiss(turn, "Only members may ask.")
    seen = {(message["content"], message["flags"] & 64) for message in here.ada.messages(here.channel)}
    assert seen == {("Only members may ask.", 64)}
    assert bob.messages(here.channel) == []


async def test_a_dismissal_that_comes_too_late_disturbs_nobody() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR + 1)
        await here.chat.dismiss(turn, "Only members may ask.")
    assert here.texts(here.channel) == []
    assert here.discord.requests == []


# --- the commands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("for_one_guild", [True, False])
async def test_our_commands_are_registered_once(for_one_guild: bool) -> None:
    async with scene() as here:
        guild = here.discord.guild if for_one_guild else None
        first = await register(here.rest, here.discord.application_id, guild, REGISTRATION)
        again = await register(here.rest, here.discord.application_id, guild, REGISTRATION)
        asked = await here.ada.command(here.channel, "opencord", {"ask": {"prompt": "hello"}})
        asked.answer(payloads.deferred())
    names = tuple(sorted(command["name"] for command in REGISTRATION))
    assert (first.added, first.needed, again.unchanged, again.needed) == (names, True, names, False)
    assert here.called("PUT", "/commands") == 1
    assert parse(asked.payload).command == ("opencord", "ask")


async def test_a_thread_cannot_be_started_from_a_message_that_was_deleted_and_nobody_is_told() -> None:
    async with scene() as here:
        message = await here.ada.write(here.channel, "do this")
        await here.ada.delete(here.channel, message["id"])
        with pytest.raises(Withdrawn):
            await here.chat.start_thread(here.channel, message["id"], "x")
