"""Wires a worker for a site, and runs one beside a command that finds none alive.

What carries runs out is imported when it is needed: with a worker alive a command only asks, and is quick.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from orchestrator.application.clock import system_clock
from orchestrator.application.sites import open_site
from orchestrator.bootstrap import Wardround
from orchestrator.model.lease import COMMAND, Lease
from orchestrator.model.run import Run
from orchestrator.records.leases import drop_lease, list_leases
from orchestrator.records.postings import post_again
from orchestrator.records.process import surely_gone
from orchestrator.settings import content_root

if TYPE_CHECKING:
    from orchestrator.execution.engine import Engine
    from orchestrator.worker.scheduler import Scheduler
    from orchestrator.worker.worker import Worker

ENGINE_FILE = "engine.sqlite3"
CONCURRENCY = 20
"""Runs under way at a time in one worker."""


def make_worker(wardround: Wardround, name: str | None = None) -> Worker:
    """A worker of this site. Touches the records, and no host."""
    from orchestrator.execution.dbos_engine import DbosEngine

    site = wardround.site
    engine = DbosEngine(site.database or site.state / ENGINE_FILE, system_clock)
    return _worker(
        wardround,
        name or default_name(),
        engine,
        scheduler=_scheduler(wardround),
        foresee=wardround.reports.build,
    )


def _scheduler(wardround: Wardround) -> Scheduler:
    from orchestrator.application.timetables import Timetables
    from orchestrator.worker.scheduler import Scheduler
    from orchestrator.worker.timetable_watch import TimetableWatch

    def open_anew() -> Timetables:
        return Timetables(open_site(wardround.site.root, content_root()), system_clock)

    return Scheduler(TimetableWatch(wardround.timetables, open_anew), wardround.checks, system_clock)


def _worker(
    wardround: Wardround,
    name: str,
    engine: Engine,
    only: int | None = None,
    scheduler: Scheduler | None = None,
    foresee: Callable[[int], object] | None = None,
) -> Worker:
    from orchestrator.application.legs import Legs
    from orchestrator.worker.worker import Worker

    site, rounds = wardround.site, wardround.rounds
    return Worker(
        name,
        engine,
        wardround.open_pool,
        lambda reach, records, executor: Legs(
            site, wardround.checks, rounds, system_clock, reach, records, executor, foresee
        ),
        system_clock,
        CONCURRENCY,
        only,
        scheduler,
    )


def default_name() -> str:
    """One worker a machine."""
    return os.uname().nodename


def worker_alive() -> bool:
    """Whether a worker for all runs holds a lease and is not known to be gone."""
    return any(not lease.identity.startswith(COMMAND) for lease in _living())


def in_hand(run: Run) -> bool:
    """Whether there is anybody who carries it out: a worker for all, or the command that has it."""
    return worker_alive() or any(lease.executor == run.executor for lease in _living())


def _living() -> list[Lease]:
    return [lease for lease in list_leases() if not lease.dead and not surely_gone(lease.life)]


class Hands(Protocol):
    """Whoever carries a run out while somebody waits for it."""

    def check(self) -> None:
        """Raises what has kept the run from going on, where that is known here."""


@contextmanager
def some_worker(wardround: Wardround, run: int) -> Iterator[Hands]:
    """A worker within this process for one run, for as long as this lasts, unless one is alive for all, or
    another command has this run in hand.

    Raises:
        StoreError: the records or the engine's store can't be used.
    """
    if in_hand(wardround.runs.get(run).run):
        yield _Elsewhere()
        return
    _clear_away()
    inside = _Inside(wardround, run)
    inside.start()
    try:
        yield inside
    finally:
        inside.stop()


def _clear_away() -> None:
    """What killed commands of this machine left: their engine held nothing, and their runs are posted."""
    for lease in list_leases():
        if lease.identity.startswith(COMMAND) and surely_gone(lease.life):
            post_again(lease.executor)
            drop_lease(lease)


class _Elsewhere:
    """Another process: what keeps it from going on is in its own log."""

    def check(self) -> None:
        pass


class _Inside(threading.Thread):
    """A worker in a thread of this process."""

    def __init__(self, wardround: Wardround, run: int) -> None:
        super().__init__(name="worker", daemon=True)
        from orchestrator.execution.direct_engine import DirectEngine

        name = f"{COMMAND}{os.uname().nodename}-{os.getpid()}"
        engine = DirectEngine(system_clock, self._fail)
        self._worker = _worker(wardround, name, engine, run)
        self._loop = asyncio.new_event_loop()
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Returns once it takes runs. Raises what keeps it from doing so."""
        super().start()
        self._worker.ready.result()

    def run(self) -> None:
        try:
            self._loop.run_until_complete(self._worker.work(drain=0.0))
        except Exception as error:  # noqa: BLE001 - told to whoever waits, in their thread
            self._failure = error
            if not self._worker.ready.done():
                self._worker.ready.set_exception(error)
        finally:
            self._loop.close()

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """What is under way on hosts goes on there, and is asked back by whoever takes the run up next."""
        with suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._worker.stop)
        self.join()

    def _fail(self, error: Exception) -> bool:
        self._failure = error
        return True
