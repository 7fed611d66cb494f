"""What people settle lasts, and counts where they settled it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from app.ids import ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.sandboxes.ports import Project
from app.store.ledger import SqliteLedger
from app.store.places import SqlitePlaces
from app.store.preferences import SqlitePreferences
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.machine import Event, Stage
from app.turns.preferences import Chosen, Preference, Scope
from app.turns.records import Fork, Place, Request
from tests.samples import ALICE, CHANNEL, GUILD, command

pytestmark = pytest.mark.anyio
THREAD, OTHER = ThreadId("400000000000000001"), ThreadId("400000000000000002")
BOB = UserId("301")
MODEL, REPOSITORY, BRANCH = Preference.MODEL, Preference.REPOSITORY, Preference.BRANCH


def place(thread: ThreadId | None = THREAD) -> Place:
    return Place(GuildId(GUILD), ChannelId(CHANNEL), thread)


@pytest.fixture
def preferences(sqlite: Sqlite) -> SqlitePreferences:
    seconds = count(1_000)
    return SqlitePreferences(sqlite, {MODEL: "a/operator", REPOSITORY: "https://x/op"}, lambda: float(next(seconds)))


async def test_what_is_settled_last_counts_until_it_is_taken_back(preferences: SqlitePreferences) -> None:
    for model in ("a/first", "a/second"):
        await preferences.settle(GuildId(GUILD), THREAD, {MODEL: model})
    settled = await preferences.settled(place())
    await preferences.settle(GuildId(GUILD), THREAD, {MODEL: None})

    assert settled.chosen[MODEL] == Chosen("a/second", Scope.THREAD)
    assert (await preferences.settled(place())).chosen[MODEL] == Chosen("a/operator", Scope.OPERATOR)


async def test_a_channels_counts_in_all_its_threads_and_a_threads_in_no_other(preferences: SqlitePreferences) -> None:
    await preferences.settle(GuildId(GUILD), ChannelId(CHANNEL), {MODEL: "a/channel"})
    await preferences.settle(GuildId(GUILD), THREAD, {MODEL: "a/thread"})

    found = [(await preferences.settled(place(thread))).value(MODEL) for thread in (THREAD, OTHER, None)]

    assert found == ["a/thread", "a/channel", "a/channel"]


async def test_another_repository_has_no_branch_yet(preferences: SqlitePreferences) -> None:
    await preferences.settle(GuildId(GUILD), THREAD, {REPOSITORY: "https://x/a", BRANCH: "next"})
    await preferences.settle(GuildId(GUILD), THREAD, {REPOSITORY: "https://x/b"})

    assert (await preferences.settled(place())).value(BRANCH) is None


async def test_repositories_of_a_server_are_remembered_the_latest_first(preferences: SqlitePreferences) -> None:
    for at, repository in ((THREAD, "https://x/a"), (ChannelId(CHANNEL), "https://x/b"), (THREAD, "https://x/c")):
        await preferences.settle(GuildId(GUILD), at, {REPOSITORY: repository})

    assert await preferences.repositories(place(), BOB) == ["https://x/c", "https://x/b"]
    assert await preferences.repositories(Place(GuildId("1"), ChannelId(CHANNEL), THREAD), BOB) == []


async def test_what_a_private_thread_works_on_is_offered_to_nobody_who_asked_nothing_there(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    guild, ledger = GuildId(GUILD), SqliteLedger(sqlite)
    hidden, of_discord, public, unknown = (ThreadId(str(number)) for number in range(77, 81))
    await open_thread(ledger, replace(command(1), private=True), hidden)
    await open_thread(ledger, command(2), public)
    await ledger.admit(command(3, thread=of_discord), 0.0)
    for at in (hidden, of_discord, public, unknown, ChannelId(CHANNEL)):
        await preferences.settle(guild, at, {REPOSITORY: "https://x/a", BRANCH: f"b{at}"})
        await preferences.settle(guild, at, {REPOSITORY: f"https://x/{at}"})
    elsewhere = Place(guild, ChannelId("9"))

    strangers = await preferences.repositories(elsewhere, BOB)
    own = await preferences.repositories(elsewhere, ALICE.id)
    there = await preferences.repositories(replace(elsewhere, thread=unknown), BOB)

    assert names(strangers) == {public, CHANNEL}
    assert names(own) == {public, CHANNEL, hidden, of_discord}
    assert names(there) == {public, CHANNEL, unknown}


async def test_a_private_threads_branch_is_no_more_offered_than_its_repository(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    await open_thread(SqliteLedger(sqlite), replace(command(1), private=True), ThreadId("77"))
    await preferences.settle(GuildId(GUILD), ThreadId("77"), {REPOSITORY: "https://x/a", BRANCH: "secret"})

    found = [await preferences.branches(place(), viewer, "https://x/a") for viewer in (BOB, ALICE.id)]

    assert found == [[], ["secret"]]


async def open_thread(ledger: SqliteLedger, request: Request, thread: ThreadId) -> None:
    await ledger.admit(request, 0.0)
    assert await ledger.claim("mine", 0.0, 60.0) is not None
    await ledger.note_opener(request.id, "mine", MessageId(thread))


def names(addresses: Sequence[str]) -> set[str]:
    return {address.rpartition("/")[2] for address in addresses}


async def test_a_machine_begins_with_what_people_settled_for_its_thread_or_channel(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    labels = {"app": "opencord", "guild": GUILD, "channel": CHANNEL}
    for thread in (THREAD, OTHER):
        await SqliteShelf(sqlite).shelve(thread, f"opencord-{thread}", labels | {"thread": thread}, 0.0)
    before = await preferences.project_of(THREAD)

    await preferences.settle(GuildId(GUILD), ChannelId(CHANNEL), {REPOSITORY: "https://x/all"})
    await preferences.settle(GuildId(GUILD), THREAD, {REPOSITORY: "https://x/a", BRANCH: "next"})

    assert (before, await preferences.project_of(THREAD)) == (Project(), Project("https://x/a", "next"))
    assert await preferences.project_of(OTHER) == Project("https://x/all")


async def test_a_thread_that_moves_in_from_another_can_do_without_what_is_settled(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    ledger = SqliteLedger(sqlite)
    await SqliteShelf(sqlite).shelve(THREAD, f"opencord-{THREAD}", {"guild": GUILD, "channel": CHANNEL}, 0.0)
    request = replace(command(1), fork=Fork(OTHER, "Fork of a shop"))
    before = await preferences.project_of(THREAD)

    await open_thread(ledger, request, THREAD)
    meanwhile = await preferences.project_of(THREAD)
    await ledger.record(request.id, "mine", Event.CANCELLED, Facts())
    ended = await preferences.project_of(THREAD)

    assert [before.is_fork, meanwhile.is_fork, ended.is_fork] == [False, True, False]


async def ask(ledger: SqliteLedger, number: int, model: str | None = None) -> TurnId:
    """A question of the thread, in its queue."""
    request = replace(command(number, thread=THREAD), wishes={MODEL: model} if model else {})
    await ledger.admit(request, 0.0)
    await ledger.claim("opening", 0.0, 60.0, {Stage.ADMITTED})
    for event in (Event.ACCEPTED, Event.THREAD_OPENED):
        await ledger.record(request.id, "opening", event, Facts())
    return request.id


async def test_what_is_wished_for_a_new_thread_counts_there_from_its_beginning_on(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    ledger, turn = SqliteLedger(sqlite), command(1).id
    await ledger.admit(replace(command(1), wishes={MODEL: "a/new"}), 0.0)
    await ledger.claim("mine", 0.0, 60.0)

    await ledger.note_opener(turn, "mine", MessageId("77"))

    assert (await preferences.settled(place(ThreadId("77")))).value(MODEL) == "a/new"
    assert (await preferences.settled(place())).value(MODEL) == "a/operator"


async def test_what_is_wished_in_a_thread_counts_when_its_question_begins_and_for_none_before_it(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    ledger = SqliteLedger(sqlite)
    first, second = await ask(ledger, 1), await ask(ledger, 2, "a/wished")

    await ledger.claim("mine", 1.0, 60.0)
    before = await preferences.settled(place())
    await ledger.record(first, "mine", Event.CANCELLED, Facts())
    begun = await ledger.claim("mine", 2.0, 60.0)

    assert before.value(MODEL) == "a/operator"
    assert begun is not None
    assert begun.id == second
    assert (await preferences.settled(place())).chosen[MODEL] == Chosen("a/wished", Scope.THREAD)


async def test_a_wish_is_settled_once_and_what_is_settled_after_it_counts(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    ledger, wished = SqliteLedger(sqlite), await ask(SqliteLedger(sqlite), 1, "a/wished")
    await ledger.claim("mine", 1.0, 60.0)
    await preferences.settle(GuildId(GUILD), THREAD, {MODEL: "a/later"})
    await ledger.release(wished, "mine")

    await ledger.claim("mine", 2.0, 60.0)

    assert (await preferences.settled(place())).value(MODEL) == "a/later"


async def test_what_is_withdrawn_before_it_began_settles_nothing(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    ledger = SqliteLedger(sqlite)
    await ask(ledger, 1)
    wished = await ask(ledger, 2, "a/wished")
    await ledger.claim("mine", 1.0, 60.0)

    is_over = await ledger.call_off(wished, "alice")

    assert is_over
    assert (await preferences.settled(place())).value(MODEL) == "a/operator"


async def test_what_is_forgotten_is_taken_back_wherever_it_was_settled_and_nothing_else_is(
    preferences: SqlitePreferences,
) -> None:
    approver = Preference.APPROVER
    for at, role in ((THREAD, "91"), (ChannelId(CHANNEL), "91"), (OTHER, "92")):
        await preferences.settle(GuildId(GUILD), at, {approver: role, MODEL: "91"})
    await preferences.settle(GuildId("7"), ChannelId("8"), {approver: "91"})

    places = await preferences.forget(GuildId(GUILD), approver, "91")

    assert places == 2
    assert [(await preferences.settled(place(thread))).value(approver) for thread in (THREAD, OTHER)] == [None, "92"]
    assert (await preferences.settled(place())).value(MODEL) == "91"
    assert (await preferences.settled(Place(GuildId("7"), ChannelId("8")))).value(approver) == "91"


async def test_what_was_settled_in_a_server_is_forgotten_long_after_we_left_it(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    places = SqlitePlaces(sqlite)
    guilds = [GuildId(guild) for guild in ("7", "8", "9", "10")]
    for guild in guilds:
        await preferences.settle(guild, ChannelId(guild), {MODEL: "a/b"})
        await places.note_guild(guild)
    for guild, gone_at in zip(guilds, (100.0, 200.0, 100.0), strict=False):
        await places.note_guild_gone(guild, gone_at)
    await places.note_guild(guilds[2])  # again

    forgotten = await preferences.prune(150.0)

    settled = [await preferences.settled(Place(guild, ChannelId(guild))) for guild in guilds]
    assert forgotten == 1
    assert [one.chosen[MODEL].scope for one in settled] == [Scope.OPERATOR, *[Scope.CHANNEL] * 3]


async def test_a_repositorys_branches_are_remembered_the_latest_first_and_no_others_are(
    sqlite: Sqlite, preferences: SqlitePreferences
) -> None:
    guild = GuildId(GUILD)
    for number, thread in enumerate(("77", "78")):
        await SqliteLedger(sqlite).admit(command(number, thread=ThreadId(thread)), 0.0)
    await preferences.settle(guild, THREAD, {REPOSITORY: "https://x/a", BRANCH: "next"})
    await preferences.settle(guild, ChannelId(CHANNEL), {REPOSITORY: "https://x/a", BRANCH: "main"})
    await preferences.settle(guild, ThreadId("77"), {REPOSITORY: "https://x/b", BRANCH: "another"})
    await preferences.settle(guild, ThreadId("78"), {BRANCH: "of-the-operators"})

    found = [await preferences.branches(place(), ALICE.id, f"https://x/{name}") for name in ("a", "b", "op", "c")]

    assert found == [["main", "next"], ["another"], ["of-the-operators"], []]
    assert await preferences.branches(Place(GuildId("1"), ChannelId(CHANNEL)), ALICE.id, "https://x/a") == []
