"""What the app promises itself of OpenCode while a turn runs, held against the real binary and against the fake: how it
goes, what it asks people, what it is given to see, what it cost, and how it is undone."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import replace

import pytest

from app.ids import SessionId, TurnId
from app.opencode.client import Client
from app.sandboxes.ports import Machine
from app.turns.errors import Refused
from app.turns.ports import Prompt, Unreadable
from app.turns.progress import (
    Allowed,
    Answered,
    Ask,
    Change,
    Decision,
    Denied,
    Doing,
    Option,
    Permission,
    Progress,
    Question,
    Todo,
    Tool,
)
from app.turns.records import File
from app.turns.workbench import Rewound
from tests.contracts.agent_stage import PASSWORD, World, staged, text_said, until

pytestmark = pytest.mark.anyio

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module", params=["fake", "real"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with staged(request.param, tmp_path_factory.mktemp(request.param)) as world:
        yield world


async def begun(world: World, turn: str, text: str) -> tuple[Machine, SessionId]:
    machine, session = await world.opened()
    await world.agent.prompt(machine, session, Prompt(TurnId(turn), text))
    return machine, session


async def asked(world: World, machine: Machine, session: SessionId, turn: str) -> Ask:
    (ask,) = (await world.once(machine, session, turn, lambda seen: seen.asks)).asks or ()
    return ask


async def decided(world: World, turn: str, text: str, decision: Decision) -> tuple[Ask, Progress]:
    """A turn that asks once, and its end."""
    machine, session = await begun(world, turn, text)
    ask = await asked(world, machine, session, turn)
    assert await world.agent.reply(machine, ask, decision)
    return ask, (await world.followed(machine, session, turn))[-1]


# --- how it goes


async def test_tools_are_shown_with_what_they_are_used_on_and_how_far_they_are(world: World) -> None:
    machine, session = await world.opened()
    text = "!write tools.txt one\\ntwo\\n !edit tools.txt two => three !bash echo hi !todo look; do; check !say Done."

    end = await world.ask(machine, session, "3001", text)

    assert end.tools == (
        Tool("write", "tools.txt", Doing.DONE, 2, 0),
        Tool("edit", "tools.txt", Doing.DONE, 1, 1),
        Tool("bash", "echo hi", Doing.DONE),
        Tool("todowrite", "", Doing.DONE),
    )
    assert end.todos == (Todo("look", Doing.RUNNING), Todo("do", Doing.PENDING), Todo("check", Doing.PENDING))
    assert "tools.txt" in end.made


async def test_a_file_that_a_command_writes_counts_as_made(world: World) -> None:
    machine, session = await world.opened()

    end = await world.ask(machine, session, "3002", "!bash mkdir -p built; echo x > built/made.txt")

    assert end.made == ("built/made.txt",)


async def test_a_tool_is_shown_while_it_runs(world: World) -> None:
    machine, session = await begun(world, "3003", "!say I look. !bash sleep 30")

    seen = await world.once(machine, session, "3003", lambda seen: seen.tools and seen.tools[0].doing is Doing.RUNNING)
    await world.agent.abort(machine, session)

    assert seen.tools == (Tool("bash", "sleep 30", Doing.RUNNING),)
    assert [text.text for text in seen.texts] == ["I look."]


async def test_of_a_file_that_is_written_over_the_lines_that_it_has_now_are_known(world: World) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "3008", "!write over.txt one\\n")

    end = await world.ask(machine, session, "3009", "!write over.txt one\\ntwo\\n !say Done.")
    report = await world.agent.report(machine, session, TurnId("3009"))

    assert end.tools == (Tool("write", "over.txt", Doing.DONE, rewritten=2),)
    assert report.changes == (Change("over.txt", 1, 0),)


async def test_what_a_sub_agent_does_is_shown_while_it_does_it(world: World) -> None:
    machine, session = await begun(world, "3010", "!task Look around: !bash sleep 30")

    seen = await world.once(machine, session, "3010", lambda seen: any(tool.inside for tool in seen.tools))
    await stopped_with_its_sub_agent(world, machine, session, "3010")

    sleeping = Tool("bash", "sleep 30", Doing.RUNNING)
    assert seen.tools == (Tool("task", "Look around", Doing.RUNNING, inside=sleeping),)


async def test_texts_come_in_order_each_once_and_the_last_one_at_the_end(world: World) -> None:
    machine, session = await begun(
        world, "3004", "!say First. !bash sleep 0.4 !say Second. !bash sleep 0.4 !say Third. !slow 0.4"
    )

    seen = await world.followed(machine, session, "3004")

    told = [[text.text for text in progress.texts] for progress in seen]
    whole = ["First.", "Second.", "Third."]
    assert told[-1] == whole
    assert all(texts == whole[: min(len(texts), 2)] for texts in told[:-1])
    assert ["First."] in told
    assert len({text.part for text in seen[-1].texts}) == 3
    assert [progress.ended for progress in seen] == [False] * (len(seen) - 1) + [True]


async def test_whoever_follows_a_turn_again_sees_the_same(world: World) -> None:
    machine, session = await world.opened()
    first = await world.ask(machine, session, "3005", "!say One. !bash true !say Two.")

    again = await world.followed(machine, session, "3005")

    assert again == [first]


async def test_a_model_that_will_be_asked_again_is_told_with_when(world: World) -> None:
    machine, session = await begun(world, "3006", "!fail 503 1 !say Better.")

    seen = await world.followed(machine, session, "3006")

    assert any(progress.retry_at for progress in seen)
    assert seen[-1].retry_at is None
    assert text_said(seen[-1]) == "Better."


async def test_what_was_said_before_a_failure_comes_before_it(world: World) -> None:
    machine, session = await begun(world, "3007", "!say So far. !bash true !fail 401")
    seen: list[Progress] = []

    with pytest.raises(Refused) as failure:
        await world.followed(machine, session, "3007", seen)

    assert [text.text for text in seen[-1].texts] == ["So far."]
    assert not seen[-1].ended
    assert "So far" not in failure.value.tell


# --- permissions


async def test_a_permission_shows_the_whole_command_and_allows_it_once(world: World) -> None:
    ask, end = await decided(world, "4001", "!bash echo may-once && true", Allowed(always=False))

    assert isinstance(ask.about, Permission)
    assert (ask.about.action, ask.about.subject) == ("bash", "echo may-once && true")
    assert "may-once" in text_said(end)
    assert (await decided(world, "4002", "!bash echo may-once && true", Allowed(always=False)))[0].id != ask.id


async def test_what_is_always_allowed_is_not_asked_again(world: World) -> None:
    ask, _ = await decided(world, "4003", "!bash touch may-always", Allowed(always=True))
    machine, session = await world.opened()

    end = await world.ask(machine, session, "4004", "!bash touch may-always-2 !say Touched.")

    assert isinstance(ask.about, Permission)
    assert ask.about.always == ("touch *",)
    assert text_said(end) == "Touched."


async def test_a_permission_to_edit_shows_the_change(world: World) -> None:
    ask, end = await decided(world, "4005", "!write may-edit.txt one\\ntwo", Allowed(always=False))

    assert isinstance(ask.about, Permission)
    assert (ask.about.action, ask.about.subject) == ("edit", "may-edit.txt")
    assert "+one\n+two" in ask.about.diff
    assert end.tools == (Tool("write", "may-edit.txt", Doing.DONE, 2, 0),)


async def test_a_denial_without_a_reason_ends_the_turn(world: World) -> None:
    _, end = await decided(world, "4006", "!say May I? !bash echo may-not !say Never said.", Denied())

    assert [text.text for text in end.texts] == ["May I?"]
    assert "turned down" in end.remark
    assert end.tools == (Tool("bash", "echo may-not", Doing.FAILED),)


async def test_a_denial_with_a_reason_is_told_to_the_model_which_goes_on(world: World) -> None:
    _, end = await decided(world, "4007", "!bash echo may-not-yet", Denied("use make"))

    assert "use make" in text_said(end)


async def test_a_sub_agent_asks_too(world: World) -> None:
    ask, end = await decided(world, "4008", "!task Try it: !bash echo may-child !say Tried.", Allowed(always=False))

    assert isinstance(ask.about, Permission)
    assert ask.about.subject == "echo may-child"
    assert end.tools == (Tool("task", "Try it", Doing.DONE),)
    assert "Tried." in text_said(end)


# --- questions


async def test_a_question_is_shown_with_its_options_and_answered(world: World) -> None:
    ask, end = await decided(
        world, "4101", "!question Colour: Which colour? Red (like a rose) | Green", Answered((("Green",),))
    )

    options = (Option("Red", "like a rose"), Option("Green", "Green"))
    assert ask.about == (Question("Which colour?", "Colour", options),)
    assert "You answered: Green." in text_said(end)


async def test_several_questions_are_answered_together_also_in_own_words(world: World) -> None:
    answers = (("Red",), ("Ham", "Eggs"), ("Call me Ishmael",))

    ask, end = await decided(
        world, "4102", "!question Colour? Red | Green; Food? [] Ham | Eggs | Rice; Name?", Answered(answers)
    )

    assert isinstance(ask.about, tuple)
    assert [(one.text, one.multiple, one.custom) for one in ask.about] == [
        ("Colour?", False, True),
        ("Food?", True, True),
        ("Name?", False, True),
    ]
    assert "Red, Ham, Eggs, Call me Ishmael" in text_said(end)


async def test_a_question_that_nobody_wants_to_answer_ends_the_turn(world: World) -> None:
    _, end = await decided(world, "4103", "!question Which? a | b !say Never said.", Denied())

    assert end.texts == ()
    assert "turned down" in end.remark


async def test_a_sub_agents_question_is_shown_and_answered(world: World) -> None:
    ask, end = await decided(world, "4104", "!task Ask: !question Which? a | b", Answered((("b",),)))

    assert isinstance(ask.about, tuple)
    assert "You answered: b." in text_said(end)


# --- what became of them


async def test_what_was_answered_elsewhere_is_gone(world: World) -> None:
    machine, session = await begun(world, "4201", "!bash echo may-else !slow 1 !say Went on.")
    async with asyncio.timeout(30), aclosing(world.agent.follow(machine, session, TurnId("4201"))) as follow:
        ask = next(iter([(seen.asks or ())[0] async for seen in taken(follow)]))
        await world.agent.reply(machine, ask, Allowed(always=False))
        after = await anext(follow)
        rest = [seen async for seen in follow]

    assert after.asks == ()
    assert not await world.agent.reply(machine, ask, Allowed(always=False))
    assert text_said(rest[-1]) == "Went on."


@pytest.mark.parametrize(
    ("turn", "text", "decision", "other"),
    [
        ("4211", "!bash echo may-know && true", Allowed(always=False), Denied()),
        ("4212", "!bash echo may-know-not", Denied("use make"), Allowed(always=False)),
        ("4213", "!write may-know.txt one", Allowed(always=False), Denied()),
        ("4214", "!question Colour? Red | Green", Answered((("Green",),)), Answered((("Red",),))),
        ("4215", "!question Colour? Red | Green", Denied(), Answered((("Red",),))),
        ("4216", "!task Ask: !question Colour? Red | Green", Answered((("Green",),)), Denied()),
    ],
)
async def test_a_decision_that_was_taken_is_known_by_what_it_did(
    world: World, turn: str, text: str, decision: Decision, other: Decision
) -> None:
    """Our process may end between telling it and writing that down."""
    machine, session = await begun(world, turn, text)
    ask = await asked(world, machine, session, turn)
    assert await world.agent.reply(machine, ask, decision)
    await world.followed(machine, session, turn)
    restarted = replace(machine, session=session)

    known = [await world.agent.reply(restarted, ask, one) for one in (decision, other)]

    assert known == [True, False]


@pytest.mark.parametrize("text", ["!bash echo may-die && true", "!write may-die.txt one"])
async def test_a_decision_that_comes_after_its_server_was_killed_does_not_count(world: World, text: str) -> None:
    turn = "4221" if "bash" in text else "4222"
    machine, session = await begun(world, turn, text)
    old = await asked(world, machine, session, turn)
    await world.end_at_once()
    await world.boot()
    machine = replace(machine, endpoint=world.endpoint, session=session)

    counts = [await world.agent.reply(machine, old, Allowed(always=False))]
    await world.agent.prompt(machine, session, Prompt(TurnId(turn), text))
    new = await asked(world, machine, session, turn)
    for ask in (old, new, old):
        counts.append(await world.agent.reply(machine, ask, Allowed(always=False)))
    await world.followed(machine, session, turn)
    counts.append(await world.agent.reply(machine, old, Allowed(always=False)))

    assert old.id != new.id
    assert counts == [False, False, True, False, False]


async def taken(follow: AsyncIterator[Progress]) -> AsyncIterator[Progress]:
    """Only the first that asks."""
    async for seen in follow:
        if seen.asks:
            yield seen
            return


async def test_what_an_aborted_turn_asked_is_not_shown_to_the_next(world: World) -> None:
    machine, session = await begun(world, "4202", "!task Ask: !question Old? a | b")
    await asked(world, machine, session, "4202")
    await stopped_with_its_sub_agent(world, machine, session, "4202")

    await world.agent.prompt(machine, session, Prompt(TurnId("4203"), "!question New? a | b"))
    ask = await asked(world, machine, session, "4203")
    await world.agent.abort(machine, session)

    assert isinstance(ask.about, tuple)
    assert ask.about[0].text == "New?"


async def test_what_another_session_asks_is_not_shown(world: World) -> None:
    machine, session = await begun(world, "4204", "!question Theirs? a | b")
    await asked(world, machine, session, "4204")
    here, ours = await begun(world, "4205", "!question Ours? a | b")

    ask = await asked(world, here, ours, "4205")
    for one in (session, ours):
        await world.agent.abort(machine, one)

    assert isinstance(ask.about, tuple)
    assert ask.about[0].text == "Ours?"


@pytest.mark.parametrize(
    ("turn", "text"),
    [
        ("4301", "!slow 60 !say Too late."),
        ("4302", "!say Look. !bash sleep 60"),
        ("4303", "!bash echo may-wait"),
        ("4304", "!question Which? a | b"),
        ("4306", "!fail 503"),
    ],
)
async def test_an_abort_ends_a_turn_in_every_state(world: World, turn: str, text: str) -> None:
    machine, session = await begun(world, turn, text)
    client = Client(world.http, world.endpoint, PASSWORD)
    await world.once(machine, session, turn, lambda seen: seen.tools or seen.asks or "slow" in text or seen.retry_at)

    await world.agent.abort(machine, session)
    with pytest.raises(Refused, match="stopped"):
        await world.followed(machine, session, turn)

    assert not (await client.status(session)).busy
    assert text_said(await world.ask(machine, session, f"{turn}9", "!say Next.")) == "Next."


async def stopped_with_its_sub_agent(world: World, machine: Machine, session: SessionId, turn: str) -> None:
    """The real one sometimes asks the model once more when a sub-agent is stopped, and may get an answer."""
    await world.agent.abort(machine, session)
    with suppress(Refused):
        await world.followed(machine, session, turn)


async def test_an_abort_ends_a_sub_agent_too(world: World) -> None:
    machine, session = await begun(world, "4305", "!task Sleep: !bash touch sub-agent; sleep 60")
    await until((world.workspace / "sub-agent").exists)

    await stopped_with_its_sub_agent(world, machine, session, "4305")

    client = Client(world.http, world.endpoint, PASSWORD)
    for one in (session, await begun_by(client, session, "4305")):
        assert not (await client.status(one)).busy


async def begun_by(client: Client, session: SessionId, turn: str) -> SessionId:
    """The session of the turn's only sub-agent."""
    messages, _ = await client.page(session, 100)
    ours = [one for one in messages if one["info"].get("parentID") == f"msg_dc{turn}"]
    tasks = [part for one in ours for part in one["parts"] if part["type"] == "tool"]
    return SessionId(tasks[0]["state"]["metadata"]["sessionId"])


async def test_what_still_runs_is_ended_for_the_next_prompt(world: World) -> None:
    machine, session = await begun(world, "4401", "!bash sleep 60")

    end = await world.ask(machine, session, "4402", "!say Mine.")

    assert text_said(end) == "Mine."


# --- files


async def test_images_and_texts_reach_the_model(world: World) -> None:
    machine, session = await world.opened()
    files = (File("shot.png", PNG), File("notes.md", b"# Remember the milk\n!bash false"))

    end = await world.ask(machine, session, "5001", "what is this?", *files)

    assert text_said(end).endswith("I see an image.")
    assert "Remember the milk" in str(world.model.requests[-1]["messages"][-1]["content"])


async def test_a_repeated_prompt_has_its_files_once(world: World) -> None:
    machine, session = await world.opened()
    prompt = Prompt(TurnId("5002"), "!slow 0.3 !say Once.", (File("shot.png", PNG),))

    await world.agent.prompt(machine, session, prompt)
    await world.agent.prompt(machine, session, prompt)
    await world.followed(machine, session, "5002")

    stored = await Client(world.http, world.endpoint, PASSWORD).message(session, "msg_dc5002")
    assert [part["type"] for part in stored["parts"]] == ["text", "file"]


async def test_an_image_that_cannot_be_read_is_told_at_once_and_the_session_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, session = await world.opened()
    monkeypatch.setattr("app.turns.attachments.mime", lambda file: "image/png")

    with pytest.raises(Unreadable):
        async with asyncio.timeout(4):
            await world.agent.prompt(machine, session, Prompt(TurnId("5003"), "look", (File("a.png", b"\x89PNG no"),)))
    end = await world.ask(machine, session, "5003", "!say Without it.")

    assert text_said(end) == "Without it."


# --- what it came to


async def test_a_report_counts_tokens_tools_and_lines(world: World) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "6001", "!write report.txt one\\ntwo\\n")
    await world.ask(machine, session, "6002", "!edit report.txt two => three !bash echo x > report2.txt")

    report = await world.agent.report(machine, session, TurnId("6002"))

    assert report.changes == (Change("report.txt", 1, 1), Change("report2.txt", 1, 0))
    assert report.tools == 2
    assert report.tokens > 0


async def test_a_report_counts_what_sub_agents_used(world: World) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "6003", "!bash true")
    await world.ask(machine, session, "6004", "!task Work: !bash true !say Done.")

    alone, together = [await world.agent.report(machine, session, TurnId(turn)) for turn in ("6003", "6004")]

    assert together.tokens > 1.5 * alone.tokens


async def test_a_stopped_turn_is_reported_with_what_it_wrote_and_can_be_undone(world: World) -> None:
    machine, session = await begun(world, "6005", "!write stopped.txt one\\n !bash touch stopped-now; sleep 60")
    await until((world.workspace / "stopped-now").exists)
    await world.agent.abort(machine, session)
    with pytest.raises(Refused):
        await world.followed(machine, session, "6005")

    report = await world.agent.report(machine, session, TurnId("6005"))
    undone = await world.agent.undo(machine, session, TurnId("6005"))

    assert report.changes == (Change("stopped.txt", 1, 0), Change("stopped-now", 0, 0))
    assert undone is Rewound.DONE
    assert not (world.workspace / "stopped.txt").exists()
    assert not (world.workspace / "stopped-now").exists()


# --- undo


async def test_undo_takes_files_and_conversation_back_and_redo_brings_them_again(world: World) -> None:
    machine, session = await world.opened()
    file = world.workspace / "undo.txt"
    await world.ask(machine, session, "7001", "!write undo.txt one\\n")
    await world.ask(machine, session, "7002", "!write undo.txt two\\n")

    undone = await world.agent.undo(machine, session, TurnId("7002"))
    then = file.read_text()
    redone = await world.agent.redo(machine, session)

    assert (undone, then) == (Rewound.DONE, "one\n")
    assert (redone, file.read_text()) == (Rewound.DONE, "two\n")
    assert await world.agent.redo(machine, session) is Rewound.NOTHING


async def test_what_is_asked_after_an_undo_is_answered_and_knows_nothing_of_it(world: World) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "7101", "keep this")
    await world.ask(machine, session, "7102", "forget this")
    await world.agent.undo(machine, session, TurnId("7102"))

    end = await world.ask(machine, session, "7103", "!say After.")

    assert text_said(end) == "After."
    said = str(world.model.requests[-1]["messages"])
    assert ("keep this" in said, "forget this" in said) == (True, False)
    assert await world.agent.undo(machine, session, TurnId("7102")) is Rewound.NOTHING
    assert await world.agent.redo(machine, session) is Rewound.NOTHING


async def test_turns_are_undone_from_the_newest_backwards(world: World) -> None:
    machine, session = await world.opened()
    file = world.workspace / "backwards.txt"
    for turn, text in (("7201", "one"), ("7202", "two"), ("7203", "three")):
        await world.ask(machine, session, turn, f"!write backwards.txt {text}")

    too_early = await world.agent.undo(machine, session, TurnId("7202"))
    undone = [await world.agent.undo(machine, session, TurnId(turn)) for turn in ("7203", "7203", "7202")]
    then = file.read_text()
    await world.agent.redo(machine, session)

    assert too_early is Rewound.NEWER
    assert undone == [Rewound.DONE, Rewound.NOTHING, Rewound.DONE]
    assert (then, file.read_text()) == ("one", "three")


async def test_of_two_who_undo_or_redo_at_once_the_second_finds_it_done(world: World) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "7251", "!write twice.txt one\\n")

    undone = await asyncio.gather(*(world.agent.undo(machine, session, TurnId("7251")) for _ in range(2)))
    there = (world.workspace / "twice.txt").exists()
    redone = await asyncio.gather(*(world.agent.redo(machine, session) for _ in range(2)))

    assert (undone, there) == ([Rewound.DONE, Rewound.NOTHING], False)
    assert redone == [Rewound.DONE, Rewound.NOTHING]


async def test_nothing_is_undone_while_the_session_is_at_work(world: World) -> None:
    machine, session = await begun(world, "7301", "!bash sleep 60")
    await world.once(machine, session, "7301", lambda seen: seen.tools)

    undone, redone = await world.agent.undo(machine, session, TurnId("7301")), await world.agent.redo(machine, session)
    await world.agent.abort(machine, session)

    assert (undone, redone) == (Rewound.BUSY, Rewound.BUSY)


async def test_a_session_that_is_gone_has_nothing_to_undo(world: World) -> None:
    machine = replace(world.machine())
    gone = SessionId("ses_gone")

    assert await world.agent.undo(machine, gone, TurnId("7401")) is Rewound.NOTHING
    assert await world.agent.redo(machine, gone) is Rewound.NOTHING
