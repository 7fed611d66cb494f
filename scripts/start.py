"""Run what the Procfile names, side by side: `make start`. When one of them ends, for whatever reason, all do.

honcho does the work, as a library, for its command would read `.env` by rules of its own. Here is what it lacks: time
for the app to end in good order, an ear for the terminal that closes, and safety from signals that come while it
prints or is not ready for them. Whatever escapes its loop would leave the processes running without anybody.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from honcho import manager
from honcho.environ import parse_procfile
from honcho.printer import Printer

KILL_SECONDS = 15  # the app may take ten to hand its turns back and to end its local sandboxes
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Page(Printer):  # type: ignore[misc]  # honcho brings no types
    """Not interrupted in the middle of a line: honcho prints in its signal handlers too, and standard output refuses
    to be entered twice."""

    def write(self, message: Any) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            with contextlib.suppress(BrokenPipeError):  # nobody reads any more; they go on all the same
                super().write(message)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


class Starter(manager.Manager):  # type: ignore[misc]  # honcho brings no types
    def terminate(self) -> None:
        """Not before all have begun: until then honcho does not know whom to end."""
        if self._all_started():
            super().terminate()
        else:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()


def main(procfile: str = "Procfile") -> None:
    # What waits beside each process must take SIGHUP as we do: a fork does, a spawned one would die and tell nothing.
    multiprocessing.set_start_method("fork")
    manager.KILL_WAIT = KILL_SECONDS
    starter = Starter(Page(sys.stdout))
    for name, command in parse_procfile(Path(procfile).read_text()).processes.items():
        starter.add_process(name, command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    end_with_the_terminal()
    starter.loop()
    # None of them ends by itself: one that did without a complaint is a failure too.
    raise SystemExit(starter.returncode or 1)


def end_with_the_terminal() -> None:
    """Each process has a session of its own, so none of them hears of it. Not where somebody asked to be spared."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


if __name__ == "__main__":
    main(*sys.argv[1:2])
