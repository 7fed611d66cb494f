"""What is done when the sender of an event has its answer."""

import structlog

from app.inbox.ports import Afterwards
from app.turns.errors import Refused, Retriable

log = structlog.get_logger()


async def after(work: Afterwards) -> None:
    """As well as can be: the clock's next round meets whatever was left undone."""
    try:
        await work()
    except (Retriable, Refused) as failure:
        log.warning("event.undone", reason=str(failure))
    except Exception:
        log.exception("event.defect")
