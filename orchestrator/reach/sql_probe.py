"""One read-only SQL statement, over any database that SQLAlchemy has a driver for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from orchestrator.language import Text
from orchestrator.model.question import SqlAnswer, SqlProbe

ROW_LIMIT = 1_000
GRACE = 2.0
"""Seconds beyond the statement's own limit before we stop waiting for the driver."""


class Databases:
    """Asks databases, each one statement at a time: an inspection is no load test (domain.md 3.1)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="sql")
        self._engines: dict[tuple[str, float], Engine] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def ask(self, probe: SqlProbe) -> SqlAnswer:
        turn = self._turns.setdefault(probe.url, asyncio.Lock())
        async with turn:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(2 * probe.timeout + GRACE):
                    loop = asyncio.get_running_loop()
                    return await loop.run_in_executor(self._threads, self._ask, probe, started)
            except TimeoutError:
                return _failed(Text("数据库在限时内没有应答", "the database did not answer in time"), started)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for engine in self._engines.values():
            engine.dispose()

    def _ask(self, probe: SqlProbe, started: float) -> SqlAnswer:
        try:
            engine = self._engine(probe)
            with engine.connect() as connection:
                # Without parameters a driver leaves `%` and `:word` in the statement alone.
                connection = connection.execution_options(no_parameters=True)
                result = connection.exec_driver_sql(probe.statement)
                rows = result.fetchmany(ROW_LIMIT)
                return SqlAnswer(
                    columns=tuple(result.keys()),
                    rows=tuple(tuple(row) for row in rows),
                    seconds=time.perf_counter() - started,
                )
        except DBAPIError as error:
            return _failed(_words(str(error.orig)), started)
        except (ImportError, NoSuchModuleError) as error:
            return _failed(
                Text(
                    f"缺少数据库驱动（{error}）；请在运行端安装对应驱动",
                    f"no driver for this database ({error}); install it beside wardround",
                ),
                started,
            )
        except SQLAlchemyError as error:
            # Not the text of ArgumentError: it quotes the URL with its password.
            words = type(error).__name__ if isinstance(error, ArgumentError) else str(error)
            return _failed(_words(words), started)

    def _engine(self, probe: SqlProbe) -> Engine:
        key = (probe.url, probe.timeout)
        if key not in self._engines:
            url = make_url(probe.url)
            self._engines[key] = create_engine(
                url, poolclass=NullPool, connect_args=dict(_arguments(url, probe.timeout))
            )
        return self._engines[key]


def _arguments(url: URL, timeout: float) -> Mapping[str, Any]:
    """Time limits and read-only mode, in each driver's own words."""
    seconds = max(1, round(timeout))
    match url.get_backend_name():
        case "postgresql":
            options = f"-c statement_timeout={int(timeout * 1000)} -c default_transaction_read_only=on"
            return {"connect_timeout": seconds, "options": options, "tcp_user_timeout": seconds * 1000}
        case "mysql":
            start = "SET SESSION TRANSACTION READ ONLY"
            return {"connect_timeout": seconds, "read_timeout": seconds, "init_command": start}
        case "mssql":
            return {"login_timeout": seconds, "timeout": seconds}
        case "sqlite":
            return {"timeout": timeout}
    return {}


def _words(message: str) -> Text:
    first = message.strip().partition("\n")[0][:300]
    return Text(f"数据库报错：{first}", f"the database says: {first}")


def _failed(error: Text, started: float) -> SqlAnswer:
    return SqlAnswer((), (), time.perf_counter() - started, error)
