"""The port Chat: the real adapter on the strict simulator, and the fake that the crash test uses, keep one contract."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

import httpx
import pytest

from app.discord import payloads
from app.discord.chat import DiscordChat
from app.discord.downloads import Downloads
from app.discord.identity import Application, Identity
from app.discord.rest import Rest
from app.discord.speech import Speech
from app.discord.threads import DiscordThreads
from app.discord.transport import Transport
from app.ids import AskId, ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.turns.asks import Asked, AskState
from app.turns.errors import Refused
from app.turns.ports import Chat, Threads
from app.turns.progress import Ask, Permission
from app.turns.records import Asker, Attachment, Content, File, Fork, Parcel, Place, Request, Source, Turn
from app.turns.status import Outcome, Phase, Status, Summary
from scripts.playground.discord import Person, Simulator
from scripts.playground.discord.records import ChannelType
from tests.fakes.chat import FakeChat
from tests.samples import accepted

pytestmark = pytest.mark.anyio
Reading = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Setting:
    threads: Threads
    chat: Chat
    turn: Turn  # a command in a text channel, just acknowledged
    read: Reading  # what stands in a channel or thread, oldest first
    forum: ChannelId


def turn_of(id: str, channel: str, token: str) -> Turn:
    place, alice = Place(GuildId("1"), ChannelId(channel)), Asker(UserId("7"), "alice")
    return accepted(Request(TurnId(id), Source.COMMAND, place, alice, "make it so", token), time.time())


@pytest.fixture(params=["fake", "simulator"])
async def setting(request: pytest.FixtureRequest) -> AsyncIterator[Setting]:
    if request.param == "fake":
        fake = FakeChat(time.time)
        turn = turn_of("500000000000000000", "200000000000000000", "token")
        fake.forums.add("210000000000000000")
        forum = ChannelId("210000000000000000")
        yield Setting(
            fake, fake, turn, lambda channel: [posted.content for posted in fake.channels.get(channel, [])], forum
        )
        return
    async with Simulator() as discord, httpx.AsyncClient() as http:

        async def asked() -> Application:
            return Application(discord.application_id, discord.public_key, discord.application_id)

        rest = Rest(Transport(http, discord.api_url, discord.token))
        identity = Identity(asked, time.time, discord.application_id, discord.public_key)
        alice = discord.add_person("alice")
        channel = discord.channel("general").id
        used = await alice.command(channel, "opencord", (), checked=False)
        used.answer(payloads.deferred())
        turn = turn_of(used.id, channel, used.token)
        place, asker = replace(turn.place, guild=GuildId(discord.world.guild)), replace(turn.asker, id=UserId(alice.id))
        turn = replace(turn, place=place, asker=asker)
        speech = Speech(rest, identity)
        chat = DiscordChat(rest, identity, Downloads(http, discord.api_url, rest), speech)
        forum = ChannelId(discord.add_channel("ideas", ChannelType.FORUM).id)
        yield Setting(DiscordThreads(rest, identity, speech), chat, turn, lambda place: texts(alice, place), forum)


def texts(person: Person, channel: str) -> list[str]:
    return [message["content"] for message in person.messages(channel) if message["content"]]


async def opened(setting: Setting) -> ThreadId:
    opener = await setting.threads.post_opener(setting.turn)
    return await setting.threads.start_thread(setting.turn.place.channel, opener, "make it so")


async def test_an_opener_is_shown_once_and_quotes_the_prompt(setting: Setting) -> None:
    first = await setting.threads.post_opener(setting.turn)

    again = await setting.threads.post_opener(setting.turn)

    (shown,) = setting.read(setting.turn.place.channel)
    assert first == again
    assert "alice" in shown
    assert "make it so" in shown


async def test_an_opener_whose_answer_was_lost_is_found_when_the_token_has_died(setting: Setting) -> None:
    """The reply stands in the channel, nobody wrote down its id, and the interaction cannot be asked any more."""
    first = await setting.threads.post_opener(setting.turn)

    again = await setting.threads.post_opener(replace(setting.turn, interaction_token=None, attempts=1))

    assert first == again
    assert len(setting.read(setting.turn.place.channel)) == 1


async def test_a_thread_has_the_id_of_its_opener_and_is_started_once(setting: Setting) -> None:
    opener = await setting.threads.post_opener(setting.turn)

    first = await setting.threads.start_thread(setting.turn.place.channel, opener, "make it so")
    again = await setting.threads.start_thread(setting.turn.place.channel, opener, "make it so")

    assert {str(first), str(again)} == {str(opener)}


async def test_a_parcel_that_is_sent_again_at_once_is_the_first_one(setting: Setting) -> None:
    thread, parcel = await opened(setting), Parcel(0, Content("the answer"), f"{setting.turn.id}-0")

    first = await setting.chat.post(thread, parcel, None)
    again = await setting.chat.post(thread, parcel, None)

    assert first == again
    assert setting.read(thread).count("the answer") == 1


async def test_a_parcel_of_the_same_words_is_another_message(setting: Setting) -> None:
    thread = await opened(setting)

    first = await setting.chat.post(thread, Parcel(0, Content("the same"), f"{setting.turn.id}-0"), None)
    other = await setting.chat.post(thread, Parcel(1, Content("the same"), f"{setting.turn.id}-1"), None)

    assert first != other


async def test_what_was_posted_is_found_by_its_words_behind_a_message(setting: Setting) -> None:
    thread = await opened(setting)
    wanted = Parcel(0, Content("look for me"), f"{setting.turn.id}-0")
    posted = await setting.chat.post(thread, wanted, None)

    found = await setting.chat.find_posted(thread, thread, wanted)
    other = await setting.chat.find_posted(thread, thread, replace(wanted, content=Content("look for somebody else")))
    behind = await setting.chat.find_posted(thread, posted, wanted)

    assert (found, other, behind) == (posted, None, None)


async def test_what_was_posted_with_a_file_is_found_only_with_the_same_file(setting: Setting) -> None:
    thread = await opened(setting)
    wanted = Parcel(0, Content("look", (File("a.txt", b"one"),)), f"{setting.turn.id}-0")
    posted = await setting.chat.post(thread, wanted, None)

    found = await setting.chat.find_posted(thread, thread, wanted)
    other = await setting.chat.find_posted(thread, thread, replace(wanted, content=Content("look")))

    assert (found, other) == (posted, None)


async def test_a_remark_stands_below_a_text_whose_files_do_not_go_with_it(setting: Setting) -> None:
    content = Content("look\n-# <@7>", (File("a.txt", b"one"),))

    assert list(setting.chat.annotate(content, "No files.")) == [Content("look\n-# <@7>\n-# No files.")]
    assert list(setting.chat.annotate(Content("", content.files), "No files.")) == [Content("-# No files.")]


async def test_an_ask_that_was_deleted_can_be_posted_anew(setting: Setting) -> None:
    turn = await in_thread(setting)
    asked = Asked(turn.id, Ask(AskId("per_1"), Permission("bash", "ls")), AskState.OPEN, 0.0, 1_700_000_000.0)
    first = await setting.chat.post_ask(turn, asked)

    anew = await setting.chat.post_ask(turn, replace(asked, asked_at=60.0))

    assert anew != first


async def test_what_has_nothing_in_it_to_see_is_no_message_unless_somebody_is_to_be_notified(setting: Setting) -> None:
    assert [content.text for content in setting.chat.compose("short")] == ["short"]
    assert not setting.chat.compose(" ")
    assert [content.text for content in setting.chat.compose("", UserId("7"))] == ["-# <@7>"]
    assert setting.chat.compose("short", UserId("7"))[-1].text.endswith("<@7>")


async def in_thread(setting: Setting) -> Turn:
    thread = await opened(setting)
    place = replace(setting.turn.place, thread=thread)
    return replace(setting.turn, place=place, opener=MessageId(thread), starts_thread=True)


async def test_a_status_is_posted_once_and_then_edited(setting: Setting) -> None:
    turn = await in_thread(setting)

    first = await setting.chat.post_status(turn, Status(Phase.QUEUED, 0.0))
    again = await setting.chat.post_status(turn, Status(Phase.STARTING, 0.0))
    await setting.chat.show_status(replace(turn, status=first), Status(Phase.THINKING, 0.0))
    await setting.chat.show_summary(replace(turn, status=first), Summary(Outcome.DONE, 1.0))

    assert first == again


async def test_an_ask_is_posted_once_and_then_edited_and_another_is_another_message(setting: Setting) -> None:
    turn = await in_thread(setting)
    ask = Ask(AskId("per_1"), Permission("bash", "ls"))
    asked = Asked(turn.id, ask, AskState.OPEN, 0.0, 1_700_000_000.0)

    first = await setting.chat.post_ask(turn, asked)
    again = await setting.chat.post_ask(turn, asked)
    await setting.chat.show_ask(turn, replace(asked, message=first, state=AskState.GONE))
    other = await setting.chat.post_ask(turn, replace(asked, ask=replace(ask, id=AskId("per_2"))))

    assert first == again != other


async def test_a_file_that_is_gone_is_refused(setting: Setting) -> None:
    with pytest.raises(Refused):
        await setting.chat.fetch(Attachment("1", "a.txt", 1, "https://cdn.discordapp.com.example/a.txt"))


async def test_typing_never_fails(setting: Setting) -> None:
    await setting.chat.show_typing(ThreadId("1"))


async def test_a_private_thread_is_found_again_by_its_name_and_shows_its_asker_what_was_asked_once(
    setting: Setting,
) -> None:
    private = replace(setting.turn, private=True)
    thread = await setting.threads.start_private_thread(private, "make it so")
    home = replace(private, place=replace(private.place, thread=thread), starts_thread=True, attempts=1)

    found = await setting.threads.private_threads(private, "make it so")
    others = await setting.threads.private_threads(private, "make it another way")
    await setting.threads.invite(home)
    await setting.threads.invite(home)

    assert (list(found), list(others)) == ([thread], [])
    assert sum("make it so" in text for text in setting.read(thread)) == 1


async def forking(setting: Setting, prompt: str = "") -> Turn:
    """A turn that forks the thread of the setting's own turn."""
    old = await opened(setting)
    return replace(setting.turn, prompt=prompt, fork=Fork(old, "Fork of it"))


async def test_the_opener_of_a_fork_stands_in_the_channel_and_is_posted_once(setting: Setting) -> None:
    turn = await forking(setting)
    before = len(setting.read(turn.place.channel))

    first = await setting.threads.post_opener(turn)
    again = await setting.threads.post_opener(turn)

    assert first == again
    (shown,) = setting.read(turn.place.channel)[before:]
    assert "forked" in shown


async def test_openers_of_forks_that_say_the_same_are_all_found_and_none_of_them_is_posted_again(
    setting: Setting,
) -> None:
    turn = await forking(setting)
    other = replace(turn, id=TurnId(str(int(turn.id) + 1)))
    theirs = await setting.threads.post_opener(other)
    stolen = await setting.threads.post_opener(turn)

    found = list(await setting.threads.openers(turn))
    ours = await setting.threads.post_opener(turn, found)
    again = await setting.threads.post_opener(turn, found)
    different = await setting.threads.openers(replace(turn, prompt="count the cakes"))

    assert found == [theirs, stolen]
    assert ours == again
    assert ours not in found
    assert list(different) == []


@pytest.mark.parametrize("prompt", ["my secret plan", ""])
async def test_a_fork_that_is_asked_again_says_so_in_its_own_thread_and_nothing_in_the_channel(
    setting: Setting, prompt: str
) -> None:
    turn = await forking(setting, prompt)
    thread = await setting.threads.start_private_thread(replace(turn, private=True), "Fork of it")
    place = replace(turn.place, thread=thread)
    await setting.threads.invite(replace(turn, place=place, starts_thread=True))
    again = replace(turn, id=TurnId(str(int(turn.id) + 1)), place=place, interaction_token=None)
    before, inside = list(setting.read(turn.place.channel)), len(setting.read(thread))

    opener = await setting.threads.post_opener(again)
    await setting.chat.tell(replace(again, opener=opener), "Nothing came of it.")

    assert list(setting.read(turn.place.channel)) == before
    shown, *told = setting.read(thread)[inside:]
    assert turn.asker.name in shown
    assert prompt in shown
    assert told in ([], ["Nothing came of it."])  # the fake keeps apart what it tells


async def test_an_opener_can_be_taken_back_also_when_it_is_gone(setting: Setting) -> None:
    turn = await forking(setting)
    before = setting.read(turn.place.channel)
    turn = replace(turn, opener=await setting.threads.post_opener(turn))

    for _ in range(2):
        await setting.threads.take_back_opener(turn)

    assert setting.read(turn.place.channel) == before


async def test_where_a_fork_is_stands_in_the_old_thread_once(setting: Setting) -> None:
    turn = await forking(setting)
    opener = await setting.threads.post_opener(turn)
    thread = await setting.threads.start_thread(turn.place.channel, opener, "Fork of it")
    home = replace(turn, place=replace(turn.place, thread=thread), opener=opener, starts_thread=True, attempts=1)
    assert turn.fork is not None

    for _ in range(2):
        await setting.threads.tell_origin(home)

    assert sum(str(thread) in text for text in setting.read(turn.fork.thread)) == 1
    assert turn.fork.thread in setting.chat.origin(home)


async def test_what_stands_in_the_old_thread_is_told_up_to_where_it_is_forked(setting: Setting) -> None:
    turn = await forking(setting)
    assert turn.fork is not None
    posted = [
        await setting.chat.post(turn.fork.thread, Parcel(number, Content(f"answer {number}"), f"n-{number}"), None)
        for number in range(3)
    ]
    cut = replace(turn, fork=replace(turn.fork, until=posted[1]))

    said = [one.text for one in await setting.chat.said_in_origin(cut, 40)]

    assert [text for text in said if text.startswith("answer")] == ["answer 0", "answer 1"]


async def test_a_post_begins_with_what_was_asked_and_is_found_again_by_its_name(setting: Setting) -> None:
    forum = replace(await forking(setting), place=replace(setting.turn.place, channel=setting.forum))

    kinds = [await setting.threads.holds_posts(channel) for channel in (setting.turn.place.channel, setting.forum)]
    thread = await setting.threads.start_post(forum, "Fork of it")
    found = await setting.threads.posts(forum, "Fork of it")
    others = await setting.threads.posts(forum, "Fork of something else")

    assert kinds == [False, True]
    assert (list(found), list(others)) == ([thread], [])
    assert any("forked" in text for text in setting.read(thread))
