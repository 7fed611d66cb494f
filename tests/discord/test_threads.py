"""How a turn comes to its thread, against a Discord that keeps its rules."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.discord import payloads
from app.discord.errors import Forbidden
from app.discord.identity import Application, Identity
from app.discord.threads import opener
from app.ids import ChannelId, GuildId, MessageId, ThreadId, UserId
from app.turns.errors import Refused, Retriable, Withdrawn
from app.turns.preferences import Preference
from app.turns.records import About, Asker, Fork, Place, Source, Turn
from app.words.refusals import TAG_REQUIRED
from scripts.playground.discord import Rules
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import ChannelType, Overwrite, Tag
from tests.discord.stage import Scene, repeated, scene, turn

pytestmark = pytest.mark.anyio

A_QUARTER_OF_AN_HOUR = 15 * 60.0


async def unasked() -> Application:
    raise AssertionError("everything is known")


async def test_a_command_is_shown_as_a_quote_in_place_of_the_deferred_answer() -> None:
    async with scene() as here:
        asked, turn = await here.ask("list the files\nand be quick")
        message = await here.threads.post_opener(turn)
        again = await here.threads.post_opener(turn)
    assert message == again == asked.original.id  # type: ignore[union-attr]
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files\n> and be quick"]
    assert here.discord.violations == []


async def test_a_long_prompt_is_shortened_in_the_quote() -> None:
    async with scene() as here:
        _, turn = await here.ask("word " * 1200)
        await here.threads.post_opener(turn)
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

        here.speech._webhook._sleep = arrive
        await here.threads.post_opener(turn)
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"]
    assert here.called("POST", "/messages") == 0


async def test_a_deferred_answer_that_does_not_arrive_at_once_is_left_to_the_turn() -> None:
    async with scene() as here:
        asked, turn = await here.ask(answered=False)
        with pytest.raises(Retriable) as failure:
            await here.threads.post_opener(turn)
        asked.answer(payloads.deferred())  # else the simulator waits for it
    assert failure.value.after == 0.5
    assert sum(here.pauses) < 1
    assert here.texts(here.channel) == []


async def test_an_interaction_that_was_never_answered_is_shown_as_an_ordinary_message() -> None:
    async with scene() as here:
        _, turn = await here.ask(answered=False)
        here.discord.clock.advance(6)
        await here.threads.post_opener(turn)
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"]


async def test_after_a_quarter_of_an_hour_the_opener_is_an_ordinary_message_and_only_one() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR + 1)
        first = await here.threads.post_opener(turn)
        soon = await here.threads.post_opener(turn)
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR)  # the nonce is forgotten
        late = await here.threads.post_opener(repeated(turn))
    assert first == soon == late
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"]
    assert here.called("PATCH", "/webhooks/") == 0
    assert here.discord.violations == []


async def test_two_who_ask_the_same_at_once_have_an_opener_each() -> None:
    """Of a press nothing is left in the opener that tells one from the other."""
    async with scene() as here:
        asked = [replace((await here.ask())[1], interaction_token=None) for _ in range(2)]
        openers = [await here.threads.post_opener(turn) for turn in asked]
    assert len(set(openers)) == 2
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"] * 2


async def test_an_opener_that_was_shown_in_time_is_found_when_the_token_is_dead() -> None:
    async with scene() as here:
        _, earlier = await here.ask()
        _, turn = await here.ask()
        _, later = await here.ask()
        for asked in (earlier, later):
            await here.threads.post_opener(asked)
        shown = await here.threads.post_opener(turn)
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR + 1)
        found = await here.threads.post_opener(repeated(turn))
    assert found == shown
    assert len(here.texts(here.channel)) == 3


async def test_the_same_words_in_reply_to_another_command_are_not_taken_for_ours() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        _, other = await here.ask()
        theirs = await here.threads.post_opener(other)
        here.discord.clock.advance(A_QUARTER_OF_AN_HOUR + 1)
        ours = await here.threads.post_opener(turn)
    assert ours != theirs


async def test_before_discord_has_told_who_we_are_a_turn_waits() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        here.speech._webhook._identity = Identity(unasked, here.discord.clock.now)
        with pytest.raises(Retriable):
            await here.threads.post_opener(turn)
    assert here.discord.requests == []


async def test_a_token_that_dies_early_is_no_trouble() -> None:
    async with scene(Rules(window=0.02, token_seconds=20)) as here:
        _, turn = await here.ask()
        here.discord.clock.advance(30)
        message = await here.threads.post_opener(turn)
        thread = await here.threads.start_thread(here.channel, message, "files")
    assert str(thread) == message
    assert here.called("PATCH", "/webhooks/") == 1


async def test_an_opener_that_a_moderator_deleted_is_made_again() -> None:
    async with scene() as here:
        _, turn = await here.ask()
        original = await here.threads.post_opener(turn)
        here.discord.world.channel(here.channel).messages.pop(original)
        assert here.texts(here.channel) == []
        await here.threads.post_opener(turn)
    assert here.texts(here.channel) == ["**Ada** asked:\n> list the files"]


async def test_a_thread_is_made_once_and_found_after_that() -> None:
    async with scene() as here:
        turn = await here.write("hello")
        first = await here.threads.start_thread(here.channel, MessageId(turn.id), "  a\nname " + "x" * 200)
        again = await here.threads.start_thread(here.channel, MessageId(turn.id), "another name")
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
            await here.threads.start_thread(ChannelId(quiet.id), message["id"], "x")
    assert "“Create Public Threads”" in refusal.value.tell


async def test_a_fork_of_a_post_has_its_tags_as_far_as_there_are_still_and_anybody_may_give_them() -> None:
    async with scene() as here:
        forum = here.discord.add_channel("ideas", ChannelType.FORUM)
        forum.available_tags = Tag("11", "cakes"), Tag("12", "tea"), Tag("13", "official", moderated=True)
        forum.requires_tag = True
        old = await post_in(here, forum.id, ["11", "12"])
        here.discord.world.channel(old).applied_tags = ("11", "12", "13")
        forum.available_tags = forum.available_tags[0], forum.available_tags[2]

        made = await here.threads.start_post(await forking(here, forum.id, old), "Fork of it")

        assert here.discord.world.channel(made).applied_tags == ("11",)
    assert here.discord.violations == []


async def test_a_fork_of_a_post_without_a_tag_is_refused_in_words_where_one_is_wanted() -> None:
    async with scene() as here:
        forum = here.discord.add_channel("ideas", ChannelType.FORUM)
        old = await post_in(here, forum.id, [])
        forum.available_tags, forum.requires_tag = (Tag("11", "cakes"),), True

        with pytest.raises(Refused) as refusal:
            await here.threads.start_post(await forking(here, forum.id, old), "Fork of it")

    assert refusal.value.tell == TAG_REQUIRED


async def post_in(here: Scene, forum: str, tags: Sequence[str]) -> ThreadId:
    return ThreadId(await here.rest.start_post(forum, "the old one", "look", tags))


async def forking(here: Scene, forum: str, old: ThreadId) -> Turn:
    _, asked = await here.ask()
    place = replace(asked.place, channel=ChannelId(forum))
    return replace(asked, place=place, fork=Fork(old, "Fork of it"))


async def test_where_nothing_is_asked_about_a_message_its_own_words_are_quoted() -> None:
    async with scene() as here:
        _, asked = await here.ask()

    shown = opener(replace(asked, prompt="", about=About(here.channel, MessageId("1"), "Ben", "look\nhere")))

    assert shown.split("\n")[1:] == ["> look", "> here"]


async def test_a_message_that_somebody_asks_about_stands_until_it_is_deleted() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        channel = turn.place.channel
        message = (await here.ada.write(channel, "look"))["id"]
        about = About(channel, MessageId(message), "Ada", "look")

        before = await here.threads.stands(about)
        await here.ada.delete(channel, message)
        after = await here.threads.stands(about)

    assert (before, after) == (True, False)


async def test_a_thread_cannot_be_started_from_a_message_that_was_deleted_and_nobody_is_told() -> None:
    async with scene() as here:
        message = await here.ada.write(here.channel, "do this")
        await here.ada.delete(here.channel, message["id"])
        with pytest.raises(Withdrawn):
            await here.threads.start_thread(here.channel, message["id"], "x")
