"""What is settled in a thread, and what comes of it: who answers, and who may give the agent leave."""

import pytest

from scripts.playground.discord.permissions import May
from tests.conversation.acting import Scene
from tests.conversation.test_threads_asks import ASKS, PUBLISH

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
MORE = "\n\nIn short, please."  # OpenCode adds to a prompt for `plan`, and the model knows the first paragraph
PLAN_MODE = "Plan mode"  # what OpenCode tells the model of its agent `plan`


def last_request(thread: Scene) -> str:
    return thread.people.stage.prompts()[-1][-1]


async def test_another_agent_answers_from_the_next_question_on_until_it_is_taken_back(thread: Scene) -> None:
    await thread.mention("say hello", means="!say Hello!")
    await thread.over()
    await thread.command("model")
    await thread.command("agent", name="plam")
    await thread.command("agent", name="plan")
    await thread.look("set agent")
    thread.plays("what would you do", means="!say I would do nothing.")
    await thread.write(f"what would you do{MORE}")
    await thread.over()
    as_plan = last_request(thread)
    await thread.command("agent", reset=True)
    await thread.look("cleared the agent")
    thread.plays("then do it", means="!say Nothing is done.")
    await thread.write(f"then do it{MORE}")
    await thread.over()

    thread.end()
    assert PLAN_MODE in as_plan
    assert PLAN_MODE not in last_request(thread)


async def test_what_opencode_offers_is_offered_to_whoever_types(thread: Scene) -> None:
    await thread.mention("say hello again", means="!say Hello!")
    await thread.over()
    assert thread.thread is not None

    agents = await thread.people.alice.autocomplete(thread.thread.id, "opencord", {"agent": {"name": ""}})
    models = await thread.people.alice.autocomplete(thread.thread.id, "opencord", {"model": {"name": "scripted"}})

    assert {"build", "plan"} <= {choice["value"] for choice in agents}
    assert all(choice["value"].startswith("scripted/") for choice in models)
    assert models


async def test_where_an_approver_is_settled_nobody_else_gives_the_agent_leave(thread: Scene) -> None:
    discord, people = thread.people.stage.discord, thread.people
    approvers = discord.add_role("approvers")
    crew = discord.world.members[people.alice.id].roles
    chief = discord.add_person("chief", [*crew, approvers.id], May.MANAGE_CHANNELS)
    await thread.mention("publish it", means=PUBLISH)
    await thread.look(*ASKS)
    assert thread.thread is not None
    options = {"config": {"thread": {"approver": approvers.id}}}

    refused = await people.alice.command(thread.thread.id, "opencord", options)
    settled = await chief.command(thread.thread.id, "opencord", options)
    await settled.wait_message()
    await thread.press("Allow once")
    await thread.press("Allow once", who=chief)
    await thread.over()

    assert "Manage Channel" in (await refused.wait_message())["content"]
    assert settled.original is not None
    assert f"approver <@&{approvers.id}> for this thread" in settled.original.content
    assert any(f"Only people with the role <@&{approvers.id}>" in line for line in thread.record.lines)
    assert "Allowed" in str([message.content for message in thread.thread.messages.values()])
