"""What the real server does too seldom or too slowly. The rest is in tests/contracts/test_agent.py."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from app.ids import AskId, SessionId, TurnId
from app.opencode.agent import OpenCodeAgent, Patience
from app.opencode.prompting import parts_of
from app.opencode.reading import Reader
from app.opencode.sub_agents import SubAgents
from app.opencode.workbench import OpenCodeWorkbench
from app.turns.errors import Refused, Retriable
from app.turns.ports import Interrupted, Prompt
from app.turns.progress import Allowed, Answered, Ask, Change, Decision, Denied, Doing, Permission, Progress, Tool
from app.turns.records import File
from tests.opencode.conftest import PATIENCE, Desk

pytestmark = pytest.mark.anyio


async def test_every_prompt_names_model_agent_and_its_own_ids(desk: Desk) -> None:
    await desk.prompt("31", "!say hi")

    (sent,) = desk.fake.prompts
    assert sent == {
        "messageID": "msg_dc31",
        "model": {"providerID": "playground", "modelID": "scripted"},
        "agent": "build",
        "parts": [{"id": "prt_dc31_0", "type": "text", "text": "!say hi"}],
    }


async def test_files_are_encoded_beside_everything_else_and_arrive_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two large ones would stop all threads of the bot meanwhile."""
    encoding: list[int] = []
    monkeypatch.setattr("app.turns.attachments.mime", lambda file: encoding.append(threading.get_ident()))
    prompt = Prompt(TurnId("31"), '!say "hé" 👀', (File("a.txt", b"one"), File("b.txt", b"two")))

    await desk.agent.prompt(desk.machine, desk.session, prompt)

    assert threading.get_ident() not in encoding
    assert desk.fake.prompts[0]["parts"] == json.loads(json.dumps(parts_of(prompt)))


async def test_a_prompt_that_the_server_lost_is_not_taken_as_sent(desk: Desk) -> None:
    desk.fake.lost_prompts = 1

    with pytest.raises(Retriable, match="not stored"):
        await desk.prompt("31", "!say hi")
    await desk.prompt("31", "!say hi")

    assert await desk.answer("31") == "hi"


async def test_a_prompt_that_the_server_has_lost_since_interrupts_the_turn(desk: Desk) -> None:
    await desk.prompt("31", "!slow 30")
    await desk.agent.abort(desk.machine, desk.session)
    desk.fake.sessions[desk.session].messages.clear()

    with pytest.raises(Interrupted):
        await desk.follow("31")


async def test_a_session_that_is_gone_interrupts_the_turn_and_postpones_a_prompt(desk: Desk) -> None:
    lost = replace(desk, session=SessionId("ses_lost"))

    with pytest.raises(Interrupted):
        await lost.follow("31")
    with pytest.raises(Retriable):
        await lost.prompt("31", "!say hi")


async def test_a_prompt_that_nobody_works_on_is_sent_once_more_after_a_while(desk: Desk) -> None:
    desk.fake.idle_at_once = True
    await desk.prompt("31", "!say hi")
    with pytest.raises(Interrupted):
        await desk.follow("31")
    desk.fake.idle_at_once = False

    await desk.prompt("31", "!say hi")

    assert await desk.answer("31") == "hi"
    assert len(desk.fake.prompts) == 2
    assert len(desk.fake.sessions[desk.session].messages[0]["parts"]) == 1


async def test_a_running_prompt_is_not_sent_again(desk: Desk) -> None:
    desk.fake.endless = True
    await desk.prompt("31", "hi")

    await desk.prompt("31", "hi")

    assert len(desk.fake.prompts) == 1


async def test_a_prompt_does_not_join_another_that_still_runs_but_ends_it(desk: Desk) -> None:
    desk.fake.endless = True
    await desk.prompt("31", "hi")
    desk.fake.endless = False

    await desk.prompt("32", "!say Mine.")

    assert await desk.answer("32") == "Mine."
    assert ("POST", f"/session/{desk.session}/abort") in desk.fake.seen


async def test_a_prompt_waits_for_another_that_cannot_be_ended(desk: Desk) -> None:
    desk.fake.endless = True
    desk.fake.stubborn = 1
    await desk.prompt("31", "hi")

    with pytest.raises(Retriable, match="busy"):
        await desk.prompt("32", "me too")

    assert [sent["messageID"] for sent in desk.fake.prompts] == ["msg_dc31"]


async def test_lists_of_what_is_asked_that_make_no_sense_do_not_end_the_turn(desk: Desk) -> None:
    desk.fake.asks_work = False
    await desk.prompt("31", "!slow 0.3 !say hi")

    assert await desk.answer("31") == "hi"


async def test_what_is_asked_stays_when_the_lists_cannot_be_read_for_a_while(desk: Desk) -> None:
    await desk.prompt("31", "!question Which? a | b")
    async with aclosing(desk.agent.follow(desk.machine, desk.session, TurnId("31"))) as follow:
        shown = next(iter([seen async for seen in until_asked(follow)]))
        desk.fake.asks_work = False

        later = [await anext(follow) for _ in range(3)]

    assert [seen.asks for seen in later] == [shown.asks] * 3


async def until_asked(follow: AsyncIterator[Progress]) -> AsyncIterator[Progress]:
    async for seen in follow:
        if seen.asks:
            yield seen
            return


async def test_a_prompt_clears_away_what_aborted_turns_have_asked(desk: Desk) -> None:
    await desk.prompt("31", "!question Which? a | b")
    async with aclosing(desk.agent.follow(desk.machine, desk.session, TurnId("31"))) as follow:
        assert [seen async for seen in until_asked(follow)]
    await desk.agent.abort(desk.machine, desk.session)
    left = len(desk.fake.asked)

    await desk.prompt("32", "!say hi")

    assert (left, len(desk.fake.asked)) == (1, 0)


DENIED = Denied()
GREEN = Answered((("Green",),))


@pytest.mark.parametrize(
    ("text", "decision", "other"),
    [
        ("!bash echo may && true !slow 1", Allowed(always=False), DENIED),
        ("!bash echo may && true !slow 1", DENIED, Allowed(always=False)),
        ("!write may.txt one !slow 1", Allowed(always=True), DENIED),
        ("!question Colour? Red | Green !slow 1", GREEN, Answered((("Red",),))),
        ("!question Colour? Red | Green", DENIED, GREEN),
        ("!task Ask: !question Colour? Red | Green", GREEN, DENIED),
    ],
)
async def test_a_decision_that_was_taken_is_not_shown_as_gone(
    desk: Desk, text: str, decision: Decision, other: Decision
) -> None:
    """The answer to it gets lost; then our process ends, before it has written that down."""
    desk.fake.require({"bash": "ask", "edit": "ask"})
    desk.fake.mute = 1
    agent = OpenCodeAgent(desk.http, "playground/scripted", lambda: 0.0, replace(PATIENCE, read=0.3))
    machine = replace(desk.machine, session=desk.session)
    await desk.prompt("31", text)
    async with aclosing(desk.agent.follow(desk.machine, desk.session, TurnId("31"))) as follow:
        (ask,) = next(iter([seen.asks or () async for seen in until_asked(follow)]))

    at_once = await agent.reply(machine, ask, decision)
    later = await agent.reply(machine, ask, decision)
    of_another = await agent.reply(machine, ask, other)

    assert (at_once, later, of_another) == (True, True, False)


async def test_a_decision_about_what_nobody_knows_is_gone(desk: Desk) -> None:
    ask = Ask(AskId("per_404"), Permission("bash", "make"))

    taken = [
        await desk.agent.reply(replace(desk.machine, session=session), ask, Allowed(always=False))
        for session in (None, desk.session, SessionId("ses_404"))
    ]

    assert taken == [False] * 3


async def test_many_events_are_few_looks(desk: Desk) -> None:
    """A turn of a hundred tools, each of which tells of itself five times."""
    patience = replace(PATIENCE, pace=0.3, poll=2.0)
    agent = OpenCodeAgent(desk.http, "playground/scripted", lambda: 0.0, patience)
    await desk.prompt("31", "!tool nothing {} " * 100 + "!say Done.")
    begun, before = asyncio.get_running_loop().time(), len(desk.fake.seen)

    seen = [one async for one in agent.follow(desk.machine, desk.session, TurnId("31"))]

    seconds = asyncio.get_running_loop().time() - begun
    assert len(seen[-1].tools) == 100
    assert len(seen) <= seconds / patience.pace + 3
    assert len(desk.fake.seen) - before <= 6 * len(seen)


async def test_a_long_turn_is_not_read_again_and_again(desk: Desk) -> None:
    await desk.prompt("31", "!tool nothing {} " * 40 + "!slow 1 !say Done.")
    await asyncio.sleep(0)
    reader = Reader(desk.client, desk.session, "msg_dc31", PATIENCE, lambda: 0.0)
    async with asyncio.timeout(20):
        while len(reader.progress().tools) < 40:
            await reader.look()
    desk.fake.sent = 0

    await reader.look()

    assert desk.fake.sent <= 2


async def test_an_unfinished_prompt_is_never_sent_again_behind_a_newer_one(desk: Desk) -> None:
    desk.fake.endless = True
    await desk.prompt("31", "hi")
    await crash(desk)
    add_newer_prompt(desk)

    with pytest.raises(Refused, match="newer"):
        await desk.prompt("31", "hi")
    with pytest.raises(Refused, match="newer"):
        await desk.follow("31")

    assert len(desk.fake.prompts) == 1


async def crash(desk: Desk) -> None:
    await desk.fake.kill()
    await desk.fake.start()
    desk.fake.endless = False


def add_newer_prompt(desk: Desk) -> None:
    info = {"id": "msg_dc32", "role": "user", "time": {"created": 1}}
    desk.fake.sessions[desk.session].messages.append({"info": info, "parts": []})


async def test_a_turn_of_many_steps_is_found_though_the_messages_come_in_pages(desk: Desk) -> None:
    await desk.prompt("31", "!say x !bash true " * 65 + "!say x")

    answer = await desk.answer("31")

    assert answer.split() == ["x"] * 66


async def test_the_answer_comes_without_any_events_too(desk: Desk) -> None:
    desk.fake.events_work = False
    await desk.prompt("31", "!slow 0.3 !say hi")

    assert await desk.answer("31") == "hi"


async def test_events_bring_the_answer_long_before_the_next_poll(desk: Desk) -> None:
    desk.agent = OpenCodeAgent(desk.http, "playground/scripted", lambda: 0.0, replace(PATIENCE, poll=60.0))
    await desk.prompt("31", "!slow 0.3 !say hi")

    async with asyncio.timeout(10):
        assert await desk.answer("31") == "hi"


async def test_a_server_that_dies_is_worth_another_try(desk: Desk) -> None:
    desk.fake.endless = True
    await desk.prompt("31", "hi")

    waiting = asyncio.create_task(desk.follow("31"))
    await asyncio.sleep(0)
    await desk.fake.kill()

    with pytest.raises(Retriable):
        await waiting


async def test_waiting_can_be_cancelled_and_leaves_nothing_behind(desk: Desk) -> None:
    desk.fake.endless = True
    await desk.prompt("31", "hi")
    before = asyncio.all_tasks()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await desk.follow("31")

    assert {task for task in asyncio.all_tasks() - before if "_listen" in repr(task)} == set()


async def test_a_model_that_keeps_failing_is_given_up_after_some_tries(desk: Desk) -> None:
    desk.fake.most_retries = 100

    await desk.prompt("31", "!fail 500")
    with pytest.raises(Refused, match="in trouble"):
        await desk.follow("31")

    assert ("POST", f"/session/{desk.session}/abort") in desk.fake.seen


async def test_a_prompt_to_a_model_that_the_server_does_not_know_is_told(desk: Desk) -> None:
    desk.fake.idle_at_once = True
    agent = OpenCodeAgent(desk.http, "playground/other", lambda: 0.0, PATIENCE)
    stranger = replace(desk, agent=agent)
    await stranger.prompt("31", "hi")

    with pytest.raises(Refused, match="OPENCODE_MODEL"):
        await stranger.follow("31")


async def test_a_chosen_model_that_the_server_does_not_know_any_more_is_told_with_the_nearest(desk: Desk) -> None:
    desk.fake.idle_at_once = True
    models = desk.fake.models("playground")
    models["chosen"] = {}
    await desk.agent.prompt(desk.machine, desk.session, Prompt(TurnId("31"), "hi", model="playground/chosen"))
    del models["chosen"]  # it was configured in another way, and started again

    with pytest.raises(Refused, match="Nearest to it: playground/scripted"):
        await desk.follow("31")


async def test_what_the_provider_wrote_is_shown_to_nobody(desk: Desk) -> None:
    await desk.prompt("31", "!fail 401")

    with pytest.raises(Refused) as failure:
        await desk.follow("31")

    told = [str(error) for error in chain(failure.value)]
    assert told[0].startswith("Sorry")
    assert not any("secret" in text or "Invalid API key" in text for text in told)


async def test_a_wrong_password_and_a_web_page_are_worth_another_try(desk: Desk) -> None:
    stranger = replace(desk, machine=replace(desk.machine, password="guessed-it"))

    with pytest.raises(Retriable) as failure:
        await stranger.follow("31")
    desk.fake.html = True
    with pytest.raises(Retriable):
        await desk.prompt("31", "hi")

    assert not any("guessed-it" in str(error) for error in chain(failure.value))


def chain(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *chain(error.__cause__ or error.__context__)]


async def test_a_prompt_that_the_server_refuses_is_told(desk: Desk) -> None:
    desk.fake.bad_config = True

    with pytest.raises(Refused, match="OPENCODE_CONFIG_JSON"):
        await desk.prompt("31", "hi")


@pytest.mark.parametrize("text", ["!question Which? a | b", "!task Ask: !question Which? a | b"])
async def test_what_is_asked_is_seen_at_once_by_its_event_and_soon_without_it(desk: Desk, text: str) -> None:
    told, untold = replace(PATIENCE, lists=60.0), replace(PATIENCE, lists=0.3)

    by_event = await asked_after(desk, "31", f"!slow 0.5 {text}", told)
    desk.fake.secretive = True
    by_itself = await asked_after(desk, "32", f"!slow 0.5 {text}", untold)

    assert len(by_event) == len(by_itself) == 1


async def asked_after(desk: Desk, turn: str, text: str, patience: Patience) -> tuple[Ask, ...]:
    agent = OpenCodeAgent(desk.http, "playground/scripted", lambda: 0.0, patience)
    await desk.prompt(turn, text)
    async with asyncio.timeout(20), aclosing(agent.follow(desk.machine, desk.session, TurnId(turn))) as follow:
        return next(iter([seen.asks or () async for seen in until_asked(follow)]))


async def test_the_lists_of_what_is_asked_are_read_at_first_and_then_for_a_reason(desk: Desk) -> None:
    patience = replace(PATIENCE, lists=60.0, poll=0.05)
    agent = OpenCodeAgent(desk.http, "playground/scripted", lambda: 0.0, patience)
    await desk.prompt("31", "!slow 1.5 !say hi")
    desk.fake.seen.clear()

    seen = [one async for one in agent.follow(desk.machine, desk.session, TurnId("31"))]

    assert len(seen) > 10
    assert 1 <= desk.fake.seen.count(("GET", "/permission")) <= 4  # the stream opens, the turn ends
    assert seen[-2].asks == ()


async def test_a_list_that_could_not_be_read_at_first_is_not_an_empty_one(desk: Desk) -> None:
    desk.fake.asks_work = False
    await desk.prompt("31", "!question Which? a | b")
    async with asyncio.timeout(20), aclosing(desk.agent.follow(desk.machine, desk.session, TurnId("31"))) as follow:
        unknown = [await anext(follow) for _ in range(3)]
        desk.fake.asks_work = True

        shown = next(iter([seen async for seen in until_asked(follow)]))

    assert [seen.asks for seen in unknown if seen.asks != ()] == [None] * 3
    assert len(shown.asks or ()) == 1


async def test_what_a_sub_agent_does_is_seen_while_it_works_with_one_request_more(desk: Desk) -> None:
    patience = replace(PATIENCE, lists=60.0, poll=0.05, glance=5.0)
    agent = OpenCodeAgent(desk.http, "playground/scripted", lambda: 0.0, patience)
    await desk.prompt("31", "!task Look: !bash true !todo a; b !slow 0.5 !bash sleep 1 !say Done.")
    desk.fake.seen.clear()

    seen = [one async for one in agent.follow(desk.machine, desk.session, TurnId("31"))]

    requests = Counter(path for method, path in desk.fake.seen if method == "GET")
    (child,) = (id for id, session in desk.fake.sessions.items() if session.parent)
    inside = [tool.inside for one in seen for tool in one.tools]
    assert Tool("bash", "true", Doing.DONE) in inside
    assert Tool("bash", "sleep 1", Doing.RUNNING) in inside
    assert {tool.name for tool in inside if tool} == {"bash"}  # what is only written down is shown elsewhere
    assert inside[-1] is None
    assert 5 < requests[f"/session/{child}/message"] <= requests["/session/status"]
    assert requests.keys() <= {
        "/event",
        "/session/status",
        "/permission",
        "/question",
        f"/session/{desk.session}/message",
        f"/session/{child}/message",
    }


async def test_a_sub_agent_that_cannot_be_looked_at_does_not_end_the_turn(desk: Desk) -> None:
    patience = replace(PATIENCE, poll=0.05, glance=5.0)
    desk.agent = OpenCodeAgent(desk.http, "playground/scripted", lambda: 0.0, patience)
    await desk.prompt("31", "!task Look: !bash sleep 1")
    async with asyncio.timeout(20), aclosing(desk.agent.follow(desk.machine, desk.session, TurnId("31"))) as follow:
        seen = await anext(follow)
        while not any(tool.inside for tool in seen.tools):
            seen = await anext(follow)
        child = next(id for id, session in desk.fake.sessions.items() if session.parent)
        del desk.fake.sessions[child]

        later = await anext(follow)

    assert later.tools == seen.tools


async def test_of_many_sub_agents_the_newest_are_looked_at(desk: Desk) -> None:
    sub_agents = SubAgents(desk.client, 5.0)
    desk.fake.seen.clear()

    await sub_agents.look([f"ses_{number}" for number in range(50)], "/", 0)

    assert desk.fake.seen == [("GET", f"/session/ses_{number}/message") for number in (49, 48, 47)]


async def test_what_was_changed_after_a_compaction_is_reported_and_shown_too(desk: Desk) -> None:
    desk.fake.compactions = 2
    await desk.prompt("31", "!write a.txt one\\n !write a.txt one\\ntwo\\n !write b.txt three\\n !say Done.")
    said = await desk.answer("31")

    bench = OpenCodeWorkbench(desk.http, "playground/scripted", time.time)
    report = await desk.agent.report(desk.machine, desk.session, TurnId("31"))
    shown = await bench.difference(desk.machine, desk.session, TurnId("31"))

    assert said == "Done."
    assert report.changes == (Change("a.txt", 2, 0), Change("b.txt", 1, 0))
    assert [line for line in shown.patch.splitlines() if line[:2] in ("+o", "+t")] == ["+one", "+two", "+three"]


async def test_a_sub_agent_that_is_gone_costs_its_own_share_of_the_report_alone(desk: Desk) -> None:
    await desk.prompt("31", "!task One: !say a !task Two: !say b !write a.txt one\\n")
    await desk.answer("31")
    whole = await desk.agent.report(desk.machine, desk.session, TurnId("31"))
    child = next(id for id, session in desk.fake.sessions.items() if session.parent)
    del desk.fake.sessions[child]

    report = await desk.agent.report(desk.machine, desk.session, TurnId("31"))

    assert report.changes == whole.changes != ()
    assert 0 < report.tokens < whole.tokens
