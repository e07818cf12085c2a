"""Kills workers at random while runs are delivered: `python -m tests.storm.engine --kills 200 --seed 1`.

It prints its seed and its counts, and ends with 1 when a run got no leg to its end, or two legs at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.execution.engine import Engine
from orchestrator.model.delivery import Delivery
from orchestrator.model.server import Server
from tests.engines.place import Place
from tests.engines.worker import Line, Worker, read_log
from tests.postgres import running_postgres

WORKERS = 2
LEG_SECONDS = 0.2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    print(f"engine on {options.database}: {options.kills} kills, seed {options.seed}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="wardround-storm-") as folder,
        _place(options.database, Path(folder)) as place,
    ):
        storm = Storm(place, Path(folder) / "log", random.Random(options.seed))
        asyncio.run(storm.rage(options.kills))
        return storm.tell()


class Storm:
    """One storm over one engine."""

    def __init__(self, place: Place, log: Path, chance: random.Random) -> None:
        self._place = place
        self._log = log
        self._chance = chance
        self._workers: list[Worker] = []
        self._lives = 0
        self._runs = 0
        self._recovered = 0

    async def rage(self, kills: int) -> None:
        engine = self._place.open()
        try:
            for _ in range(WORKERS):
                self._begin_worker()
            for _ in range(kills):
                await self._enqueue(engine, self._chance.randrange(1, 8))
                await self._let_work()
                await self._kill_one(engine)
            await self._finish(engine)
        finally:
            for worker in self._workers:
                worker.kill()
            await engine.close()

    def tell(self) -> int:
        lines = read_log(self._log)
        counts = Counter(line.what for line in lines)
        unended = set(range(self._runs)) - {line.run for line in lines if line.what == "end"}
        doubled = _doubled(lines)
        print(
            f"{counts['dead']} workers killed, {self._recovered} deliveries taken over, {self._runs} runs, "
            f"{counts['begin']} legs begun, {counts['end']} ended; {len(unended)} runs lost, "
            f"{len(doubled)} runs with two legs at a time"
        )
        return 1 if unended or doubled else 0

    def _begin_worker(self) -> None:
        self._lives += 1
        self._workers.append(Worker(self._place, f"ward#{self._lives}", self._log, LEG_SECONDS))

    async def _enqueue(self, engine: Engine, count: int) -> None:
        for _ in range(count):
            await engine.enqueue(Delivery(self._runs, f"{self._runs}", self._chance.randrange(3)))
            self._runs += 1

    async def _let_work(self) -> None:
        """Until a worker has begun something since the last kill, and then a moment at random."""
        lines = read_log(self._log)
        last = max((at for at, line in enumerate(lines) if line.what == "dead"), default=0)
        async with asyncio.timeout(120):
            while not any(line.what == "begin" for line in read_log(self._log)[last:]):
                await asyncio.sleep(0.02)
        await asyncio.sleep(self._chance.uniform(0, 2 * LEG_SECONDS))

    async def _kill_one(self, engine: Engine) -> None:
        worker = self._workers.pop(self._chance.randrange(len(self._workers)))
        worker.kill()
        with self._log.open("a") as log:
            log.write(json.dumps(["dead", 0, worker.executor, time.monotonic()]) + "\n")
        self._recovered += await engine.recover(worker.executor)
        self._begin_worker()

    async def _finish(self, engine: Engine) -> None:
        async with asyncio.timeout(300):
            while True:
                now = await engine.deliveries()
                if not now.queued and not now.delayed and not now.running:
                    return
                await asyncio.sleep(0.1)


def _doubled(lines: list[Line]) -> set[int]:
    """Runs that had two legs at a time, both of workers that lived."""
    under_way: dict[int, str] = {}
    found = set()
    for line in lines:
        if line.what == "dead":
            under_way = {run: executor for run, executor in under_way.items() if executor != line.executor}
        elif line.what == "begin":
            if line.run in under_way:
                found.add(line.run)
            under_way[line.run] = line.executor
        elif line.what == "end":
            under_way.pop(line.run, None)
    return found


@contextmanager
def _place(database: str, folder: Path) -> Iterator[Place]:
    if database == "sqlite":
        yield Place("dbos", folder / "engine.sqlite3")
        return
    with contextlib.ExitStack() as stack:
        parts = urlsplit(stack.enter_context(running_postgres()))
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(parts.password or "")
        yield Place(
            "dbos",
            Server("postgres", parts.hostname or "", parts.port, parts.username or "", {}, secret),
        )


if __name__ == "__main__":
    sys.exit(main())
