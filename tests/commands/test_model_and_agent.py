"""`/opencord model` and `/opencord agent`: shown, chosen, taken back."""

import pytest

from app.turns.catalogue import Entry, Kind
from app.turns.routing import Policy, Refusal
from app.words.settings import ALREADY_SO, GIVEN_AND_RESET, NO_AGENT, NO_MODEL, NOT_SETTLED, ONLY_IN_THREADS
from tests.commands.choosing import ALOUD, OFFERED, WHISPERED, choices, said, settle, settled, typing
from tests.commands.rooms import IN_THREAD
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("command", "name"), [("model", "opencode/gpt"), ("agent", "plan")])
async def test_what_is_chosen_counts_for_the_thread_and_everybody_hears_by_whom(
    door: Door, command: str, name: str
) -> None:
    await door.catalogue.learn(OFFERED)

    answer = await door.send(used(command, IN_THREAD, name=f" {name} "))

    assert said(answer) == (
        f"-# **alice** set {command} `{name}` for this thread. It counts from the next question on.",
        ALOUD,
    )
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert await settled(door) == {command: name}
    assert await settled(door, "211") == {}
    assert door.log == ["answered"]


async def test_without_a_name_it_is_shown_with_where_it_comes_from(door: Door) -> None:
    operator = await door.send(used("model", IN_THREAD))
    await settle(door, "200", model="opencode/gpt")
    channel = await door.send(used("model", IN_THREAD))
    elsewhere = await door.send(used("model"))
    await settle(door, "210", model="other/one")
    thread = await door.send(used("model", IN_THREAD, reset=False))
    nobody = await door.send(used("agent", IN_THREAD))

    assert said(operator) == ("Model: `opencode/claude`, set by whoever runs this bot.", WHISPERED)
    assert said(channel) == said(elsewhere) == ("Model: `opencode/gpt`, set for this channel.", WHISPERED)
    assert said(thread) == ("Model: `other/one`, set for this thread.", WHISPERED)
    assert said(nobody) == ("Agent: OpenCode's own choice (default).", WHISPERED)


@pytest.mark.parametrize("options", [{"reset": True}, {"name": ""}, {"name": "  ", "reset": True}])
async def test_what_is_taken_back_leaves_what_the_channel_has(door: Door, options: dict[str, object]) -> None:
    await settle(door, "200", model="opencode/gpt")
    await settle(door, "210", model="other/one")

    answer = await door.send(used("model", IN_THREAD, **options))

    assert said(answer) == (
        "-# **alice** cleared the model for this thread. Now the model is `opencode/gpt`, set for this channel. "
        "It counts from the next question on.",
        ALOUD,
    )
    assert await settled(door) == {}


async def test_an_unknown_name_is_answered_with_the_nearest_and_changes_nothing(door: Door) -> None:
    await door.catalogue.learn(OFFERED)

    model = await door.send(used("model", IN_THREAD, name="opencode/cloude"))
    agent = await door.send(used("agent", IN_THREAD, name="biuld`"))

    text, is_ephemeral = spoken(model)
    assert is_ephemeral
    assert text.startswith("I know no model called `opencode/cloude`. Nearest to it: `opencode/claude`")
    assert spoken(agent)[0].startswith("I know no agent called `` biuld` ``. Nearest to it: `build`")
    assert await settled(door) == {}


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        ("model", "claude", NO_MODEL),
        ("model", "a/b c", NO_MODEL),
        ("model", "/x", NO_MODEL),
        ("model", "a/" + "b" * 300, NO_MODEL),
        ("model", "a/b\u200b", NO_MODEL),
        ("model", "../../etc/passwd", NO_MODEL),
        ("model", "a/../b", NO_MODEL),
        ("model", "a//b", NO_MODEL),
        ("model", "a/b/", NO_MODEL),
        ("model", "a/-b", NO_MODEL),
        ("model", "a/`b`", NO_MODEL),
        ("model", "https://host/a", NO_MODEL),
        ("agent", "two words", NO_AGENT),
        ("agent", "../../etc/passwd", NO_AGENT),
        ("agent", "/plan", NO_AGENT),
        ("agent", "-plan", NO_AGENT),
        ("agent", "plan.md", NO_AGENT),
        ("agent", "a" * 301, NO_AGENT),
    ],
)
async def test_before_a_machine_has_come_up_only_the_form_is_judged(
    door: Door, command: str, name: str, words: str
) -> None:
    answer = await door.send(used(command, IN_THREAD, name=name))
    fine = await door.send(used("model", IN_THREAD, name="any/thing/at-all"))

    assert spoken(answer) == (words, True)
    assert said(fine)[1] == ALOUD
    assert await settled(door) == {"model": "any/thing/at-all"}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("model", "openrouter/qwen/qwen3-coder:free"),
        ("model", "cloudflare-workers-ai/@cf/meta/llama-3.1-8b-instruct"),
        ("model", "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("model", "google-vertex/claude-opus-4@20250514"),
        ("agent", "code-reviewer_2"),
        ("agent", "prüfer"),
    ],
)
async def test_names_as_providers_and_people_give_them_are_taken_before_a_machine_has_come_up(
    door: Door, command: str, name: str
) -> None:
    await door.send(used(command, IN_THREAD, name=name))

    assert await settled(door) == {command: name}


async def test_what_would_change_nothing_is_said_to_whoever_asked_alone(door: Door) -> None:
    await settle(door, "210", model="other/one")

    twice = await door.send(used("model", IN_THREAD, name="other/one"))
    both = await door.send(used("model", IN_THREAD, name="other/two", reset=True))
    never = await door.send(used("agent", IN_THREAD, reset=True))

    assert spoken(twice) == (ALREADY_SO, True)
    assert spoken(both) == (GIVEN_AND_RESET, True)
    assert spoken(never) == (NOT_SETTLED.format(where="this thread"), True)
    assert await settled(door) == {"model": "other/one"}


async def test_it_is_chosen_in_a_thread_and_by_those_who_may_ask_there(door: Door) -> None:
    outside = await door.send(used("model", name="other/one"))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used("model", IN_THREAD, name="other/one"))

    assert spoken(outside) == (ONLY_IN_THREADS, True)
    assert spoken(stranger) == (Refusal.ROLE.value, True)
    assert await settled(door) == {}


async def test_what_counts_here_is_offered_first_also_before_anything_is_known(door: Door) -> None:
    empty = [typing(used(name, IN_THREAD, name=""), "name") for name in ("model", "agent")]
    of_the_operator, of_nobody = [choices(await door.send(one)) for one in empty]
    await door.catalogue.learn([Entry(Kind.MODEL, f"many/{number}") for number in range(30)])
    await settle(door, "210", model="many/29")
    of_the_thread = choices(await door.send(empty[0]))

    assert (of_the_operator, of_nobody) == (["opencode/claude"], [])
    assert of_the_thread[:2] == ["many/29", "many/0"]
    assert len(of_the_thread) == 25


async def test_while_somebody_types_what_opencode_offers_is_offered(door: Door) -> None:
    await door.catalogue.learn(OFFERED)

    models = await door.send(typing(used("model", IN_THREAD, name="gpt"), "name"))
    agents = await door.send(typing(used("agent", IN_THREAD, name=""), "name"))
    door.policy = Policy(required_role="91")
    nothing = await door.send(typing(used("model", IN_THREAD, name=""), "name"))

    assert choices(models) == ["opencode/gpt"]
    assert [one["name"] for one in agents["data"]["choices"]] == ["build (The default agent)", "plan"]
    assert choices(nothing) == []
