"""Brings what is posted in the records to the engine, and tells the records when it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from orchestrator.errors import OrchestratorError
from orchestrator.execution.engine import Engine, Leg
from orchestrator.records.bell import Bell
from orchestrator.records.database import disconnect
from orchestrator.records.postings import (
    Posting,
    all_postings,
    mark_handed,
    new_postings,
    remove_postings,
    run_postings,
)

LOOK_SECONDS = 5.0
"""How long a posting may lie there when the bell did not ring."""
_log = logging.getLogger(__name__)
Returned = TypeVar("Returned")


class Courier:
    """Starts an engine and feeds it from the records. Any process may post; only a worker has a courier.

    A leg that leaves its run waiting for a time posts the next one itself, in the transaction in which it
    writes that down: when it returns, all that was posted for its run before it began is over.
    """

    def __init__(
        self,
        engine: Engine,
        advance: Leg,
        bell: Bell,
        only: int | None = None,
        look_around: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """
        Args:
            only: the one run that it carries for; None: all.
            look_around: called at each stroke of the bell, for what is not posted to one worker alone.
        """
        self._only = only
        self._look_around = look_around
        self._engine = engine
        self._advance = advance
        self._bell = bell
        self._records = ThreadPoolExecutor(1, thread_name_prefix="postings")
        self._carrying: asyncio.Task[None] | None = None

    async def start(self, *, executor: str, concurrency: int) -> None:
        """Deliver from now on. Raises what the engine raises when its store can't be used."""
        await self._engine.start(self._leg, executor=executor, concurrency=concurrency)
        self._carrying = asyncio.create_task(self._carry())

    async def stop(self, drain: float) -> None:
        """As the engine's."""
        if self._carrying is not None:
            self._carrying.cancel()
            await asyncio.wait([self._carrying])
        await self._engine.stop(drain)
        await self._bell.close()
        await self._in_records(disconnect)
        self._records.shutdown()

    async def _carry(self) -> None:
        look = all_postings  # the engine may have lost some: a power cut, a restored backup
        while True:
            try:
                await self._hand_over(await self._in_records(look))
                look = new_postings
                if self._look_around is not None:
                    await self._look_around()
            except OrchestratorError as error:
                _log.warning("what is posted could not be handed to the engine yet: %s", error)
            await self._bell.wait(LOOK_SECONDS)

    async def _hand_over(self, postings: Sequence[Posting]) -> None:
        mine = [one for one in postings if self._only in (None, one.delivery.run)]
        for one in mine:
            await self._engine.enqueue(one.delivery)
        if mine:
            await self._in_records(mark_handed, [one.number for one in mine])

    async def _leg(self, run: int) -> None:
        satisfied = await self._in_records(run_postings, run)
        if not satisfied:
            return  # a leg that began later than what this one was for has returned
        await self._advance(run)
        await self._in_records(remove_postings, [one.number for one in satisfied])
        for one in satisfied:
            # Its own delivery is under way and stays; what was due later is not, any more.
            await self._engine.withdraw(one.delivery.key)

    async def _in_records(self, work: Callable[..., Returned], *arguments: object) -> Returned:
        return await asyncio.get_running_loop().run_in_executor(self._records, work, *arguments)
