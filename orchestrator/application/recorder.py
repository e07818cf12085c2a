"""Storing a round while it runs, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime

from orchestrator.application.clock import Clock
from orchestrator.application.shares import Shares
from orchestrator.errors import OrchestratorError
from orchestrator.model.plan import Plan
from orchestrator.model.round import HostOutcome, RoundState
from orchestrator.model.waiver import Waiver
from orchestrator.records.database import disconnect
from orchestrator.records.hand import Hand
from orchestrator.records.ledger import RecordedLedger
from orchestrator.records.masking import Masker, mask_outcome
from orchestrator.records.memory import remember
from orchestrator.records.rounds import close_round, record_outcomes
from orchestrator.records.waiving import waive

GROUP = 500
"""Outcomes that are stored in one transaction when they come faster than the disk takes them."""


@contextmanager
def records_thread() -> Iterator[ThreadPoolExecutor]:
    """One thread for all that a round records, so that it holds one connection and closes it."""
    with ThreadPoolExecutor(1, thread_name_prefix="records") as records:
        try:
            yield records
        finally:
            records.submit(disconnect).result()


class Recorder:
    """Stores outcomes in a thread of their own, in groups when they come faster than the disk takes them."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        hand: Hand,
        shares: Shares,
        masker: Masker,
        waivers: Sequence[Waiver],
        records: Executor,
        *,
        remembers: bool,
    ) -> None:
        """
        Args:
            waivers: those of the round.
            remembers: what its hosts were asked is sent ahead the next time.
        """
        self._plan = plan
        self._number = number
        self._hand = hand
        self._shares = shares
        self._masker = masker
        self._waivers = waivers
        self._records = records
        self._remembers = remembers
        self._waiting: list[HostOutcome] = []
        self._storing: asyncio.Task[None] | None = None

    def take(self, outcome: HostOutcome) -> asyncio.Task[None] | None:
        """Store it soon. What is returned is to be awaited: an earlier outcome could not be stored."""
        if any(waiver.host == outcome.host for waiver in self._waivers):
            outcome = waive(mask_outcome(outcome, self._masker), self._waivers)
        self._waiting.append(outcome)
        if self._storing is not None and self._storing.done() and self._storing.exception():
            return self._storing
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store())
        return None

    async def finish(self, state: RoundState, clock: Clock) -> None:
        """Store what waits, and close the round."""
        await self._settle()
        await self._in_thread(close_round, self._number, state, clock(), self._hand)

    async def leave(self) -> None:
        """Store what waits, and let others go on with the rest."""
        try:
            with suppress(OrchestratorError):  # told to whoever takes outcomes; these hosts are asked again
                await self._settle()
        finally:
            with suppress(OrchestratorError):  # they bear our fence still, and we look for such again
                await self._shares.leave()

    async def _settle(self) -> None:
        if self._storing is not None:
            await self._storing

    async def _store(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            done = self._shares.complete(group)
            await self._in_thread(record_outcomes, self._number, group, self._masker, self._hand, done)
            self._shares.recorded(done)
            if self._remembers:
                await self._in_thread(remember, self._plan, group, self._masker)

    async def _in_thread(self, work: Callable[..., None], *arguments: object) -> None:
        # Shielded: a cancelled round still stores what it has collected.
        loop = asyncio.get_running_loop()
        await asyncio.shield(loop.run_in_executor(self._records, work, *arguments))


class ThreadedLedger:
    """The recorded ledger, asked in the records' thread: Django refuses to work beneath an event loop."""

    def __init__(self, records: Executor) -> None:
        self._records = records

    def redeem(self, permit_id: str, plan_digest: str, at: datetime) -> None:
        self._records.submit(RecordedLedger().redeem, permit_id, plan_digest, at).result()

    def redeemed_for(self, permit_id: str) -> str | None:
        return self._records.submit(RecordedLedger().redeemed_for, permit_id).result()
