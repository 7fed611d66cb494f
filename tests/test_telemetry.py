"""What the log says, and what it never says."""

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from app import telemetry
from app.telemetry import BLOT, EVENTS

ROOT = Path(__file__).parent.parent
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}


class Log:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def configure(self, level: str = "info", *, pretty: bool = False, secrets: tuple[str, ...] = ()) -> None:
        telemetry.configure(level, pretty, secrets, self.stream)


@pytest.fixture
def log() -> Iterator[Log]:
    """Set up; and afterwards as it was before."""
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn.error")
    before = (root.handlers[:], root.level, uvicorn.level)
    made = Log()
    made.configure()
    yield made
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    uvicorn.setLevel(before[2])


def test_an_event_is_a_line_of_json_with_what_was_bound_around_it(log: Log) -> None:
    with structlog.contextvars.bound_contextvars(turn="2", thread="1"):
        structlog.get_logger().info("turn.delivered", chunks=3)

    (line,) = log.lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "turn.delivered", "level": "info", "chunks": 3, "turn": "2", "thread": "1"}


def test_what_is_below_the_level_is_not_said(log: Log) -> None:
    log.configure("warning")

    structlog.get_logger().info("turn.delivered")
    structlog.get_logger().warning("turn.defect")

    assert [line["event"] for line in log.lines()] == ["turn.defect"]


def test_the_pretty_log_shows_event_and_fields_and_no_json(log: Log) -> None:
    log.configure(pretty=True)

    structlog.get_logger().info("turn.delivered", chunks=3)

    plain = re.sub(r"\x1b\[[0-9;]*m", "", log.stream.getvalue())
    assert re.search(r"info +\] turn\.delivered +chunks=3\n", plain)


@pytest.mark.parametrize(
    "field",
    ["token", "interaction_token", "password", "Authorization", "api_key", "apiKey", "key", "signing-key", "x_auth"],
)
def test_a_field_whose_name_tells_a_secret_is_blotted_out_at_any_depth(log: Log, field: str) -> None:
    structlog.get_logger().info("turn.defect", **{field: "abc"}, headers=[{field: ["abc"]}])

    (line,) = log.lines()
    assert (line[field], line["headers"]) == (BLOT, [{field: BLOT}])


def test_counts_and_ordinary_names_stay(log: Log) -> None:
    structlog.get_logger().info("turn.delivered", tokens=812, monkey="see", author="do")

    (line,) = log.lines()
    assert (line["tokens"], line["monkey"], line["author"]) == (812, "see", "do")


@pytest.mark.parametrize("pretty", [False, True])
def test_a_known_secret_is_blotted_out_wherever_it_turns_up(log: Log, pretty: bool) -> None:
    log.configure(pretty=pretty, secrets=("s3cret-value",))
    try:
        raise RuntimeError("refused: s3cret-value")
    except RuntimeError:
        structlog.get_logger().exception("turn.defect", reason=["with s3cret-value"])
    logging.getLogger("somebody").error("they said %s", "s3cret-value")

    said = log.stream.getvalue()
    assert "s3cret-value" not in said
    assert said.count(BLOT) >= 3


def test_a_secret_too_short_to_tell_from_a_word_blots_out_nothing(log: Log) -> None:
    log.configure(secrets=("turn", ""))

    structlog.get_logger().info("turn.delivered")

    assert log.lines()[0]["event"] == "turn.delivered"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "POST https://discord.com/api/v10/webhooks/123/aW50ZXJhY3Rpb246/messages/@original",
            f"POST https://discord.com/api/v10/webhooks/123/{BLOT}/messages/@original",
        ),
        ("/interactions/123/aW50ZXJhY3Rpb246/callback", f"/interactions/123/{BLOT}/callback"),
        ("Authorization: Bot MTIz.abc-d.ef_gh", f"Authorization: Bot {BLOT}"),
        ("sent Basic b3BlbmNvZGU6eA==, refused", f"sent Basic {BLOT}, refused"),
        ("clone https://me:pw@host/repo", f"clone https://me:{BLOT}@host/repo"),
        ("GET http://127.0.0.1:4096/session", "GET http://127.0.0.1:4096/session"),
    ],
)
def test_tokens_are_known_by_their_surroundings(log: Log, text: str, shown: str) -> None:
    structlog.get_logger().info("turn.defect", reason=text)

    assert log.lines()[0]["reason"] == shown


def test_a_traceback_shows_no_local_variables(log: Log) -> None:
    def fail() -> None:
        hidden = "swordfish"
        raise RuntimeError(f"with {len(hidden)} letters")

    try:
        fail()
    except RuntimeError:
        structlog.get_logger().exception("turn.defect")

    (line,) = log.lines()
    assert "with 9 letters" in line["exception"]
    assert line["exception"].count("swordfish") <= 1  # its own line of code at most


def test_libraries_speak_from_warning_on_whatever_the_level(log: Log) -> None:
    log.configure("debug")

    for name in ("httpx", "httpcore.http11", "websockets.client", "apscheduler.scheduler"):
        logging.getLogger(name).debug("headers")
        logging.getLogger(name).info("a URL with a token")
        logging.getLogger(name).warning("trouble")

    assert [line["event"] for line in log.lines()] == ["trouble"] * 4


def test_the_web_server_tells_its_start_in_the_same_shape(log: Log) -> None:
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s", "there")

    (line,) = log.lines()
    assert (line["event"], line["logger"], line["level"]) == ("Uvicorn running on there", "uvicorn.error", "info")


def test_setting_up_again_does_not_say_things_twice(log: Log) -> None:
    log.configure()

    logging.getLogger("somebody").error("once")

    assert len(log.lines()) == 1


def calls() -> Iterator[tuple[str, ast.expr]]:
    """Where each event is logged, and what stands there for its name."""
    for path in [*ROOT.glob("app/**/*.py"), *ROOT.glob("scheduler/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
                receiver = node.func.value
                name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
                if name in {"log", "_log", "logger", "_logger"}:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0]


def matching(name: ast.expr) -> set[str]:
    """The events that a literal name means; an f-string means every event of its shape."""
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return {name.value} & EVENTS.keys()
    if isinstance(name, ast.JoinedStr):
        parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z_]+" for part in name.values]
        return {event for event in EVENTS if re.fullmatch("".join(parts), event)}
    return set()


def test_every_event_that_is_logged_is_listed() -> None:
    unlisted = [f"{where}: {ast.unparse(name)}" for where, name in calls() if not matching(name)]

    assert unlisted == []


def test_every_event_that_is_listed_is_logged() -> None:
    logged = set().union(*(matching(name) for _, name in calls()))

    assert sorted(EVENTS.keys() - logged) == []


def test_event_names_are_a_noun_and_what_became_of_it() -> None:
    assert [event for event in EVENTS if not re.fullmatch(r"[a-z]+\.[a-z_]+", event)] == []
