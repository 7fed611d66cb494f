"""Who is heard, and what is for us. What people write, and what is made of it, stands in `routing.csv` beside this
file: a line more there is a test more here."""

import csv
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ids import ChannelId, GuildId, ThreadId, UserId
from app.turns.preferences import Routing
from app.turns.records import Addressed, Asker, Place
from app.turns.routing import LEFT_ALONE, Named, Policy, Refusal, Unknown, Verdict, gate, judge, whom

HERE = Place(GuildId("1"), ChannelId("20"), ThreadId("30"), ChannelId("40"))
PLAIN = Asker(UserId("7"), "alice")
MEMBER = Asker(UserId("8"), "bob", roles=("90",))
BOT, ROLE = "99", "90"

with (Path(__file__).parent / "routing.csv").open(encoding="utf-8", newline="") as table:
    ROWS = list(csv.DictReader(table))


@pytest.mark.parametrize(
    ("policy", "asker", "expected"),
    [
        (Policy(), PLAIN, None),
        (Policy(channels=frozenset({ChannelId("20")})), PLAIN, None),
        (Policy(channels=frozenset({ChannelId("30")})), PLAIN, None),
        (Policy(channels=frozenset({ChannelId("21")})), PLAIN, Refusal.CHANNEL),
        (Policy(category=ChannelId("40")), PLAIN, None),
        (Policy(category=ChannelId("41")), PLAIN, Refusal.CHANNEL),
        (Policy(required_role="90"), PLAIN, Refusal.ROLE),
        (Policy(required_role="90"), MEMBER, None),
    ],
)
def test_the_gate(policy: Policy, asker: Asker, expected: Refusal | None) -> None:
    assert gate(HERE, asker, policy) is expected


def test_the_gate_does_not_guess_a_category() -> None:
    place = Place(GuildId("1"), ChannelId("20"), ThreadId("30"), category=None, vague=True)

    assert gate(place, PLAIN, Policy(category=ChannelId("40"))) is Unknown.PLACE


@pytest.mark.parametrize("category", [None, ChannelId("41")])
def test_only_what_is_vague_may_be_asked_for(category: ChannelId | None) -> None:
    place = Place(GuildId("1"), ChannelId("20"), ThreadId("30"), category)

    found = [gate(replace(place, vague=vague), PLAIN, Policy(category=ChannelId("40"))) for vague in (True, False)]

    assert found == [Unknown.PLACE, Refusal.CHANNEL]


few = st.sampled_from(["1", "2", "3"])
channels, roles = few.map(ChannelId), st.lists(few, max_size=3).map(tuple)
places = st.builds(
    Place, st.just(GuildId("1")), channels, st.none() | few.map(ThreadId), st.none() | channels, st.booleans()
)
askers = st.builds(Asker, few.map(UserId), st.text(max_size=5), roles)
policies = st.builds(Policy, st.frozensets(channels), st.none() | channels, st.none() | few, st.none() | few)


@given(places, askers)
def test_without_a_policy_the_gate_is_open(place: Place, asker: Asker) -> None:
    assert gate(place, asker, Policy()) is None


@given(places, askers, policies, few.map(UserId), st.text())
def test_the_gate_looks_at_nobodys_name_and_at_nothing_that_is_for_the_rules(
    place: Place, asker: Asker, policy: Policy, id: UserId, name: str
) -> None:
    somebody = replace(asker, id=id, name=name)

    assert gate(place, somebody, replace(policy, role=None)) is gate(place, asker, policy)


@given(places, askers, policies, st.data())
def test_taking_a_role_away_never_opens_the_gate(
    place: Place, asker: Asker, policy: Policy, data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.sampled_from(asker.roles)) if asker.roles else st.just([]))

    before, after = gate(place, asker, policy), gate(place, replace(asker, roles=tuple(kept)), policy)

    assert after is not None or before is None


@given(places, askers, policies, channels)
def test_allowing_one_more_channel_never_shuts_the_gate(
    place: Place, asker: Asker, policy: Policy, channel: ChannelId
) -> None:
    some = replace(policy, channels=policy.channels | {ChannelId("9")})

    if gate(place, asker, some) is None:
        assert gate(place, asker, replace(some, channels=some.channels | {channel})) is None


@given(places, askers, policies)
def test_whoever_comes_in_passes_every_condition_alone(place: Place, asker: Asker, policy: Policy) -> None:
    conditions = [
        Policy(channels=policy.channels),
        Policy(category=policy.category),
        Policy(required_role=policy.required_role),
    ]

    opens = gate(place, asker, policy) is None

    assert opens == all(gate(place, asker, condition) is None for condition in conditions)


@given(places, askers, policies)
def test_somebody_without_the_role_is_never_heard(place: Place, asker: Asker, policy: Policy) -> None:
    if policy.required_role is not None and policy.required_role not in asker.roles:
        assert gate(place, asker, policy) is not None


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (Named(), Addressed.NOBODY),
        (Named(users=frozenset({BOT})), Addressed.US),
        (Named(roles=frozenset({ROLE})), Addressed.US),
        (Named(replies_to=BOT), Addressed.US),
        (Named(users=frozenset({BOT, "5"}), leads_with="5"), Addressed.US),
        (Named(users=frozenset({BOT}), everyone=True), Addressed.US),
        (Named(everyone=True), Addressed.EVERYONE),
        (Named(everyone=True, leads_with="5"), Addressed.EVERYONE),
        (Named(users=frozenset({"5"}), leads_with="5"), Addressed.OTHERS),
        (Named(roles=frozenset({"91"}), leads_with="91"), Addressed.OTHERS),
        (Named(replies_to="5"), Addressed.OTHERS),
        (Named(users=frozenset({"5"}), replies_to="5"), Addressed.OTHERS),
        (Named(users=frozenset({"5"})), Addressed.NOBODY),
        (Named(roles=frozenset({"91"})), Addressed.NOBODY),
    ],
)
def test_whom_a_message_names(named: Named, expected: Addressed) -> None:
    assert whom(named, BOT, ROLE) is expected


def test_where_no_role_is_ours_no_role_is_us() -> None:
    assert whom(Named(roles=frozenset({ROLE}), leads_with=ROLE), BOT, None) is Addressed.OTHERS


@given(st.builds(Named, st.frozensets(few), st.frozensets(few), st.booleans(), st.none() | few, st.none() | few))
def test_naming_us_outweighs_everything_else(named: Named) -> None:
    assert whom(replace(named, users=named.users | {BOT}), BOT, ROLE) is Addressed.US


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['verdict']}: {row['text'][:40]!a}" for row in ROWS])
def test_what_people_write(row: dict[str, str]) -> None:
    verdict = judge(row["text"], Addressed(row["addressed"]), Routing.AI)

    assert verdict is Verdict[row["verdict"].upper()], row["why"]


def test_every_verdict_of_the_rules_has_its_examples() -> None:
    found_out_later = {Verdict.UNWANTED, Verdict.STRANGE}

    assert {Verdict[row["verdict"].upper()] for row in ROWS} == set(Verdict) - found_out_later
    assert len(ROWS) >= 80


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['addressed']}: {row['text'][:40]!a}" for row in ROWS])
def test_with_the_rules_switched_off_all_is_for_us_that_says_something_to_fewer_than_everyone(
    row: dict[str, str],
) -> None:
    verdict = judge(row["text"], Addressed(row["addressed"]), Routing.OFF)

    nothing_to_ask = row["verdict"] in {"empty", "everyone"}
    assert verdict is (Verdict[row["verdict"].upper()] if nothing_to_ask else Verdict.ASKED)


def test_doubt_is_for_us_and_small_talk_is_not() -> None:
    assert Verdict.UNSURE.ours
    assert {Verdict.EMPTY, Verdict.EVERYONE, Verdict.ELSEWHERE, Verdict.CHATTER} <= LEFT_ALONE
    assert not any(verdict.ours for verdict in LEFT_ALONE)


PIECES = (
    *("ha", "thanks ", "ok ", "no ", "it is ", "please ", "option ", "go!", "ㅋ", "ﷺ", "\u0301", "。", "a", "1 ", "1!"),
    *(" ", "\n", "?", "@", "@a", "/a", "./", "`", "x.", ".py", "at :", "Error", "error[", ":a", "<a:", "https://"),
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4), st.sampled_from(PIECES))
def test_no_text_takes_long_to_judge(pieces: list[str], end: str) -> None:
    hostile = ("".join(pieces) * 20_000)[:20_000] + end

    began = time.process_time()
    judge(hostile, Addressed.NOBODY, Routing.HEURISTIC)

    assert time.process_time() - began < 2.0  # a few milliseconds; what grows faster than the text takes minutes


@given(st.text(), st.sampled_from(Addressed), st.sampled_from(Routing))
def test_any_text_gets_a_verdict(text: str, addressed: Addressed, routing: Routing) -> None:
    assert judge(text, addressed, routing) in Verdict
