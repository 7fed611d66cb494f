"""What waits for the app, and up to where it has everything."""

import pytest

from scheduler.gateway.backlog import Backlog
from scheduler.gateway.session import Session, address, is_websocket, parse_position


def at(s: int, id: str = "a") -> Session:
    return Session(id, "wss://x", s)


def test_what_is_committed_goes_up_to_the_first_event_that_waits() -> None:
    backlog = Backlog(at(3))
    for s, body in ((4, None), (5, b"five"), (6, None), (7, b"seven"), (8, None)):
        backlog.take(at(s), "X", body)

    seen = [backlog.committed]
    while backlog.first:
        backlog.commit()
        seen.append(backlog.committed)

    assert seen == [at(4), at(6), at(8)]


def test_over_the_end_of_a_session_the_old_one_counts_until_ready_is_committed() -> None:
    backlog = Backlog(None)
    backlog.take(at(1), "READY", b"ready")
    before = backlog.committed
    backlog.commit()
    backlog.take(at(1, "b"), "READY", b"ready")
    between = backlog.committed
    backlog.commit()

    assert (before, between, backlog.committed) == (None, at(1), at(1, "b"))


@pytest.mark.parametrize(("most_events", "most_bytes"), [(4, 1_000), (1_000, 40)])
def test_it_is_full_by_number_or_by_size_and_roomy_again_at_half(most_events: int, most_bytes: int) -> None:
    backlog, states = Backlog(None, most_events, most_bytes), []
    for s in range(4):
        backlog.take(at(s), "X", b"0123456789")
        states.append((backlog.full, backlog.roomy))
    while backlog.first:
        backlog.commit()
        states.append((backlog.full, backlog.roomy))

    assert states == [(False, True), (False, True), (False, False), (True, False),
                      (False, False), (False, True), (False, True), (False, True)]  # fmt: skip


def test_what_is_not_relayed_takes_no_room() -> None:
    backlog = Backlog(None, most_events=1)

    backlog.take(at(1), "X", None)

    assert (backlog.full, backlog.received, len(backlog)) == (False, at(1), 0)


@pytest.mark.parametrize("content", [True, False])
def test_a_position_survives_the_way_through_the_app(content: bool) -> None:
    session = Session("a", "wss://gateway-us.test/x", 5, content)

    position = {"session_id": session.id, "resume_gateway_url": session.noted_url, "s": session.s}

    assert parse_position(position) == session
    assert address(session.noted_url) == "wss://gateway-us.test/x?v=10&encoding=json"


@pytest.mark.parametrize(
    "change",
    [{"session_id": None}, {"session_id": ""}, {"resume_gateway_url": None}, {"resume_gateway_url": "https://x"},
     {"resume_gateway_url": "wss://"}, {"resume_gateway_url": "wss://x:port"}, {"s": None}, {"s": "5"}, {"s": True},
     {"s": -1}],
)  # fmt: skip
def test_a_position_that_is_not_whole_is_none(change: dict[str, object]) -> None:
    whole = {"session_id": "a", "resume_gateway_url": "wss://x", "s": 5}

    assert parse_position(whole)
    assert parse_position({**whole, **change}) is None


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("wss://gateway.test", "wss://gateway.test/?v=10&encoding=json"),
        ("wss://gateway.test/", "wss://gateway.test/?v=10&encoding=json"),
        ("ws://127.0.0.1:1/gateway?v=6", "ws://127.0.0.1:1/gateway?v=10&encoding=json"),
    ],
)
def test_the_address_asks_for_plain_json_of_version_10(url: str, where: str) -> None:
    assert is_websocket(url)
    assert address(url) == where
