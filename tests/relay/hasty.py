"""`python -m tests.relay.hasty app|scheduler`: the real ones, in a hurry.

What is shorter here is only how long one waits for the other's lease or before the next attempt. `app` takes the folder
of the OpenCode for its sandboxes: by itself it finds the one of `make setup` before any that is on PATH.
"""

import sys
from dataclasses import replace
from pathlib import Path

LEASE_SECONDS = 4.0


def app(tools: str) -> None:
    import app.parts
    import app.web.relay
    from app.__main__ import main

    app.web.relay.LEASE_SECONDS = LEASE_SECONDS
    app.parts.TOOLS = Path(tools)
    main()


def scheduler() -> None:
    from scheduler.gateway import pace

    pace.PACE = replace(
        pace.PACE, beat=1.0, beat_again=0.2, standby=0.2, longest_retry=1.0, longest_reconnect=1.0, spacing=0.2
    )
    from scheduler.__main__ import main

    main()


if __name__ == "__main__":
    wanted, given = sys.argv[1], sys.argv[2:]
    del sys.argv[1:]
    if wanted == "app":
        app(*given)
    else:
        scheduler()
