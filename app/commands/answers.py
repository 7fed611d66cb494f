"""What a command answers: something at once, and where that takes longer than Discord waits, something more when it is
done.

The first answer is due within three seconds, and opens a webhook for fifteen minutes. What is left to do then is done
as a background of the response, and its report takes the place of the first answer. It ends with the process: whatever
it does to a machine or a turn must be fit to be found half done.

Where there is no first answer whose place it could take (Discord did not get it in time, or it is too old), the report
is an ordinary message, which everybody reads: so nothing of one that is for the asker alone. Where Discord refuses the
report itself, most often for a file, its place says so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from app.commands.door import bold
from app.commands.ports import Replies
from app.discord.errors import TokenDead
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.notation import SUBTEXT
from app.discord.payloads import Payload
from app.discord.text import shorten, units
from app.turns.errors import Refused, Retriable, UnfitFiles
from app.turns.records import File
from app.words.asking import SOMEBODY
from app.words.door import DEFECT, FILE_REFUSED, LATE, NOT_NOW, REPORT_REFUSED, TOO_LONG, UNSHOWN

log = structlog.get_logger()

WORK_SECONDS = 13 * 60.0  # and two minutes of the webhook's life to say how it went


@dataclass(frozen=True, slots=True)
class Result:
    """How it went. `aloud` is for everybody, the rest for whoever sees the first answer."""

    text: str
    components: tuple[Payload, ...] = ()
    files: tuple[File, ...] = ()
    aloud: str | None = None


Work = Callable[[], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_private`: what `then` comes to is for nobody but the asker. So it is, unless it is said not to be."""

    payload: Payload
    then: Work | None = None
    is_private: bool = True


async def carry_out(work: Work, interaction: Interaction, replies: Replies, *, is_private: bool = True) -> None:
    """Do it, and say how it went. Raises nothing; whatever went wrong is told in words."""
    channel = interaction.channel.id if interaction.channel else None
    with structlog.contextvars.bound_contextvars(interaction=interaction.id, channel=channel):
        report = await outcome(work)
        obstacle = await show(report, interaction, replies)
        if isinstance(obstacle, TokenDead) and report.aloud is None:
            late = belated(report, interaction, is_private=is_private)
            await say(replies.post(interaction, late.text, late.components))
        if report.aloud is not None:
            # No follow-up: Discord shows that as a reply to the first answer, which may be for the asker alone.
            await say(replies.post(interaction, report.aloud))


async def show(report: Result, interaction: Interaction, replies: Replies) -> Exception | None:
    """In place of the first answer: as much of it as Discord takes. What stood in the way of all of it."""
    obstacle = await say(replies.edit(interaction, report.text, report.components, report.files))
    if not isinstance(obstacle, Refused) or isinstance(obstacle, TokenDead):
        return obstacle
    rest = without_files(report, obstacle.tell) if isinstance(obstacle, UnfitFiles) else Result(REPORT_REFUSED)
    return await say(replies.edit(interaction, rest.text, rest.components))


def without_files(report: Result, reason: str) -> Result:
    remark = SUBTEXT + FILE_REFUSED.format(reason=reason)
    text = shorten(report.text, CONTENT - units(remark) - 1)
    return Result(f"{text}\n{remark}", report.components)


def belated(report: Result, interaction: Interaction, *, is_private: bool) -> Result:
    """What of it everybody may read."""
    name = bold(interaction.member.name if interaction.member else SOMEBODY)
    if is_private:
        return Result(UNSHOWN.format(name=name))
    return Result(LATE.format(name=name, text=report.text), report.components)


async def outcome(work: Work) -> Result:
    try:
        async with asyncio.timeout(WORK_SECONDS):
            return await work()
    except TimeoutError:
        log.error("command.overdue", seconds=WORK_SECONDS)
        return Result(TOO_LONG)
    except (Retriable, Refused) as failure:
        log.warning("command.failed", reason=str(failure))
        return Result(failure.tell or NOT_NOW)
    except Exception:
        log.exception("command.defect")
        return Result(DEFECT)


async def say(saying: Awaitable[None]) -> Exception | None:
    """As well as can be: what stood in the way."""
    try:
        await saying
    except (Retriable, Refused) as failure:
        log.warning("command.unheard", reason=str(failure))
        return failure
    except Exception as defect:
        log.exception("command.defect")
        return defect
    return None
