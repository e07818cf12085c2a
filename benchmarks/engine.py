"""A worker's engine with waiting runs: what it costs while idle, and how soon a posted leg begins.

`python -m benchmarks.engine [--database postgresql] [--waiting 1000] [--seconds 20]`
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.db import transaction

from orchestrator.execution.courier import Courier
from orchestrator.execution.dbos_engine import DbosEngine
from orchestrator.execution.lease_keeper import LeaseKeeper, acquire
from orchestrator.model.lease import Lease
from orchestrator.model.server import Server
from orchestrator.records import database as records
from orchestrator.records.bell import bell_of
from orchestrator.records.models.run import Run
from orchestrator.records.postings import new_postings, post_leg
from tests.postgres import running_postgres

LEGS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--waiting", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="wardround-bench-") as folder,
        _server(options.database) as server,
    ):
        lease = _prepare(Path(folder), server, options.waiting)
        asyncio.run(_measure(Path(folder), server, lease, options.seconds))


async def _measure(state: Path, server: Server | None, lease: Lease, seconds: float) -> None:
    begun: dict[int, float] = {}

    async def leg(run: int) -> None:
        begun[run] = time.perf_counter()

    engine = DbosEngine(server or state / "engine.sqlite3", _now)
    courier = Courier(engine, leg, bell_of(server or state / records.FILE))
    keeper = LeaseKeeper(lease, _now, lambda: None, lambda _: None)
    await courier.start(executor=lease.executor, concurrency=20)
    keeper.start()
    while await asyncio.to_thread(_not_handed):
        await asyncio.sleep(0.5)
    await asyncio.sleep(2)
    before, since = _cpu(), time.perf_counter()
    await asyncio.sleep(seconds)
    idle = 100 * (_cpu() - before) / (time.perf_counter() - since)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"idle: {idle:.2f} % of a core, {memory} MiB, load {os.getloadavg()[0]:.1f}")
    delays = [await _leg_delay(run, begun) for run in range(1, LEGS + 1)]
    print(f"posted to leg: median {statistics.median(delays):.1f} ms, longest {max(delays):.1f} ms")
    keeper.stop()
    await courier.stop(0)


async def _leg_delay(run: int, begun: dict[int, float]) -> float:
    await asyncio.to_thread(_post, run)
    posted = time.perf_counter()
    while run not in begun:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.1)
    return 1000 * (begun[run] - posted)


def _prepare(state: Path, server: Server | None, waiting: int) -> Lease:
    records.open_database(state, server)
    with transaction.atomic():
        for number in range(1, waiting + 1):
            Run.objects.create(
                key=f"{number}",
                runbook="routine/bench",
                kind="routine",
                state="waiting",
                priority=1,
                actor="bench",
                proof="session",
                requested_at=_now(),
            )
            post_leg(number, "wait", 1, _now(), _now() + timedelta(days=1))
    lease = acquire("bench", _now)
    records.disconnect()
    return lease


def _not_handed() -> bool:
    left = bool(new_postings())
    records.disconnect()
    return left


def _post(run: int) -> None:
    post_leg(run, f"bench {time.time()}", 0, _now())
    records.disconnect()


@contextmanager
def _server(database: str) -> Iterator[Server | None]:
    if database == "sqlite":
        yield None
        return
    with contextlib.ExitStack() as stack:
        parts = urlsplit(stack.enter_context(running_postgres()))
        secret = stack.enter_context(tempfile.NamedTemporaryFile("w"))
        secret.write(parts.password or "")
        secret.flush()
        yield Server(
            "postgres", parts.hostname or "", parts.port, parts.username or "", {}, Path(secret.name)
        )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
