"""When a session is not worth another RESUME."""

import pytest

from scheduler.gateway.closings import Move, Verdict
from scheduler.gateway.doubt import IN_VAIN, SILENT, Doubt
from scheduler.gateway.protocol import PATIENCE_SECONDS, Conversation, Identity
from scheduler.gateway.session import Session

HELLO = '{"op": 10, "d": {"heartbeat_interval": 400000}}'
RESUMED = '{"op": 0, "t": "RESUMED", "s": 2, "d": {}}'


def outcome(doubt: Doubt, what: str) -> Move:
    """Of one connection that resumes, and is closed, silent, greeted by nobody, or brings something."""
    talk = Conversation(Identity("t", (0, 1)), Session("a", "wss://x", 1), 0.0, 0.5)
    if what != "no greeting":
        talk.receive(HELLO, 0.0)
    if what == "silent":
        talk.tick(PATIENCE_SECONDS)
    if what == "good":
        talk.receive(RESUMED, 0.0)
    return doubt.judge(talk, talk.closed(None)).move


@pytest.mark.parametrize(("what", "times"), [("closed", IN_VAIN), ("silent", SILENT)])
def test_after_so_many_in_a_row_a_new_session_is_due_and_the_count_begins_anew(what: str, times: int) -> None:
    doubt = Doubt()

    moves = [outcome(doubt, what) for _ in range(2 * times)]

    assert moves == [*[Move.RESUME] * (times - 1), Move.IDENTIFY] * 2


@pytest.mark.parametrize(("what", "times"), [("closed", IN_VAIN), ("silent", SILENT)])
def test_one_that_brought_something_ends_the_row(what: str, times: int) -> None:
    doubt = Doubt()

    moves = [outcome(doubt, each) for each in ([what] * (times - 1) + ["good"]) * 3]

    assert set(moves) == {Move.RESUME}


def test_a_server_that_does_not_greet_says_nothing_of_the_session() -> None:
    doubt = Doubt()

    assert {outcome(doubt, "no greeting") for _ in range(20)} == {Move.RESUME}


def test_every_other_verdict_stands() -> None:
    talk = Conversation(Identity("t", (0, 1)), None, 0.0, 0.5)
    verdict = Verdict(Move.STOP, "why", 3.0, 4004)

    assert Doubt().judge(talk, verdict) == verdict
