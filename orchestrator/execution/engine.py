"""The port to a durable engine: it delivers legs at least once, and knows nothing else of runs.

Truth lives in our tables. A leg advances one run from where its journal stands to its next wait or its end;
the journal is what makes effects happen once. So an engine need only promise that no delivery is lost, and
another engine can take its place: `tests/integration/test_engine_contract.py` is what it is held to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from orchestrator.model.delivery import Deliveries, Delivery

Leg = Callable[[int], Awaitable[None]]
"""Advances the run of this number. It may take hours. Cancelled (asyncio) it leaves the run to whoever is
delivered it next."""


class Engine(Protocol):
    """Delivers legs.

    Promises:
        - At least once: a delivery that was enqueued is over only when a leg that began after it has
          returned. Worker, database and machine may die in between.
        - No two legs of one run at a time, in all workers together, as long as each of them lives. A delivery
          of a run whose leg is under way is delivered when that has ended. A worker that was taken for dead
          and is not (frozen, cut off) is beyond an engine's power: the run's epoch fences it.
        - The more urgent first, then by run number.
        - A leg that raises is delivered again, after a pause that grows to a minute.
        - It takes over nothing from another executor unless told to: who is dead is said by leases alone.
    """

    async def start(self, leg: Leg, *, executor: str, concurrency: int) -> None:
        """Deliver from now on, in this process and on its running event loop.

        What this executor left unfinished before is delivered again.

        Args:
            executor: the worker's identity, of which no other living one has the same. See `records.leases`.
            concurrency: how many legs at a time.

        Raises:
            StoreError: its store can't be made or used.
        """

    async def stop(self, drain: float) -> None:
        """Begin no more legs, give those under way `drain` seconds, cancel the rest and hand them back, so
        that any worker may go on with them at once."""

    async def enqueue(self, delivery: Delivery) -> None:
        """Have a leg delivered. Once this returns it is not lost. Needs no `start`.

        A second one with the key of one that is not over is the same one.
        """

    async def withdraw(self, key: str) -> bool:
        """Drop a delivery whose leg has not begun. False: it has, or there is none.

        A leg under way is stopped through its run's record, which it watches: it has to reach the hosts.
        """

    async def recover(self, executor: str) -> int:
        """Deliver anew all that an executor had begun and not ended; returns how many. It must be dead.

        Every worker may say so, several at a time: each delivery comes back once.
        """

    async def forget(self, before: datetime) -> int:
        """Remove what ended before then; returns how many."""

    async def deliveries(self) -> Deliveries:
        """What is in hand. Needs no `start`."""

    async def close(self) -> None:
        """Let go of the store."""
