"""What Daytona's failures become, whichever of its clients raises them."""

import pytest
from daytona import DaytonaBadRequestError, DaytonaConnectionError, DaytonaError, DaytonaRateLimitError
from daytona_api_client_async.exceptions import ApiException

from app.sandboxes.daytona.errors import Failed, Inactive, NoSuchSnapshot, Unauthorised, translate
from app.turns.errors import Refused, Retriable


def generated(status: int, body: str = "") -> ApiException:
    """As methods raise it that the SDK has not wrapped."""
    error = ApiException(status=status, reason="Reason")
    error.body = body
    return error


@pytest.mark.parametrize(
    "error",
    [
        generated(502, "sandbox 3f2a with key dtn_secret"),
        DaytonaError("sandbox 3f2a with key dtn_secret", status_code=500, code="dtn_secret"),
        DaytonaConnectionError("dtn_secret"),
        ValueError("1 validation error: dtn_secret"),
    ],
)
def test_a_reason_repeats_nothing_of_what_daytona_says(error: Exception) -> None:
    failure = translate(error, "do it")

    assert isinstance(failure, Retriable)
    assert "could not do it" in str(failure)
    assert not any(word in f"{failure}{failure.tell}" for word in ("dtn_secret", "3f2a"))


@pytest.mark.parametrize("name", ["Retry-After", "retry-after-authenticated", "RETRY-AFTER-Sandbox-Create"])
def test_the_time_to_wait_is_found_whatever_its_header_looks_like(name: str) -> None:
    error = DaytonaRateLimitError("slow down", status_code=429, headers={"X-RateLimit-Limit": "10", name: "42"})

    assert translate(error, "do it").after == 42  # type: ignore[union-attr]


@pytest.mark.parametrize(("told", "wait"), [("0", 0.0), ("5", 5.0), ("6", None), ("soon", 0.3)])
def test_a_short_time_is_waited_here_and_a_long_one_is_left_to_the_turn(told: str, wait: float | None) -> None:
    failure = translate(DaytonaRateLimitError("", status_code=429, headers={"Retry-After-x": told}), "do it")

    assert isinstance(failure, Failed)
    assert failure.wait(0.3) == wait


@pytest.mark.parametrize(
    ("error", "unclear"),
    [
        (generated(502), True),
        (generated(504), True),
        (DaytonaConnectionError("lost"), True),
        (TimeoutError(), True),
        (generated(409), False),
        (DaytonaBadRequestError("no", status_code=400), False),
    ],
)
def test_what_may_have_taken_effect_is_told_apart(error: Exception, unclear: bool) -> None:
    failure = translate(error, "do it")

    assert isinstance(failure, Failed)
    assert failure.unclear is unclear


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (401, "Invalid credentials", Unauthorised),
        (403, "Forbidden", Unauthorised),
        (400, "Total disk limit exceeded. Maximum allowed: 30", Refused),
        (400, "Snapshot agent is inactive", Inactive),
        (404, "Snapshot with ID or name agent not found", NoSuchSnapshot),
        (404, "Sandbox with ID or name one not found", Failed),
        (429, "Rate limit exceeded", Failed),
    ],
)
def test_what_never_works_is_refused(status: int, words: str, kind: type[Exception]) -> None:
    assert type(translate(DaytonaError(words, status_code=status), "do it")) is kind
    assert type(translate(generated(status, words), "do it")) is kind
