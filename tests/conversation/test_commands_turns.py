"""The commands about questions, with the real OpenCode: asked in a form, asked about a message, listed, moved, stopped.
What nobody else sees is read where it stands; the simulator complains about whatever Discord would refuse."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.commands import ask_about
from app.words.queue import STOPPING
from scripts.playground.discord import Person
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.records import Channel, Message
from tests.conversation.acting import Scene
from tests.conversation.company import Company
from tests.conversation.stage import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

TESTS = "!bash npm test\n!say All 12 tests pass."


async def whispered(who: Person, sent: Interaction) -> str:
    """What only they see."""
    await sent.response()
    await sent.wait_message(within=PATIENCE)
    assert sent.original is not None
    assert sent.original.visible_to == who.id
    return sent.original.content


async def used(thread: Scene, *path: str, **options: Any) -> Interaction:
    """A command in the thread, of alice's."""
    tree: Mapping[str, Any] = options
    for name in reversed(path):
        tree = {name: tree}
    assert thread.thread is not None
    return await thread.people.alice.command(thread.thread.id, "opencord", tree)


async def busy(thread: Scene) -> None:
    thread.people.hold()
    await thread.mention("run the tests", means=TESTS)
    await thread.look("Running")


def prompt_of(people: Company, words: str) -> str:
    """The last that the model was asked with these words in it."""
    asked = [m for body in people.stage.model.requests for m in body["messages"] if m["role"] == "user"]
    return next(str(m["content"]) for m in reversed(asked) if words in str(m["content"]))


def texts(thread: Scene) -> list[str]:
    assert thread.thread is not None
    return [m.content for m in thread.thread.messages.values() if m.content and not m.visible_to]


async def opened(thread: Scene, message: str) -> None:
    channels = thread.people.stage.discord.world.channels
    await thread.people.stage.discord.wait_for(lambda: message in channels, within=PATIENCE)
    thread.thread = channels[message]


async def test_what_waits_is_listed_moved_and_withdrawn_and_what_is_at_work_stopped(thread: Scene) -> None:
    await busy(thread)
    await thread.write("tell me more please", means="!say There is no more.")
    await thread.look("**Next**")
    await thread.write("what time is it?", means="!say Time for tea.", who=thread.people.bob)
    await thread.look("Queued")

    listed = await whispered(thread.people.alice, await used(thread, "queue", "list"))
    await (await used(thread, "queue", "move", number=2, to=1)).response()
    await (await used(thread, "queue", "clear")).response()
    stopped = await whispered(thread.people.alice, await used(thread, "stop"))
    await thread.over()

    lines = listed.split("\n")
    assert [line.partition("](")[0] for line in lines] == [
        "At work: **alice**: [run the tests",
        r"1. **alice**: [tell me more please",
        "2. **bob**: [what time is it?",
    ]
    assert stopped == STOPPING
    said = "\n".join(texts(thread))
    assert "-# **alice** moved the question of **bob**, “what time is it?”, to place 1" in said
    assert "**Stopped**" in said
    assert "**Withdrawn**" in said
    assert "Time for tea." in said
    assert "There is no more." not in said


async def test_a_question_is_written_in_a_form_and_what_was_chosen_counts(thread: Scene) -> None:
    alice, general = thread.people.alice, thread.people.stage.discord.channel("general")
    words = "tell me a long story\n\n" + "with many words " * 240
    thread.plays("tell me a long story", "!say Once upon a time.")

    form = await alice.command(general.id, "opencord", {"ask": {"agent": "plan"}})
    await form.response()
    sent = await alice.submit(form, {"prompt": words})
    await sent.response()
    await sent.wait_message(within=PATIENCE)
    assert sent.original is not None
    await opened(thread, sent.original.id)
    await thread.look("Once upon a time.")
    await thread.over()
    chosen = await whispered(alice, await used(thread, "agent"))

    assert ("with many words " * 240).strip() in prompt_of(thread.people, "tell me a long story")
    assert "`plan`" in chosen


async def about(thread: Scene, place: str, message: str, question: str) -> str:
    alice = thread.people.alice
    name = ask_about.REGISTRATION["name"]
    form = await alice.command(place, name, type=ask_about.REGISTRATION["type"], target=message)
    await form.response()
    return await whispered(alice, await alice.submit(form, {"question": question}))


async def test_a_question_about_a_message_is_answered_in_the_thread_that_hangs_on_it(thread: Scene) -> None:
    people, general = thread.people, thread.people.stage.discord.channel("general")
    thread.plays("is that so?", "!say It is so.")
    await people.mallory.write(general.id, "the prices have changed")
    meant = await people.mallory.write(general.id, "a pie costs 3 now")
    await people.mallory.write(general.id, "and a cake costs 9")

    told = await about(thread, general.id, meant["id"], "is that so?")
    await opened(thread, meant["id"])
    await thread.look("It is so.")
    await thread.over()
    thread.plays("and is it good?", "!say It is delicious.")
    await about(thread, general.id, meant["id"], "and is it good?")
    await thread.look("It is delicious.")
    await thread.over()

    assert meant["id"] in told
    prompt = prompt_of(people, "is that so?")
    assert "(This is about a message of mallory:)\n> a pie costs 3 now" in prompt
    assert "> mallory: the prices have changed\n> mallory: and a cake costs 9" in prompt
    said = texts(thread)
    assert sum("alice asked about this message" in text for text in said) == 1
    assert sum("> and is it good?" in text for text in said) == 1


async def test_a_question_about_a_message_that_was_deleted_while_it_was_written_is_answered_all_the_same(
    thread: Scene,
) -> None:
    people, general = thread.people, thread.people.stage.discord.channel("general")
    thread.plays("what about the pie?", "!say It costs 3.")
    people.stage.discord.forgive(" 404 10008 ")  # whether it is there can only be found out by asking
    meant = await people.mallory.write(general.id, "a pie costs 3 now")
    name, type_ = ask_about.REGISTRATION["name"], ask_about.REGISTRATION["type"]
    form = await people.alice.command(general.id, name, type=type_, target=meant["id"])
    await form.response()

    await people.mallory.delete(general.id, meant["id"])
    await whispered(people.alice, await people.alice.submit(form, {"question": "what about the pie?"}))
    await people.stage.discord.wait_for(lambda: "> what about the pie?" in newest_of(general), within=PATIENCE)
    await opened(thread, list(general.messages)[-1])
    await thread.look("It costs 3.")
    await thread.over()

    assert "> a pie costs 3 now" in prompt_of(people, "what about the pie?")


def newest_of(channel: Channel) -> str:
    return list(channel.messages.values())[-1].content


async def test_a_question_about_a_message_of_a_thread_is_answered_there(thread: Scene) -> None:
    await thread.mention("run the tests", means=TESTS)
    await thread.over()
    answer: Message = thread.newest("All 12 tests pass.")
    thread.plays("which of them?", "!say Every single one.")

    await about(thread, answer.channel, answer.id, "which of them?")
    await thread.look("Every single one.")
    await thread.over()

    assert "All 12 tests pass." in prompt_of(thread.people, "which of them?")
    question = thread.newest("which of them?")
    assert question.reference is not None
    assert question.reference["message_id"] == answer.id


async def test_threads_and_commands_are_listed(thread: Scene) -> None:
    await thread.mention("run the tests", means=TESTS)
    await thread.over()
    assert thread.thread is not None
    there = f"/{thread.thread.id})"

    found = [await whispered(thread.people.alice, await used(thread, "sessions", of=of)) for of in ("mine", "channel")]
    server = await used(thread, "sessions", of="server")
    await server.response()
    await thread.people.stage.discord.wait_for(
        lambda: server.original is not None and there in server.original.content, within=PATIENCE
    )
    help_text = await whispered(thread.people.alice, await used(thread, "help"))

    assert all(there in text for text in found)
    assert "`/opencord ask` " in help_text


async def test_a_private_question_opens_a_thread_that_only_its_asker_sees_and_whom_they_invite(thread: Scene) -> None:
    people, general = thread.people, thread.people.stage.discord.channel("general")
    thread.plays("keep it quiet", "!say Not a word.")
    before = set(people.stage.discord.world.channels)

    sent = await people.alice.command(general.id, "opencord", {"ask": {"prompt": "keep it quiet", "private": True}})
    await sent.response()
    await people.stage.discord.wait_for(
        lambda: sent.original is not None and "<#" in sent.original.content, within=PATIENCE
    )
    (made,) = set(people.stage.discord.world.channels) - before
    thread.thread = people.stage.discord.world.channels[made]
    await thread.look("Not a word.")
    await thread.over()

    assert sent.original is not None
    assert sent.original.visible_to == people.alice.id
    assert f"<#{made}>" in sent.original.content
    assert made in {channel["id"] for channel in people.alice.channels()}
    assert made not in {channel["id"] for channel in people.bob.channels()}
    await people.alice.invite(made, people.bob.id)
    assert made in {channel["id"] for channel in people.bob.channels()}
    assert not any("keep it quiet" in m.content and not m.visible_to for m in general.messages.values())
    assert "> keep it quiet" in "\n".join(texts(thread))
