"""`/opencord ask`: its options, and the form that it opens when there is no prompt."""

from typing import Any

import pytest

from app.commands import ask
from app.ids import ChannelId, GuildId, MessageId, ThreadId, TurnId
from app.sandboxes.machine import State
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.errors import Retriable
from app.turns.machine import Event
from app.turns.preferences import Preference
from app.turns.records import Attachment, Place, Turn
from app.turns.routing import Policy, Refusal
from app.words.asking import DRAFT_FORGOTTEN, EMPTY_PROMPT, HAS_MACHINE, NONE_PRIVATE, THREAD_NOT_PRIVATE
from app.words.door import UNKNOWN_BUTTON
from app.words.settings import BRANCH_ALONE, LOGIN_IN_ADDRESS, NO_BRANCH, NO_MODEL
from tests.commands.choosing import settle
from tests.commands.rooms import IN_THREAD, THREAD
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
REPOSITORY = "https://github.com/ada/shop"
OPTIONS: dict[str, Any] = {"model": "opencode/claude", "agent": "plan", "repo": REPOSITORY, "branch": "fix/login"}
FILE = {"id": "7", "filename": "a.txt", "size": 3, "url": "https://cdn.discordapp.com/a.txt"}


def with_file(sent: dict[str, Any]) -> dict[str, Any]:
    return sent | {"data": sent["data"] | {"resolved": {"attachments": {"7": FILE}}}}


def written(opened: Any, prompt: str, channel: dict[str, Any] | None = None) -> dict[str, Any]:
    """The form as it comes back."""
    field = {"type": 18, "component": {"type": 4, "custom_id": "prompt", "value": prompt}}
    form = {"custom_id": opened["data"]["custom_id"], "components": [field]}
    return used("", channel) | {"type": 5, "id": "700", "token": "token of the form", "data": form}


async def asked(door: Door, turn: str = "500") -> Turn:
    (found,) = await door.ledger.live_turns()
    assert found.id == turn
    return found


async def settled(door: Door, thread: str) -> dict[str, str | None]:
    found = await door.preferences.settled(Place(GuildId("100"), ChannelId("200"), ThreadId(thread)))
    return {option: found.value(preference) for option, preference in ask.WISHES.items()}


async def open_thread(door: Door) -> ThreadId:
    turn = await door.ledger.claim("opening", door.now, door.now + 15)
    assert turn is not None
    opened = await door.ledger.note_opener(turn.id, "opening", "777")  # type: ignore[arg-type]
    return opened.home


async def begin(door: Door, turn: str) -> None:
    """It comes to its turn in its thread."""
    await door.ledger.claim("opening", door.now, door.now + 15)
    for event in (Event.ACCEPTED, Event.THREAD_OPENED):
        await door.ledger.record(TurnId(turn), "opening", event, Facts())
    await door.ledger.claim("beginning", door.now, door.now + 15)


async def test_what_is_wished_for_a_new_thread_counts_there_alone(door: Door) -> None:
    answer = await door.send(used("ask", prompt="mend it", **OPTIONS))
    thread = await open_thread(door)

    assert answer == {"type": 5}
    assert await settled(door, thread) == OPTIONS
    assert await settled(door, "778") == {"model": "opencode/claude", "agent": None, "repo": None, "branch": None}


async def test_in_a_thread_it_counts_when_its_question_begins_and_for_what_is_asked_there_later(door: Door) -> None:
    await door.send(used("ask", IN_THREAD, prompt="mend it", agent="plan"))
    asked = (await settled(door, THREAD))["agent"]

    await begin(door, "500")

    assert (asked, (await settled(door, THREAD))["agent"]) == (None, "plan")


async def test_what_is_not_heard_settles_nothing(door: Door) -> None:
    """In a thread of a channel whose category only Discord knows."""
    door.policy = Policy(category=ChannelId("40"))
    await door.send(used("ask", IN_THREAD, prompt="mend it", agent="plan"))

    await door.ledger.claim("deciding", door.now, door.now + 15)
    await door.ledger.record(TurnId("500"), "deciding", Event.IGNORED, Facts())

    assert (await settled(door, THREAD))["agent"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "claude"}, NO_MODEL),
        ({"repo": "https://ada:secret@github.com/ada/shop"}, LOGIN_IN_ADDRESS),
        ({"branch": "--upload-pack=x"}, NO_BRANCH),
    ],
)
@pytest.mark.parametrize("prompt", [{"prompt": "mend it"}, {}])
async def test_what_cannot_be_wished_is_said_and_nothing_is_asked(
    door: Door, options: dict[str, Any], words: str, prompt: dict[str, Any]
) -> None:
    answer = await door.send(used("ask", **prompt, **options))

    assert spoken(answer) == (words, True)
    assert not await door.ledger.live_turns()


async def test_a_branch_is_wished_together_with_the_repository_that_counts(door: Door) -> None:
    await settle(door, "200", repository=REPOSITORY)
    await door.send(used("ask", prompt="mend it", branch="fix/login"))
    await settle(door, "200", repository="https://x.example/other")

    found = await settled(door, await open_thread(door))

    assert (found["repo"], found["branch"]) == (REPOSITORY, "fix/login")


@pytest.mark.parametrize("prompt", [{"prompt": "mend it"}, {}])
async def test_a_branch_of_no_repository_is_refused(door: Door, prompt: dict[str, Any]) -> None:
    answer = await door.send(used("ask", **prompt, branch="main"))

    assert spoken(answer) == (BRANCH_ALONE, True)
    assert not await door.ledger.live_turns()


@pytest.mark.parametrize("option", [{"repo": REPOSITORY}, {"branch": "main"}])
async def test_a_machine_that_is_there_keeps_its_repository(door: Door, option: dict[str, Any]) -> None:
    await door.machines.make(THREAD, State.PAUSED)

    answer = await door.send(used("ask", IN_THREAD, prompt="mend it", **option))

    assert spoken(answer) == (HAS_MACHINE, True)
    assert not await door.ledger.live_turns()
    assert (await settled(door, THREAD))["repo"] is None


async def test_without_a_prompt_a_form_opens_and_nothing_is_asked_yet(door: Door) -> None:
    opened = await door.send(used("ask"))

    (label,) = opened["data"]["components"]
    assert opened["type"] == 9
    assert label["component"]["max_length"] == 4000
    assert not await door.ledger.live_turns()


async def test_what_was_chosen_survives_the_form(door: Door) -> None:
    opened = await door.send(with_file(used("ask", **OPTIONS)))

    answer = await door.send(written(opened, "  x" * 1300))

    turn = await asked(door, "700")
    assert answer == {"type": 5}
    assert turn.prompt == ("  x" * 1300).strip()
    assert turn.interaction_token == "token of the form"
    assert turn.attachments == (Attachment("7", "a.txt", 3, FILE["url"]),)  # type: ignore[arg-type]
    assert await settled(door, await open_thread(door)) == OPTIONS


async def test_a_form_that_comes_back_twice_is_asked_once(door: Door) -> None:
    opened = await door.send(used("ask"))

    for _ in range(2):
        assert await door.send(written(opened, "hello")) == {"type": 5}

    assert (await asked(door, "700")).prompt == "hello"


async def test_a_form_that_says_nothing_that_is_forgotten_somebody_elses_or_from_elsewhere_asks_nothing(
    door: Door,
) -> None:
    opened = await door.send(used("ask"))
    of_bob = written(opened, "hello") | {"member": {"user": {"id": "301", "username": "bob"}, "roles": []}}
    from_elsewhere = [written(opened, "hello") | {"channel": one} for one in (IN_THREAD, {"id": "201", "type": 0})]

    empty = await door.send(written(opened, " \u200b"))
    somebody_elses = await door.send(of_bob)
    elsewhere = [await door.send(one) for one in from_elsewhere]
    door.policy = Policy(required_role="91")
    refused = await door.send(written(opened, "hello"))
    door.policy = Policy()
    await door.ledger.prune_drafts(door.now + 1)
    forgotten = await door.send(written(opened, "hello"))

    assert spoken(empty) == (EMPTY_PROMPT, True)
    assert spoken(somebody_elses) == (UNKNOWN_BUTTON, True)
    assert [spoken(one) for one in elsewhere] == [(UNKNOWN_BUTTON, True)] * 2
    assert spoken(refused) == (Refusal.ROLE.value, True)
    assert spoken(forgotten) == (DRAFT_FORGOTTEN, True)
    assert not await door.ledger.live_turns()


async def test_a_form_that_was_opened_before_an_upgrade_is_turned_away_in_words(door: Door, sqlite: Sqlite) -> None:
    opened = await door.send(used("ask"))
    await sqlite.write(lambda db: db.execute("UPDATE drafts SET content = json_remove(content, '$.at')"))

    answer = await door.send(written(opened, "hello"))

    assert spoken(answer) == (UNKNOWN_BUTTON, True)


async def test_repositories_that_were_used_before_are_suggested(door: Door) -> None:
    await door.preferences.settle(GuildId("100"), ChannelId("200"), {Preference.REPOSITORY: REPOSITORY})
    typing = used("ask", repo="SHOP") | {"type": 4}
    typing["data"]["options"][0]["options"][0]["focused"] = True

    answer = await door.send(typing)

    assert answer == {"type": 8, "data": {"choices": [{"name": REPOSITORY, "value": REPOSITORY}]}}


async def test_a_private_question_is_acknowledged_to_the_asker_alone(door: Door) -> None:
    answer = await door.send(used("ask", prompt="mend it", private=True))

    assert answer == {"type": 5, "data": {"flags": 64}}
    assert (await asked(door)).private


async def test_the_form_keeps_that_it_is_private(door: Door) -> None:
    opened = await door.send(used("ask", private=True))

    answer = await door.send(written(opened, "hello"))

    assert answer == {"type": 5, "data": {"flags": 64}}
    assert (await asked(door, "700")).private


@pytest.mark.parametrize(
    ("channel", "words"),
    [(IN_THREAD, THREAD_NOT_PRIVATE), ({"id": "200", "type": 5, "parent_id": "40"}, NONE_PRIVATE)],
)
async def test_a_private_thread_opens_in_a_text_channel_alone(door: Door, channel: dict[str, Any], words: str) -> None:
    answer = await door.send(used("ask", channel, prompt="mend it", private=True))

    assert spoken(answer) == (words, True)
    assert not await door.ledger.live_turns()


async def test_no_two_questions_share_a_private_thread(door: Door) -> None:
    for number in ("500", "501"):
        await door.send({**used("ask", prompt="mend it", private=True), "id": number})
    first = await door.ledger.claim("first", door.now, door.now + 15)
    second = await door.ledger.claim("second", door.now, door.now + 15)
    assert first is not None
    assert second is not None
    await door.ledger.note_opener(first.id, "first", MessageId("777"))

    with pytest.raises(Retriable):
        await door.ledger.note_opener(second.id, "second", MessageId("777"))

    assert (await door.ledger.assure(second.id, "second")).thread is None
