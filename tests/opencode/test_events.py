import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.opencode.events import Alive, Stir, Troubled, Wake, meaning_of
from app.opencode.transcript import Fault, fault_of


def event(kind: str, **properties: object) -> dict[str, object]:
    return {"id": "evt_1", "type": kind, "properties": properties}


@pytest.mark.parametrize("kind", ["session.idle", "session.status", "session.deleted"])
def test_what_may_end_a_turn_of_the_session_wakes(kind: str) -> None:
    assert meaning_of(event(kind, sessionID="ses_1"), "ses_1") == Wake()


@pytest.mark.parametrize("kind", ["permission.asked", "permission.replied", "question.asked", "question.rejected"])
def test_what_any_session_asks_or_is_told_wakes(kind: str) -> None:
    assert meaning_of(event(kind, sessionID="ses_of_a_sub_agent"), "ses_1") == Wake()


def test_a_step_that_begins_does_not_wake_and_one_that_waits_for_the_model_does() -> None:
    busy, retry = (event("session.status", sessionID="ses_1", status={"type": type_}) for type_ in ("busy", "retry"))

    assert (meaning_of(busy, "ses_1"), meaning_of(retry, "ses_1")) == (Stir(), Wake())


def test_a_completed_message_stirs_and_a_growing_one_does_not() -> None:
    done = event("message.updated", sessionID="ses_1", info={"time": {"created": 1, "completed": 2}})
    growing = event("message.updated", sessionID="ses_1", info={"time": {"created": 1}})

    assert (meaning_of(done, "ses_1"), meaning_of(growing, "ses_1")) == (Stir(), Alive())


@pytest.mark.parametrize(
    ("part", "meaning"),
    [
        ({"type": "text", "text": "", "time": {"start": 1}}, Alive()),
        ({"type": "text", "text": "Done.", "time": {"start": 1, "end": 2}}, Stir()),
        ({"type": "tool", "state": {"status": "pending"}}, Alive()),
        ({"type": "tool", "state": {"status": "running"}}, Stir()),
        ({"type": "tool", "state": {"status": "running", "metadata": {"output": "a line"}}}, Alive()),
        ({"type": "tool", "state": {"status": "completed", "metadata": {"output": "a line"}}}, Stir()),
        ({"type": "tool", "state": {"status": "error"}}, Stir()),
        ({"type": "reasoning", "text": "Hm.", "time": {"end": 2}}, Alive()),
        ({}, Alive()),
    ],
)
def test_only_what_can_be_seen_of_a_part_stirs(part: dict[str, object], meaning: object) -> None:
    assert meaning_of(event("message.part.updated", sessionID="ses_1", part=part), "ses_1") == meaning


def test_an_error_says_what_is_wrong() -> None:
    told = event("session.error", sessionID="ses_1", error={"name": "APIError", "data": {"statusCode": 401}})

    assert meaning_of(told, "ses_1") == Troubled(Fault("APIError", 401))


@pytest.mark.parametrize("kind", ["session.idle", "session.error", "message.updated"])
def test_the_other_sessions_only_show_that_the_server_lives(kind: str) -> None:
    assert meaning_of(event(kind, sessionID="ses_2"), "ses_1") == Alive()


def test_a_tool_of_another_session_stirs_for_it_is_a_sub_agents_and_its_words_do_not() -> None:
    tool = {"type": "tool", "state": {"status": "running"}}
    text = {"type": "text", "text": "Done.", "time": {"start": 1, "end": 2}}

    meanings = [
        meaning_of(event("message.part.updated", sessionID="ses_2", part=part), "ses_1") for part in (tool, text)
    ]

    assert meanings == [Stir(), Alive()]


def test_a_heartbeat_shows_that_the_server_lives() -> None:
    assert meaning_of(event("server.heartbeat"), "ses_1") == Alive()


@pytest.mark.parametrize("kind", ["server.connected", "server.instance.disposed", "global.disposed"])
def test_a_stream_that_begins_or_ends_wakes_everybody(kind: str) -> None:
    assert meaning_of(event(kind), "ses_1") == Wake()


@pytest.mark.parametrize("odd", [{}, {"type": "session.error", "properties": {"sessionID": "ses_1"}}, {"type": 3}])
def test_odd_events_are_survived(odd: dict[str, object]) -> None:
    assert meaning_of(odd, "ses_1") in (Alive(), Troubled(Fault("")))


ODD = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=3)
NAMES = [
    "type",
    "properties",
    "error",
    "data",
    "message",
    "status",
    "info",
    "time",
    "part",
    "state",
    "metadata",
    "name",
]
KINDS = ["session.error", "session.status", "message.updated", "message.part.updated", "text", "tool", "running"]
SHAPES = st.recursive(
    ODD | st.sampled_from(KINDS), lambda inner: st.dictionaries(st.sampled_from(NAMES), inner), max_leaves=12
)


@given(ODD | st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), SHAPES) | ODD)
def test_no_shape_of_an_event_is_too_much(kind: object, properties: object) -> None:
    ours = {"sessionID": "ses_1", **properties} if isinstance(properties, dict) else properties

    meaning = meaning_of({"type": kind, "properties": ours}, "ses_1")

    assert isinstance(meaning, Wake | Stir | Troubled | Alive)


@pytest.mark.parametrize("odd", [None, "broken", ["broken"], {"data": "broken"}, {"name": None, "data": ["broken"]}])
def test_an_error_of_an_odd_shape_is_an_error(odd: object) -> None:
    assert fault_of(odd).status is None
    assert meaning_of(event("session.error", sessionID="ses_1", error=odd), "ses_1") == Troubled(fault_of(odd))
