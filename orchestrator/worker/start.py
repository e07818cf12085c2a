"""Wires a worker for a site, and runs one beside a command that finds none alive."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.application.clock import system_clock
from orchestrator.application.legs import Legs
from orchestrator.bootstrap import Wardround
from orchestrator.execution.dbos_engine import DbosEngine
from orchestrator.records.leases import list_leases
from orchestrator.records.process import surely_gone
from orchestrator.worker.worker import Worker

ENGINE_FILE = "engine.sqlite3"
CONCURRENCY = 20
"""Runs under way at a time in one worker."""


def make_worker(wardround: Wardround, name: str | None = None) -> Worker:
    """A worker of this site. Touches the records, and no host."""
    site, rounds = wardround.site, wardround.rounds
    engine = DbosEngine(site.database or site.state / ENGINE_FILE, system_clock)
    return Worker(
        name or default_name(),
        engine,
        wardround.open_pool,
        lambda reach, records, executor: Legs(
            site, wardround.checks, rounds, system_clock, reach, records, executor
        ),
        system_clock,
        CONCURRENCY,
    )


def default_name() -> str:
    """One worker a machine."""
    return os.uname().nodename


def worker_alive() -> bool:
    """Whether a worker holds a lease and is not known to be gone."""
    return any(not lease.dead and not surely_gone(lease.life) for lease in list_leases())


@contextmanager
def some_worker(wardround: Wardround) -> Iterator[None]:
    """A worker within this process, for as long as this lasts, unless one is alive.

    Raises:
        StoreError: the records or the engine's store can't be used.
    """
    wardround.runs  # noqa: B018 - opens the records
    if worker_alive():
        yield
        return
    inside = _Inside(make_worker(wardround, f"{default_name()}-{os.getpid()}"))
    inside.start()
    try:
        yield
    finally:
        inside.stop()


class _Inside(threading.Thread):
    """A worker in a thread of this process."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(name="worker", daemon=True)
        self._worker = worker
        self._loop = asyncio.new_event_loop()

    def start(self) -> None:
        """Returns once it takes runs. Raises what keeps it from doing so."""
        super().start()
        self._worker.ready.result()

    def run(self) -> None:
        with self._loop_of_its_own():
            self._loop.run_until_complete(self._worker.work(drain=0.0))

    def stop(self) -> None:
        """What is under way on hosts goes on there, and is asked back by whoever takes the run up next."""
        self._loop.call_soon_threadsafe(self._worker.stop)
        self.join()

    @contextmanager
    def _loop_of_its_own(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._loop.close()
