"""Who is heard, and what is for us."""

import pytest

from app.ids import ChannelId, GuildId, ThreadId, UserId
from app.turns.records import Asker, Place
from app.turns.routing import Policy, Refusal, Unknown, Verdict, gate, judge
from app.turns.titles import LONGEST, title_of

HERE = Place(GuildId("1"), ChannelId("20"), ThreadId("30"), ChannelId("40"))
PLAIN = Asker(UserId("7"), "alice")
MEMBER = Asker(UserId("8"), "bob", roles=("90",))


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
    place = Place(GuildId("1"), ChannelId("20"), ThreadId("30"), category=None)

    assert gate(place, PLAIN, Policy(category=ChannelId("40"))) is Unknown.CATEGORY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Verdict.EMPTY),
        ("<@99>", Verdict.EMPTY),
        ("<@5> can you look at this?", Verdict.ELSEWHERE),
        ("thanks!", Verdict.CHATTER),
        ("ok, great, thank you so much :)", Verdict.CHATTER),
        ("👍", Verdict.CHATTER),
        ("does it build on macOS", Verdict.QUESTION),
        ("and on Windows?", Verdict.QUESTION),
        ("now add a test for it", Verdict.INSTRUCTION),
        ("<@99> fix the import", Verdict.INSTRUCTION),
        ("okay then fix the other one too", Verdict.UNSURE),
        ("the build is red", Verdict.UNSURE),
    ],
)
def test_the_rules(text: str, expected: Verdict) -> None:
    verdict = judge(text, Policy(bot="99"))

    assert verdict is expected
    assert verdict.ours == (expected not in {Verdict.EMPTY, Verdict.ELSEWHERE, Verdict.CHATTER})


def test_with_the_rules_switched_off_everything_is_for_us() -> None:
    assert judge("thanks!", Policy(judging=False)).ours


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("list the files", "list the files"),
        ("<@99>  fix `main.py`\nplease", "fix main.py please"),
        ("<@99>", "OpenCord"),
        ("", "OpenCord"),
        ("\u200b", "OpenCord"),
    ],
)
def test_a_thread_is_named_after_its_first_words(prompt: str, title: str) -> None:
    assert title_of(prompt) == title


@pytest.mark.parametrize("prompt", ["word " * 60, "x" * 500])
def test_a_long_prompt_is_cut_for_the_name(prompt: str) -> None:
    title = title_of(prompt)

    assert len(title) <= LONGEST
    assert title.endswith("…")
