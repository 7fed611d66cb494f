"""One SQLite connection in one thread, and the two ways to use it: `read` and `write`.

A write is one `BEGIN IMMEDIATE` transaction. sqlite-utils' own `atomic()` begins deferred: such a transaction takes its
write lock late, and fails at once with SQLITE_BUSY_SNAPSHOT when another process wrote in between, whatever the busy
time-out says (https://www.sqlite.org/lang_transaction.html).

Callers pass functions, and the functions run in the connection's thread: they must not touch anything else.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from app.store.migrations import migrate
from app.turns.errors import Retriable

T = TypeVar("T")
OPENING_SECONDS = 15.0  # an app that ends beside us may hold it for a while
BUSY_SECONDS = 2.0  # shorter than the three seconds that Discord waits for an acknowledgement
# Locked for longer than we wait; the disk is full or does not answer; no more files may be opened.
# https://www.sqlite.org/rescode.html
PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }
)


class Unusable(Exception):
    """The database cannot be opened, written or migrated. The text is one line for the operator."""


class Sqlite:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._database: Database | None = None

    async def open(self) -> None:
        """Make or open the file and bring it up to date. Raises Unusable."""
        try:
            self._database = await self._run(lambda: connect(self._path))
        except (sqlite3.Error, OSError, Retriable) as error:
            self._thread.shutdown()
            raise Unusable(f"{self._path} cannot be used as a database: {error.__cause__ or error}") from error

    async def close(self) -> None:
        if self._database is not None:
            await self._run(self._database.conn.close)
            self._database = None
        self._thread.shutdown()

    async def read(self, ask: Callable[[Database], T]) -> T:
        return await self._run(lambda: ask(self._opened()))

    async def write(self, change: Callable[[Database], T]) -> T:
        """All of `change`, or nothing of it when it raises."""
        return await self._run(lambda: immediately(self._opened(), change))

    def _opened(self) -> Database:
        if self._database is None:
            raise Unusable("the database is not open")
        return self._database

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in PASSING:
                raise
            raise Retriable(f"the database does not answer: {error}") from error


def check(path: Path) -> None:
    """Make the file, or bring it up to date, before anything else begins. Raises Unusable."""
    try:
        connect(path).close()
    except (sqlite3.Error, OSError) as error:
        raise Unusable(f"{path} cannot be used as a database: {error}") from error


def connect(path: Path) -> Database:
    path.touch(mode=0o600)  # prompts and passwords are in it
    connection = sqlite3.connect(path, timeout=OPENING_SECONDS, isolation_level=None, check_same_thread=False)
    database = Database(connection)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")  # what is acknowledged survives a power cut
    database.execute("PRAGMA foreign_keys=ON")
    immediately(database, migrate)
    database.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")
    return database


def immediately(database: Database, change: Callable[[Database], T]) -> T:
    database.execute("BEGIN IMMEDIATE")
    try:
        result = change(database)
        database.commit()
    except BaseException:
        database.rollback()
        raise
    return result
