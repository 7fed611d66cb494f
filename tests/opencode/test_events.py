import pytest

from app.opencode.events import Alive, Troubled, Wake, meaning_of
from app.opencode.transcript import Fault


def event(kind: str, **properties: object) -> dict[str, object]:
    return {"id": "evt_1", "type": kind, "properties": properties}


@pytest.mark.parametrize("kind", ["session.idle", "session.status", "session.deleted"])
def test_what_may_end_a_turn_of_the_session_wakes(kind: str) -> None:
    assert meaning_of(event(kind, sessionID="ses_1"), "ses_1") == Wake()


def test_a_completed_message_wakes_and_a_growing_one_does_not() -> None:
    done = event("message.updated", sessionID="ses_1", info={"time": {"created": 1, "completed": 2}})
    growing = event("message.updated", sessionID="ses_1", info={"time": {"created": 1}})

    assert meaning_of(done, "ses_1") == Wake()
    assert meaning_of(growing, "ses_1") == Alive()


def test_an_error_says_what_is_wrong() -> None:
    told = event("session.error", sessionID="ses_1", error={"name": "APIError", "data": {"statusCode": 401}})

    assert meaning_of(told, "ses_1") == Troubled(Fault("APIError", 401))


@pytest.mark.parametrize("kind", ["session.idle", "session.error", "message.updated"])
def test_the_other_sessions_only_show_that_the_server_lives(kind: str) -> None:
    assert meaning_of(event(kind, sessionID="ses_2"), "ses_1") == Alive()


def test_a_heartbeat_shows_that_the_server_lives() -> None:
    assert meaning_of(event("server.heartbeat"), "ses_1") == Alive()


@pytest.mark.parametrize("kind", ["server.connected", "server.instance.disposed", "global.disposed"])
def test_a_stream_that_begins_or_ends_wakes_everybody(kind: str) -> None:
    assert meaning_of(event(kind), "ses_1") == Wake()


@pytest.mark.parametrize("odd", [{}, {"type": "session.error", "properties": {"sessionID": "ses_1"}}, {"type": 3}])
def test_odd_events_are_survived(odd: dict[str, object]) -> None:
    assert meaning_of(odd, "ses_1") in (Alive(), Troubled(Fault("")))
