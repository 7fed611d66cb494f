"""One connection, frame by frame."""

import json
from typing import Any

import pytest

from scheduler.gateway.closings import CLOSINGS, Move
from scheduler.gateway.protocol import (
    ANSWERS_PER_MINUTE,
    CLOSE,
    INTENTS,
    MESSAGE_CONTENT,
    Action,
    Close,
    Conversation,
    Event,
    Identity,
    Phase,
    Send,
)
from scheduler.gateway.session import Session

TOKEN = "swordfish"
WE = Identity(TOKEN, (2, 5))
BLIND = Identity(TOKEN, (0, 1), INTENTS & ~MESSAGE_CONTENT)
AT = Session("abc", "wss://resume.test", 7)
READY = {"session_id": "new", "resume_gateway_url": "wss://elsewhere.test"}


def frame(op: int, body: Any = None, **more: Any) -> str:
    return json.dumps({"op": op, "d": body, **more})


def event(name: str, s: int, body: Any = None) -> str:
    return frame(0, {} if body is None else body, t=name, s=s)


HELLO = frame(10, {"heartbeat_interval": 40_000})


def talk(session: Session | None = None, *, identity: Identity = WE, jitter: float = 0.25) -> Conversation:
    return Conversation(identity, session, 100.0, jitter)


def greeted(session: Session | None = None, **more: Any) -> Conversation:
    conversation = talk(session, **more)
    conversation.receive(HELLO, 100.0)
    return conversation


def resumed() -> Conversation:
    conversation = greeted(AT)
    conversation.receive(event("RESUMED", 8), 100.0)
    return conversation


def sent(actions: list[Action]) -> list[tuple[int, Any]]:
    frames = [json.loads(action.text) for action in actions if isinstance(action, Send)]
    return [(sent["op"], sent["d"]) for sent in frames]


def told(actions: list[Action]) -> list[tuple[str, int]]:
    return [(action.name, action.at.s) for action in actions if isinstance(action, Event)]


def test_a_new_session_is_identified_for_with_token_intents_and_shard() -> None:
    ((op, body),) = sent(talk().receive(HELLO, 100.0))

    assert op == 2
    assert (body["token"], body["intents"], body["shard"]) == (TOKEN, 1 | 512 | 32768, [2, 5])
    assert set(body["properties"]) == {"os", "browser", "device"}


def test_a_session_that_is_known_is_resumed_from_the_last_event() -> None:
    actions = talk(AT).receive(HELLO, 100.0)

    assert sent(actions) == [(6, {"token": TOKEN, "session_id": "abc", "seq": 7})]


def test_what_is_sent_fits_and_shows_no_token_when_it_is_printed() -> None:
    actions = talk(Session("x" * 100, "wss://" + "y" * 200, 2**62)).receive(HELLO, 100.0) + talk().receive(HELLO, 0)

    assert all(len(action.text) < 4096 for action in actions if isinstance(action, Send))
    assert TOKEN not in repr(actions) + repr(WE)


def test_ready_names_the_session_and_every_event_says_where_we_are_after_it() -> None:
    conversation = greeted()

    (ready,) = conversation.receive(event("READY", 1, READY), 101.0)
    (message,) = conversation.receive(event("MESSAGE_CREATE", 2, {"id": "5"}), 102.0)

    assert ready == Event(Session("new", "wss://elsewhere.test", 1), "READY", READY)
    assert message == Event(Session("new", "wss://elsewhere.test", 2), "MESSAGE_CREATE", {"id": "5"})


def test_the_replay_comes_before_resumed_and_is_told() -> None:
    conversation = greeted(AT)

    replayed = [told(conversation.receive(event("A", s), 100.0)) for s in (8, 9)]
    end = conversation.receive(event("RESUMED", 10), 100.0)

    assert replayed == [[("A", 8)], [("A", 9)]]
    assert told(end) == [("RESUMED", 10)]
    assert conversation.phase is Phase.OPEN


@pytest.mark.parametrize("s", [0, 6, 7, 8])
def test_an_event_that_is_not_newer_than_the_last_is_never_told_again(s: int) -> None:
    assert resumed().receive(event("A", s), 100.0) == []


def test_a_gap_in_the_sequence_is_none_of_our_business() -> None:
    assert told(resumed().receive(event("A", 90), 100.0)) == [("A", 90)]


def test_events_before_ready_have_no_session_and_are_not_told() -> None:
    assert greeted().receive(event("A", 1), 100.0) == []


def test_the_first_heartbeat_comes_after_a_part_of_the_interval_and_then_one_each() -> None:
    conversation = greeted(AT, jitter=0.25)
    conversation.receive(event("RESUMED", 8), 100.0)

    beats = []
    for now in (109.9, 110.0, 149.9, 150.0, 190.0):
        beats.append(sent(conversation.tick(now)))
        conversation.receive(frame(11), now)

    assert beats == [[], [(1, 8)], [], [(1, 8)], [(1, 8)]]
    assert conversation.due == 230.0


def test_before_there_is_a_session_a_heartbeat_says_so() -> None:
    assert sent(greeted(jitter=0.0).tick(100.0)) == [(1, None)]


def test_a_heartbeat_that_is_not_answered_by_the_next_ends_the_connection_and_resumes() -> None:
    conversation = resumed()

    conversation.tick(110.0)
    actions = conversation.tick(150.0)

    assert actions == [Close()]
    assert conversation.closed(CLOSE).move is Move.RESUME


def test_a_heartbeat_that_is_asked_for_is_sent_at_once_and_moves_no_other() -> None:
    conversation = resumed()

    assert sent(conversation.receive(frame(1), 105.0)) == [(1, 8)]
    assert conversation.due == 110.0


def test_no_server_can_make_us_say_more_than_is_allowed() -> None:
    conversation = talk(AT)
    conversation.receive(frame(10, {"heartbeat_interval": 0.001}), 100.0)
    conversation.receive(event("RESUMED", 8), 100.0)

    said = 1
    for step in range(6_000):
        now = 100.0 + step / 100
        said += len(sent(conversation.receive(frame(1), now)))
        conversation.receive(frame(11), now)
        said += len(sent(conversation.tick(now)))

    assert ANSWERS_PER_MINUTE < said <= 120


@pytest.mark.parametrize(
    ("text", "session", "move", "pause"),
    [
        (frame(7), AT, Move.RESUME, 0.0),
        (frame(7), None, Move.IDENTIFY, 0.0),
        (frame(9, True), AT, Move.RESUME, 2.0),
        (frame(9, True), None, Move.IDENTIFY, 2.0),
        (frame(9, False), AT, Move.IDENTIFY, 2.0),
        (frame(9, "yes"), AT, Move.IDENTIFY, 2.0),
        (frame(9), None, Move.IDENTIFY, 2.0),
    ],
)
def test_op_7_and_9_end_the_connection_and_say_what_is_next(
    text: str, session: Session | None, move: Move, pause: float
) -> None:
    conversation = greeted(session)

    actions = conversation.receive(text, 101.0)
    verdict = conversation.closed(CLOSE)

    assert actions == [Close()]
    assert (verdict.move, verdict.pause) == (move, pause)
    assert conversation.session == (AT if move is Move.RESUME else None)


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 1.0), (1.0, 5.0)])
def test_after_op_9_we_wait_for_one_to_five_seconds(jitter: float, pause: float) -> None:
    conversation = greeted(AT, jitter=jitter)

    conversation.receive(frame(9, False), 101.0)

    assert conversation.closed(None).pause == pause


@pytest.mark.parametrize("op", [1, 11, 3, 4, 8, 31, 99, -1])
def test_an_op_that_is_no_news_changes_nothing(op: int) -> None:
    conversation = resumed()

    actions = conversation.receive(frame(op, {"anything": 1}), 101.0)

    assert not [action for action in actions if not isinstance(action, Send)]
    assert (conversation.session, conversation.phase) == (Session("abc", "wss://resume.test", 8), Phase.OPEN)


def test_a_second_hello_changes_nothing() -> None:
    conversation = resumed()

    assert conversation.receive(HELLO, 101.0) == []
    assert conversation.due == 110.0


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", '"op"', "{}", '{"op": "0"}', '{"op": true}', '{"op": null}', '{"op": 1.5}',
        '{"op": 0, "t": "A", "d": {}}', '{"op": 0, "s": 9, "d": {}}', '{"op": 0, "s": "9", "t": "A"}',
        '{"op": 0, "s": true, "t": "A"}', '{"op": 0, "s": -1, "t": "A"}', '{"op": 0, "s": 9, "t": 5}', "[" * 100_000,
        '{"op": 0, "s": ' + "9" * 5_000 + ', "t": "A"}', '{"op": 10}', '{"op": 10, "d": {"heartbeat_interval": 0}}',
        '{"op": 10, "d": {"heartbeat_interval": "1"}}', '{"op": 10, "d": {"heartbeat_interval": NaN}}',
        '{"op": 10, "d": {"heartbeat_interval": 1e999}}', b"\xff\xfe", b"\x00",
    ],
)  # fmt: skip
def test_a_frame_that_makes_no_sense_ends_the_connection_and_not_the_session(text: str | bytes) -> None:
    conversation = resumed()

    assert conversation.receive(text, 101.0) == [Close()]
    assert conversation.closed(None).move is Move.RESUME
    assert conversation.session == Session("abc", "wss://resume.test", 8)


@pytest.mark.parametrize(
    "ready",
    [None, [], {}, {"session_id": "a"}, {"session_id": "", "resume_gateway_url": "wss://x"},
     {"session_id": 5, "resume_gateway_url": "wss://x"}, {"session_id": "a", "resume_gateway_url": "https://x"},
     {"session_id": "a", "resume_gateway_url": None}, {"session_id": "a", "resume_gateway_url": "wss://[x"}],
)  # fmt: skip
def test_a_ready_that_names_no_session_is_as_good_as_none(ready: Any) -> None:
    conversation = greeted()

    assert conversation.receive(frame(0, ready, t="READY", s=1), 101.0) == [Close()]
    assert conversation.closed(None).move is Move.IDENTIFY


@pytest.mark.parametrize(("session", "move"), [(AT, Move.RESUME), (None, Move.IDENTIFY)])
def test_a_hello_that_does_not_come_is_not_waited_for(session: Session | None, move: Move) -> None:
    conversation = talk(session)

    assert (conversation.due, conversation.tick(119.9)) == (120.0, [])
    assert conversation.tick(120.0) == [Close()]
    assert conversation.closed(None).move is move


@pytest.mark.parametrize("session", [AT, None])
def test_a_resume_or_identify_that_is_not_answered_is_given_up_for_a_new_session(session: Session | None) -> None:
    conversation = greeted(session, jitter=0.5)
    conversation.receive(frame(11), 100.1)

    assert conversation.tick(119.9) == []
    assert conversation.tick(120.0) == [Close()]
    assert conversation.closed(None).move is Move.IDENTIFY
    assert not conversation.silent


def test_a_resume_after_which_nothing_at_all_came_says_nothing_against_the_session() -> None:
    conversation = greeted(AT, jitter=0.9)

    assert conversation.tick(120.0) == [Close()]
    assert conversation.closed(None).move is Move.RESUME
    assert (conversation.session, conversation.silent) == (AT, True)


@pytest.mark.parametrize(("s", "after"), [(3, 7), (7, 7), (None, 7), ("8", 7), (9, 9)])
def test_resumed_opens_the_connection_whatever_its_number(s: Any, after: int) -> None:
    conversation = greeted(AT)

    actions = conversation.receive(frame(0, {}, t="RESUMED", s=s), 101.0)

    assert told(actions) == [("RESUMED", after)]
    assert (conversation.phase, conversation.progress) == (Phase.OPEN, True)
    assert conversation.session == Session("abc", "wss://resume.test", after)


def test_only_what_is_new_is_progress() -> None:
    old, new = greeted(AT), greeted(AT)

    old.receive(event("A", 7), 101.0)
    new.receive(event("A", 8), 101.0)

    assert (old.progress, new.progress) == (False, True)


def test_a_heartbeat_that_came_late_is_followed_by_one_a_whole_interval_later() -> None:
    conversation = resumed()

    conversation.tick(130.0)

    assert conversation.due == 170.0


def test_a_replay_may_take_as_long_as_it_goes_on() -> None:
    conversation = greeted(AT, jitter=0.9)

    conversation.receive(event("A", 8), 119.0)

    assert conversation.tick(130.0) == []
    assert conversation.due == 136.0  # the first heartbeat


CODES: dict[int | None, Move] = {
    **dict.fromkeys([None, 1000, 1001, 1006, 1011, 1012, 4000, 4001, 4002, 4003, 4005, 4006, 4008, 4999], Move.RESUME),
    **dict.fromkeys([4007, 4009], Move.IDENTIFY),
    **dict.fromkeys([4004, 4012, 4013], Move.STOP),
    **dict.fromkeys([4010, 4011], Move.ASK_ANEW),
    4014: Move.IDENTIFY_BLIND,
}


@pytest.mark.parametrize(("code", "move"), CODES.items())
def test_what_follows_a_code_of_the_server_when_there_is_a_session(code: int | None, move: Move) -> None:
    conversation = resumed()

    verdict = conversation.closed(code)

    assert verdict.move is move
    assert (conversation.session is not None) is (move is Move.RESUME)
    assert code is None or str(code) in verdict.why or code == 4014


@pytest.mark.parametrize(("code", "move"), CODES.items())
def test_what_follows_a_code_of_the_server_when_there_is_none(code: int | None, move: Move) -> None:
    assert greeted().closed(code).move is (Move.IDENTIFY if move is Move.RESUME else move)


def test_without_message_content_there_is_nothing_left_to_go_without() -> None:
    assert greeted(identity=BLIND).closed(4014).move is Move.STOP


def test_a_session_that_was_begun_without_message_content_remembers_it() -> None:
    conversation = greeted(identity=BLIND)

    conversation.receive(event("READY", 1, READY), 101.0)

    assert conversation.session
    assert not conversation.session.content


def test_the_table_has_every_code_of_the_documentation() -> None:
    assert sorted(CLOSINGS) == [*range(4000, 4006), *range(4007, 4015)]


def test_when_we_leave_for_reasons_of_our_own_we_come_back() -> None:
    conversation = resumed()

    assert conversation.leave("full") == [Close()]
    assert (conversation.closed(CLOSE).move, conversation.closed(CLOSE).why) == (Move.RESUME, "full")


def test_after_its_end_a_conversation_says_nothing_more() -> None:
    conversation = resumed()
    conversation.receive(frame(7), 101.0)

    assert conversation.receive(event("A", 9), 101.0) + conversation.tick(1_000.0) + conversation.leave("twice") == []
    assert conversation.closed(4004).move is Move.RESUME  # what we decided first
