"""Tells a worker at once that a leg was posted: by NOTIFY on PostgreSQL, by the file's version on SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from orchestrator.model.server import Server
from orchestrator.records.postings import CHANNEL

if TYPE_CHECKING:
    from psycopg import AsyncConnection

LOOK_SECONDS = 0.02
"""How often the file's version is asked, which takes some microseconds."""


class Bell(Protocol):
    """Rings when there may be something new. It may ring for nothing; and while the database is away it is
    silent, so whoever waits says after which time to look anyway."""

    async def wait(self, seconds: float) -> None: ...

    async def close(self) -> None: ...


def bell_of(place: Path | Server) -> Bell:
    """The bell of the records' database. It connects when it is first waited for."""
    return _FileBell(place) if isinstance(place, Path) else _ServerBell(place)


class _FileBell:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._version = -1

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._changed():  # noqa: ASYNC110 - it is another process that changes it
                    await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _changed(self) -> bool:
        before = self._version
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=0)
            # Another number whenever another connection has written.
            self._version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return False
        return self._version != before


class _ServerBell:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: AsyncConnection | None = None

    async def wait(self, seconds: float) -> None:
        import psycopg

        try:
            async with asyncio.timeout(seconds):
                if self._connection is None:
                    self._connection = await _listen(self._server)
                    return  # what was posted before it listened made no sound
                async for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                    return
        except TimeoutError:
            pass
        except psycopg.Error:
            await self.close()
            await asyncio.sleep(min(1.0, seconds))

    async def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                await self._connection.close()
            self._connection = None


async def _listen(server: Server) -> AsyncConnection:
    from psycopg import AsyncConnection
    from psycopg.sql import SQL, Identifier

    from orchestrator.records.postgresql import connection_parameters

    connection = await AsyncConnection.connect(**connection_parameters(server, 1.0), autocommit=True)
    try:
        await connection.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
    except BaseException:  # whoever waited for it may have stopped waiting
        await connection.close()
        raise
    return connection
