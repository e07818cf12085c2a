"""A worker: takes a lease, hands what is posted to the engine, and advances the runs that it is delivered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from orchestrator.application.clock import Clock
from orchestrator.application.legs import Legs
from orchestrator.application.recorder import records_thread
from orchestrator.errors import Fenced, OrchestratorError, StoreError
from orchestrator.execution.courier import Courier
from orchestrator.execution.engine import Engine
from orchestrator.execution.lease_keeper import LeaseKeeper, acquire
from orchestrator.language import Text
from orchestrator.model.lease import Lease
from orchestrator.reach.session import Reach
from orchestrator.records.bell import bell_of
from orchestrator.records.database import place
from orchestrator.records.leases import drop_lease
from orchestrator.records.postings import post_again

if TYPE_CHECKING:
    from orchestrator.worker.scheduler import Scheduler

DRAIN_SECONDS = 30.0
"""What legs under way are given when a worker is told to end. What runs on a host goes on there."""

KEPT = timedelta(days=7)
"""How long the engine keeps deliveries that are over."""
_FORGET_SECONDS = 3600.0

_log = logging.getLogger(__name__)
Returned = TypeVar("Returned")
MakeLegs = Callable[[Reach, Executor, str], Legs]


class Worker:
    """One worker, from its lease to its end. A process has one."""

    def __init__(
        self,
        name: str,
        engine: Engine,
        open_reach: Callable[[], Reach],
        make_legs: MakeLegs,
        clock: Clock,
        concurrency: int,
        only: int | None = None,
        scheduler: Scheduler | None = None,
    ) -> None:
        """
        Args:
            name: no other living worker of these records has it.
            make_legs: from the way to the hosts, the records' thread and the executor's name.
            concurrency: runs under way at a time.
            only: the one run that it carries out, and then it looks after nobody else; None: all.
            scheduler: looks after the timetable for as long as it works.
        """
        self._name = name
        self._engine = engine
        self._open_reach = open_reach
        self._make_legs = make_legs
        self._clock = clock
        self._concurrency = concurrency
        self._scheduler = scheduler
        self._only = only
        self._lost = False
        self._stop = asyncio.Event()
        self.ready: Future[Lease] = Future()
        """Set once it takes runs; an error when it could not begin."""

    async def work(self, drain: float = DRAIN_SECONDS) -> None:
        """Work until `stop` is called or the lease is lost.

        Raises:
            Busy: a worker of that name lives.
            StoreError: the records or the engine's store can't be used.
            Fenced: it fell silent, and others have taken its runs over.
        """
        try:
            lease = await asyncio.to_thread(acquire, self._name, self._clock)
        except BaseException as error:
            self.ready.set_exception(error)
            raise
        reach = self._open_reach()
        try:
            with records_thread() as records:
                await self._deliver(lease, reach, records, drain)
        finally:
            await reach.close()
            if not self._lost:
                with suppress(StoreError):  # it is taken for dead then, as after a crash
                    await asyncio.to_thread(drop_lease, lease)
        if self._lost:
            raise Fenced(
                Text(
                    "本工作进程曾失去响应，其任务已由其他进程接管，现在退出",
                    "this worker fell silent and others have taken its runs over: it ends",
                )
            )

    def stop(self) -> None:
        """Begin nothing more and end. From the thread of its event loop."""
        self._stop.set()

    async def _deliver(self, lease: Lease, reach: Reach, records: Executor, drain: float) -> None:
        loop = asyncio.get_running_loop()
        legs = self._make_legs(reach, records, lease.executor)
        keeper = LeaseKeeper(
            lease,
            self._clock,
            on_lost=partial(_call, loop, self._lose),
            on_dead=None if self._only else partial(self._take_over, loop),
        )
        look_around = None if self._only else legs.look_around
        courier = Courier(self._engine, legs.advance, bell_of(place()), self._only, look_around)
        try:
            await courier.start(executor=lease.executor, concurrency=self._concurrency)
        except BaseException as error:
            self.ready.set_exception(error)
            raise
        keeper.start()
        if self._scheduler is not None:
            self._scheduler.start()
        tidying = asyncio.create_task(self._forget())
        try:
            self.ready.set_result(lease)
            await self._stop.wait()
        finally:
            tidying.cancel()
            if self._scheduler is not None:
                await asyncio.to_thread(self._scheduler.stop)
            await legs.leave()
            await courier.stop(0.0 if self._lost else drain)
            await asyncio.to_thread(keeper.stop)

    async def _forget(self) -> None:
        """Deliveries that are long over go; what came of them is in the records."""
        while True:
            await asyncio.sleep(_FORGET_SECONDS)
            try:
                await self._engine.forget(self._clock() - KEPT)
            except OrchestratorError as error:
                _log.warning("the engine's store could not be tidied: %s", error)

    def _take_over(self, loop: asyncio.AbstractEventLoop, executor: str) -> None:
        """In the keeper's thread: all that a dead worker had in hand, in its engine or in ours."""
        asyncio.run_coroutine_threadsafe(self._engine.recover(executor), loop).result()
        post_again(executor)

    def _lose(self) -> None:
        self._lost = True
        self._stop.set()


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """From another thread."""
    loop.call_soon_threadsafe(what)
