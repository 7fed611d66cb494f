"""One thread, from the first command on, with nothing faked but Discord, the model and the cloud; the same on every
provider."""

from collections.abc import AsyncIterator

import pytest

from tests.conversation.stage import Stage, staged, text_of
from tests.samples import spoken

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


@pytest.fixture(scope="module", params=["local", "daytona"])
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("stage"), request.param) as made:
        yield made


@pytest.fixture(scope="module")
async def thread(stage: Stage) -> str:
    """A thread in which one thing was asked and answered."""
    thread = await stage.ask("!bash echo made-by-a-tool > made.txt && ls\n!say The file is there.")
    await stage.until_said(thread, "The file is there.")
    return thread


async def test_a_command_in_a_channel_is_answered_in_a_thread_after_real_work(stage: Stage, thread: str) -> None:
    opener = next(message for message in stage.person.messages(stage.channel) if message["id"] == thread)
    (home,) = stage.homes

    assert "alice" in opener["content"]
    assert "echo made-by-a-tool" in opener["content"]
    assert (home / "workspace/made.txt").read_text() == "made-by-a-tool\n"
    assert stage.said(thread) == ["The file is there."]


async def test_the_second_turn_of_a_thread_remembers_the_first(stage: Stage, thread: str) -> None:
    await stage.ask("!say I remember.", thread)

    await stage.until_said(thread, "I remember.")

    last = stage.prompts()[-1]
    assert "echo made-by-a-tool" in last[0]
    assert "!say I remember." in last[-1]
    assert len(stage.homes) == 1


async def test_the_model_knows_that_it_works_in_a_thread_of_discords(stage: Stage, thread: str) -> None:
    system = " ".join(text_of(m) for m in stage.model.requests[-1]["messages"] if m["role"] == "system")

    assert "You work for a team in a Discord thread." in system


async def test_questions_that_pile_up_are_answered_one_by_one_in_their_order(stage: Stage, thread: str) -> None:
    already = len(stage.said(thread))

    asked = [await stage.ask(f"!slow 1 !say This is {number}.", thread) for number in ("one", "two", "three")]
    heard_before_an_answer = stage.said(thread)[already:] == []
    await stage.until_said(thread, "This is three.")

    answers = [message for message in stage.person.messages(thread) if message["content"].startswith("This is")]
    assert asked == [thread] * 3
    assert heard_before_an_answer
    assert [spoken(message["content"]) for message in answers] == ["This is one.", "This is two.", "This is three."]
    questions = [message["referenced_message"]["content"] for message in answers]
    assert ["one" in questions[0], "two" in questions[1], "three" in questions[2]] == [True] * 3


async def test_a_long_answer_arrives_whole_in_several_messages(stage: Stage, thread: str) -> None:
    already = len(stage.said(thread))

    await stage.ask("!code python !long 5000 !say The end.", thread)
    await stage.until_said(thread, "The end.")

    parts = stage.said(thread)[already:]
    assert len(parts) >= 3
    assert all(len(part) <= 2000 for part in parts)
    assert sum(part.count("```") for part in parts) % 2 == 0


async def test_a_failing_model_is_told_in_words_and_the_next_turn_works(stage: Stage, thread: str) -> None:
    already = len(stage.said(thread))

    await stage.ask("!fail 401", thread)
    await stage.discord.wait_for(lambda: len(stage.said(thread)) > already, within=60)
    await stage.ask("!say Back again.", thread)
    await stage.until_said(thread, "Back again.")

    apology = stage.said(thread)[already].lower()
    assert "sorry" in apology
    assert "traceback" not in apology
    assert "401" not in apology or "http" not in apology


async def test_status_tells_about_the_thread_to_the_asker_alone(stage: Stage, thread: str) -> None:
    await stage.person.command(thread, "opencord", {"status": {}})

    def told() -> list[str]:
        return [m["content"] for m in stage.person.messages(thread) if m.get("flags", 0) & 64]

    await stage.discord.wait_for(lambda: bool(told()), within=10)
    assert "Machine: awake" in told()[-1]


async def test_discord_found_nothing_to_complain_about(stage: Stage, thread: str) -> None:
    # Our answer to the command can be on its way while the turn is so quick as to edit it: Discord says 10015 then.
    assert [violation for violation in stage.discord.violations if "10015" not in violation] == []


async def test_after_a_restart_in_good_order_the_thread_goes_on_where_it_was(stage: Stage, thread: str) -> None:
    code = await stage.stop()
    left = stage.processes()
    await stage.start()
    await stage.job("reconcile")

    await stage.ask("!say Still here.", thread)
    await stage.until_said(thread, "Still here.")

    assert code in (0, -15)
    assert not left or stage.daytona is not None, "machines of our own end with us; those of a cloud are its own"
    assert "echo made-by-a-tool" in stage.prompts()[-1][0]


async def test_a_normal_end_leaves_no_process_behind(stage: Stage, thread: str) -> None:
    await stage.stop()

    assert not stage.processes() or stage.daytona is not None
