"""A second engine, of one SQLite table. It shows that the contract can hold another engine than DBOS."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.execution.engine import Leg
from orchestrator.model.delivery import Deliveries, Delivery

_TABLE = """CREATE TABLE IF NOT EXISTS delivery (
    key TEXT PRIMARY KEY, run INTEGER, rank INTEGER, due REAL, executor TEXT, enqueued REAL, ended REAL)"""
_CLAIM = """UPDATE delivery SET executor = ? WHERE key = (
    SELECT key FROM delivery AS one WHERE executor IS NULL AND ended IS NULL AND due <= ? AND NOT EXISTS (
        SELECT 1 FROM delivery AS other
        WHERE other.run = one.run AND other.executor IS NOT NULL AND other.ended IS NULL)
    ORDER BY rank, run, enqueued LIMIT 1) RETURNING key, run"""


class TableEngine:
    """Asks its table every 20 ms."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._legs: dict[str, asyncio.Task[None]] = {}
        self._polling: asyncio.Task[None] | None = None
        self._executor = ""
        self._failures: Counter[str] = Counter()

    async def start(self, leg: Leg, *, executor: str, concurrency: int) -> None:
        self._executor = executor
        await self.recover(executor)
        self._polling = asyncio.create_task(self._poll(leg, concurrency))

    async def stop(self, drain: float) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.wait([self._polling])
        if self._legs:
            await asyncio.wait(self._legs.values(), timeout=drain)
        for leg in list(self._legs.values()):
            leg.cancel()
        if self._legs:
            await asyncio.wait(self._legs.values())
        await self.recover(self._executor)

    async def enqueue(self, delivery: Delivery) -> None:
        due = delivery.not_before.timestamp() if delivery.not_before else 0.0
        with self._table() as table:
            table.execute("DELETE FROM delivery WHERE key = ? AND ended IS NOT NULL", [delivery.key])
            table.execute(
                "INSERT INTO delivery VALUES (?, ?, ?, ?, NULL, ?, NULL) ON CONFLICT DO NOTHING",
                [delivery.key, delivery.run, delivery.rank, due, _now()],
            )

    async def withdraw(self, key: str) -> bool:
        with self._table() as table:
            gone = table.execute(
                "DELETE FROM delivery WHERE key = ? AND executor IS NULL AND ended IS NULL", [key]
            )
            return gone.rowcount > 0

    async def recover(self, executor: str) -> int:
        with self._table() as table:
            taken = table.execute(
                "UPDATE delivery SET executor = NULL WHERE executor = ? AND ended IS NULL", [executor]
            )
            return taken.rowcount

    async def forget(self, before: datetime) -> int:
        with self._table() as table:
            return table.execute("DELETE FROM delivery WHERE ended < ?", [before.timestamp()]).rowcount

    async def deliveries(self) -> Deliveries:
        with self._table() as table:
            rows = table.execute(
                "SELECT executor, due, enqueued FROM delivery WHERE ended IS NULL"
            ).fetchall()
        waiting = [(due, enqueued) for executor, due, enqueued in rows if executor is None]
        queued = [enqueued for due, enqueued in waiting if due <= _now()]
        return Deliveries(
            queued=len(queued),
            delayed=len(waiting) - len(queued),
            running=Counter(executor for executor, _, _ in rows if executor is not None),
            oldest_queued=datetime.fromtimestamp(min(queued), UTC) if queued else None,
        )

    async def close(self) -> None:
        """Nothing is held."""

    async def _poll(self, leg: Leg, concurrency: int) -> None:
        while True:
            while len(self._legs) < concurrency:
                with self._table() as table:
                    claimed = table.execute(_CLAIM, [self._executor, _now()]).fetchall()
                if not claimed:
                    break
                key, run = claimed[0]
                self._legs[key] = asyncio.create_task(self._deliver(leg, key, run))
            await asyncio.sleep(0.02)

    async def _deliver(self, leg: Leg, key: str, run: int) -> None:
        try:
            await leg(run)
        except Exception:
            self._failures[key] += 1
            pause = min(60.0, 2.0 ** (self._failures[key] - 1))
            self._change("UPDATE delivery SET executor = NULL, due = ? WHERE key = ?", _now() + pause, key)
        else:
            self._change("UPDATE delivery SET ended = ? WHERE key = ? AND executor = ?", _now(), key)
        finally:
            del self._legs[key]

    def _change(self, statement: str, at: float, key: str) -> None:
        with self._table() as table:
            table.execute(statement, [at, key, self._executor][: statement.count("?")])

    @contextmanager
    def _table(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._path, timeout=15)) as table, table:
            table.execute("PRAGMA journal_mode = WAL")
            table.execute(_TABLE)
            yield table


def _now() -> float:
    return datetime.now(UTC).timestamp()
