"""The engine of a command that carries out its own run: it keeps nothing, because the postings are kept.

A worker process has DBOS. This one is for the moment in which no worker is alive and somebody at a terminal
waits: DBOS takes half a second to begin, and would be left again a few seconds later. Whatever this engine
leaves unfinished is posted still, and the next worker hands it to its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial

from orchestrator.errors import Fenced
from orchestrator.execution.engine import Leg
from orchestrator.model.delivery import Deliveries, Delivery

LONGEST_PAUSE = 60.0
_log = logging.getLogger(__name__)


class DirectEngine:
    """Implements `Engine` within one event loop, for one run. What is enqueued lives as long as the process:
    `recover` and `forget` find nothing. Runs get their legs in the order in which they were asked for."""

    def __init__(
        self, clock: Callable[[], datetime], on_failure: Callable[[Exception], bool] = lambda _: False
    ) -> None:
        """`on_failure` is told what a leg raised, and says whether that ends the delivery: who waits for it
        hears of it rather than sees it tried again."""
        self._clock = clock
        self._on_failure = on_failure
        self._leg: Leg | None = None
        self._executor = ""
        self._known: dict[str, Delivery] = {}
        self._turns: dict[int, asyncio.Lock] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._begun: set[str] = set()
        self._places = asyncio.Semaphore(1)

    async def start(self, leg: Leg, *, executor: str, concurrency: int) -> None:
        self._leg, self._executor = leg, executor
        self._places = asyncio.Semaphore(concurrency)
        for delivery in list(self._known.values()):
            self._begin(delivery)

    async def stop(self, drain: float) -> None:
        tasks = list(self._tasks.values())
        for key, task in self._tasks.items():
            if key not in self._begun:
                task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=drain)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._leg = None

    async def enqueue(self, delivery: Delivery) -> None:
        if delivery.key not in self._known:
            self._known[delivery.key] = delivery
            if self._leg is not None:
                self._begin(delivery)

    async def withdraw(self, key: str) -> bool:
        if key not in self._known or key in self._begun:
            return False
        del self._known[key]
        if task := self._tasks.pop(key, None):
            task.cancel()
        return True

    async def recover(self, executor: str) -> int:
        return 0

    async def forget(self, before: datetime) -> int:
        return 0

    async def deliveries(self) -> Deliveries:
        now = self._clock()
        waiting = [one for key, one in self._known.items() if key not in self._begun]
        delayed = sum(one.not_before is not None and one.not_before > now for one in waiting)
        running = Counter({self._executor: len(self._begun)}) if self._begun else Counter[str]()
        return Deliveries(len(waiting) - delayed, delayed, running, None)

    async def close(self) -> None:
        """Nothing is held."""

    def _begin(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(delivery))
        self._tasks[delivery.key] = task
        task.add_done_callback(partial(self._forget_task, delivery.key))

    def _forget_task(self, key: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:  # and not the one that came after it
            del self._tasks[key]

    async def _deliver(self, delivery: Delivery) -> None:
        failures = 0
        while True:
            await self._until(delivery.not_before)
            turn = self._turns.setdefault(delivery.run, asyncio.Lock())
            async with turn, self._places:
                self._begun.add(delivery.key)
                try:
                    if self._leg is not None:
                        await self._leg(delivery.run)
                except Fenced:
                    failures = 0  # another worker has the run: what this delivery wanted is that one's to do
                except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be lost over it
                    _log.debug("a leg of run %s failed", delivery.run, exc_info=error)
                    failures = 0 if self._on_failure(error) else failures + 1
                else:
                    failures = 0
                finally:
                    self._begun.discard(delivery.key)
            if not failures:
                self._known.pop(delivery.key, None)
                return
            await asyncio.sleep(min(LONGEST_PAUSE, 2.0 ** (failures - 1)))

    async def _until(self, due: datetime | None) -> None:
        if due is not None and (left := (due - self._clock()).total_seconds()) > 0:
            # In steps: the clock may be set meanwhile.
            await asyncio.sleep(min(left, 1.0))
            await self._until(due)
