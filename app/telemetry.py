"""Logs: how they are set up, what they may be called, what they never show.

An event has a name and fields (`turn.delivered chunks=3 seconds=41.2`), never a sentence; the thread, turn and attempt
it belongs to are bound once, by structlog's `bound_contextvars`, around the work. Every name stands in `EVENTS`; a test
holds the list to the calls.

Secrets are kept out three times: a field whose name says that it is one is blotted out, so is every secret that the
settings know wherever it turns up in a line (tracebacks included), and so are tokens in the shapes that Discord and
HTTP give them. Libraries speak at warning and above whatever LOG_LEVEL is: at their lower levels httpx shows
interaction tokens in URLs and websockets the bot's token in its frames.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

EVENTS: dict[str, str] = {
    "app.listening": "the app is up, and where",
    "ask.decided": "a person decided what an agent asked",
    "ask.deleted": "a message with something asked in it was deleted; it is asked anew",
    "ask.late": "a message with something asked in it could not be edited just now; tried again",
    "ask.unseen": "Discord refuses to have a message with something asked in it edited; it is left as it is",
    "background.defect": "something that runs by itself ended in a way that nobody foresaw",
    "catalogue.unread": "what OpenCode offers to choose from could not be read or kept; the next new machine is asked",
    "channel.deleted": "a channel of ours is gone, and with it what was asked in its threads",
    "command.defect": "what a command set going ended in a way that nobody foresaw; the person was told",
    "command.failed": "what a command set going could not be done; the person was told",
    "command.overdue": "what a command set going took longer than its reply can wait",
    "command.unheard": "what became of a command could not be said",
    "daytona.unauthorised": "Daytona does not accept DAYTONA_API_KEY; people are told that machines are not configured",
    "discord.connected": "Discord answers and knows us",
    "discord.event": "Discord told something of the application itself; unknown kinds are told nothing else",
    "discord.rejected": "a request that should be Discord's was answered with 4xx",
    "discord.unusable": "Discord cannot be reached, or does not accept us",
    "engine.failed": "a defect ended what works on turns, and with it the process",
    "event.defect": "an event brought out a defect of ours; it counts as taken",
    "event.failed": "an event could not be taken just now; it comes again",
    "event.undone": "what an event sets going could not be done; the clock's next round meets it",
    "event.unreadable": "an event made no sense; it counts as taken",
    "fork.moved": "everything that comes along has moved into the machine of a new thread",
    "fork.uncarried": "OpenCode did not carry the conversation over; the model is told what stands in the old thread",
    "fork.not_unpacked": "the script that puts the files into the new machine has failed, and the last that it said",
    "fork.unmoved": "the files stayed behind, and why; people are told",
    "fork.unread": "the old thread may not be read, or is gone: the model is told nothing of it",
    "gateway.app_away": "the app does not take events, or gives no lease; tried again until it does",
    "gateway.app_back": "the app takes events again",
    "gateway.beat_lost": "the app did not take a beat; without beats it will think that nobody listens",
    "gateway.closed": "a Gateway connection has ended, why, and what comes next",
    "gateway.content_hidden": "Message Content Intent is not switched on: only messages that mention the bot are read",
    "gateway.defect": "listening on a shard failed in a way that nobody foresaw; it begins again",
    "gateway.discord_away": "Discord's REST API cannot be used just now; tried again, more and more seldom",
    "gateway.discord_back": "Discord's REST API answers again",
    "gateway.event_defect": "an event brought out a defect of ours; it was not relayed",
    "gateway.event_rejected": "the app will never take this event; it was dropped",
    "gateway.identified": "a new Gateway session has begun",
    "gateway.identifies_low": "more than half of the sessions that may be begun in a day are used up",
    "gateway.queue_full": "so many events wait for the app that no more are fetched",
    "gateway.refused": "Discord does not accept the bot's token",
    "gateway.resharded": "Discord wants another number of shards: all of them begin anew",
    "gateway.resumed": "a Gateway session goes on where it was left",
    "gateway.standing_by": "somebody else listens on this shard; taken over when they stop",
    "gateway.stopped": "Discord will not have us, and why; asked again from time to time",
    "gateway.unreachable": "no connection to the Gateway could be opened",
    "guild.greeted": "the people of a server were told how to ask",
    "guild.left": "we are no longer in a server; its machines are deleted after a grace period",
    "guild.ungreeted": "they could not be told, there",
    "inbox.caught_up": "what was said while nobody listened has been read",
    "inbox.defect": "reading one place brought out a defect of ours; the others are read",
    "inbox.unread": "a channel may not be read, or not any more",
    "inbox.unreadable": "what was said while nobody listened cannot be read yet; tried again",
    "interaction.defect": "answering an interaction failed in a way that nobody foresaw; the person was told",
    "interaction.unanswered": "the store was too busy for a command; the person was told",
    "job.busy": "the app is still at work on the last request for it",
    "job.defect": "a job ended in a way that nobody foresaw",
    "job.done": "what the clock asked the app to do, and what came of it in counts; at debug when nothing did",
    "job.failed": "it could not be done now, or not at all; the clock asks again",
    "job.recovered": "a job that had failed is done again",
    "job.slow": "it has been running for so long that it may hang; no second one is started beside it",
    "ledger.unavailable": "the database could not be used just now; tried again",
    "machine.reset": "somebody threw a machine away",
    "machine.unreset": "somebody wanted to, and it could not be done",
    "parcel.refused": "Discord did not take a message of an answer; it goes without its files, or a remark instead",
    "preference.settled": "somebody settled for a thread or a channel how they are worked for, or took it back",
    "queue.cleared": "somebody withdrew questions that waited",
    "queue.moved": "a question that waits begins earlier or later",
    "relay.recovered": "the app takes the scheduler's requests again",
    "relay.refused": "the app does not accept the scheduler's signature",
    "relay.rejected": "a request to the relay's endpoints was answered with 4xx",
    "relay.unreachable": "the scheduler cannot reach the app; it goes on trying, more and more seldom",
    "role.forgotten": "a role that was to give agents leave was deleted, and is asked for no more",
    "role.unseen": "Discord would not tell whether there is such a role",
    "router.unanswered": "the quick model did not say whether a message wants an answer, or what a thread is called",
    "router.unauthorised": "OpenCode Zen does not accept OPENCODE_ZEN_API_KEY, or its balance is used up",
    "sandbox.active": "a thread's sandbox is up, OpenCode answers in it",
    "sandbox.created": "a sandbox of that name stands ready",
    "sandbox.defect": "a round failed over one machine in a way that nobody foresaw",
    "sandbox.deleted": "a sandbox is gone with its files",
    "sandbox.destroyed": "a thread's sandbox is gone, and its row says so",
    "sandbox.error": "a thread's sandbox is beyond repair: the next question gets a new one",
    "sandbox.launched": "a program was started in a sandbox",
    "sandbox.left_running": "a machine that cannot serve could not be stopped either",
    "sandbox.neglected": "something could not be done about one machine; the next round meets it again",
    "sandbox.paused": "a thread's sandbox is stopped, with its files",
    "sandbox.previewed": "somebody was given a link to a port of a machine",
    "sandbox.shell": "an operator ran a command in a machine",
    "sandbox.ssh": "somebody was given access to a machine by ssh",
    "sandbox.stopped": "nothing runs in a sandbox any more",
    "sandbox.stray": "an instance that no thread knows was deleted",
    "sandbox.swept": "processes that an earlier app left in local sandboxes were ended",
    "sandbox.unisolated": "SANDBOX_PROVIDER=local: what the model runs, runs as this user, on this machine",
    "sandbox.unlisted": "the provider would not tell which machines there are; the next round asks again",
    "scheduler.ended": "the clock was told to stop",
    "scheduler.started": "the clock runs, and where it asks for jobs",
    "session.compacted": "somebody had a thread's session summed up",
    "status.late": "a status message could not be edited just now; the next edit says what this one would have",
    "status.unseen": "a status message cannot be edited; the turn goes on without",
    "thread.deleted": "a thread of ours is gone, and with it what was asked there",
    "turn.accepted": "it wants an answer",
    "turn.admitted": "written down; nothing is lost from here on",
    "turn.amended": "its message was edited before it was at the model",
    "turn.answered": "the model's answer, or our apology, is written down",
    "turn.asked": "what was asked, word for word; at debug alone",
    "turn.cancelled": "somebody stopped it, or nobody answered what it asked",
    "turn.defect": "a step failed in a way that nobody foresaw",
    "turn.delivered": "the whole answer is in the thread",
    "turn.failed": "given up without a thread to say so in",
    "turn.given_up": "no further attempts; the person is told",
    "turn.ignored": "it wants no answer",
    "turn.lease_lost": "somebody else works on it by now, or it was cancelled",
    "turn.postponed": "a step failed and will be tried again",
    "turn.prompted": "OpenCode has it",
    "turn.rewound": "somebody undid what it changed, or took that back",
    "turn.stopped": "somebody wants it stopped",
    "turn.threaded": "it has its thread",
    "turn.unclosable": "the status message of a turn that is over will never say so",
    "turn.unclosed": "it does not say so yet; tried again",
    "turn.unheard": "not even the apology could be sent",
    "turn.unstopped": "it was given up, and OpenCode may still be at work on it",
    "turn.withdrawn": "messages were deleted before they were at the model",
}

BLOT = "[secret]"
_SECRET_NAME = re.compile(
    r"token|passw|secret|authorization|credential|cookie|signature|api_?key|(^|[_-])(key|auth|pwd)s?$", re.IGNORECASE
)
# https://docs.discord.com/developers/interactions/receiving-and-responding: tokens are part of these paths.
_SECRET_TEXT = re.compile(
    r"((?:webhooks|interactions)/\d+/|\b(?:Bot|Bearer|Basic) )[\w.~+/=-]{8,}?(?=[^\w.~+=-]|$)"
    r"|(://[^/\s:@]*:)[^/\s@]+(?=@)"
)
_SHORTEST_SECRET = 8  # anything shorter would blot out ordinary words


def configure(level: str, pretty: bool, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging, for the whole process; the last call counts.

    `level` is one of LOG_LEVEL's words. Lines go to `stream`, standard output by default.
    """
    threshold = getattr(logging, level.upper())
    out = stream or sys.stdout
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # No locals in tracebacks: they hold what must not be shown.
        structlog.processors.format_exc_info,
        blot_fields,
    ]
    render = blot_lines(_renderer(pretty), secrets)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    _route_libraries(threshold, shared, render, out)


def blot_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Blot out what sits under a telling name, at any depth. Numbers stay: `tokens=812` is a count."""
    return {name: _blotted(name, value) for name, value in event.items()}


def _blotted(name: object, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _blotted(inner, item) for inner, item in value.items()}
    if isinstance(value, int | float | None):
        return value
    if isinstance(name, str) and _SECRET_NAME.search(name):
        return BLOT
    if isinstance(value, list | tuple):
        return [_blotted(None, item) for item in value]
    return value


def blot_lines(render: Processor, secrets: Iterable[str]) -> Callable[[WrappedLogger, str, EventDict], str]:
    """`render`, with the secrets themselves and everything shaped like one blotted out of its lines."""
    known = sorted((secret for secret in secrets if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True)

    def rendered(logger: WrappedLogger, method: str, event: EventDict) -> str:
        line = str(render(logger, method, event))
        for secret in known:
            line = line.replace(secret, BLOT)
        return _SECRET_TEXT.sub(lambda found: (found[1] or found[2]) + BLOT, line)

    return rendered


def _renderer(pretty: bool) -> Processor:
    if pretty:
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer()


def _route_libraries(threshold: int, shared: list[Processor], render: Processor, out: TextIO) -> None:
    line = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(line)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    logging.getLogger("uvicorn.error").setLevel(max(threshold, logging.INFO))
    logging.captureWarnings(True)
