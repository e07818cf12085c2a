"""Our shares of a round: taken from the records, counted down as their hosts are recorded, given back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from orchestrator.model.plan import Plan, PlannedHost
from orchestrator.model.round import HostOutcome
from orchestrator.records.hand import Hand
from orchestrator.records.round_shares import NothingFree, Share, leave_shares, take_share

LOOK_SECONDS = 0.1
"""How often whoever has nothing left to do looks whether another one has left something."""

Place = tuple[int, int, int]
"""A share: its round, the fence of whoever has it, and its `start`."""
Returned = TypeVar("Returned")


class Shares:
    """What one worker has of a round. It may have two of these: it helped, and then came to lead as well."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        hand: Hand,
        records: Executor,
        at_work: set[Place],
        first: Share | None = None,
    ) -> None:
        """
        Args:
            records: one thread, the same for all shares of the worker.
            at_work: the places of all shares that the worker is at work on, this round's and others'.
            first: a share that is ours already.
        """
        self._plan = plan
        self._number = number
        self._hand = hand
        self._records = records
        self._at_work = at_work
        self._ours: set[int] = set()
        self._taken: deque[Share] = deque()
        self._unseen: dict[int, int] = {}
        """Hosts of which nothing is known yet, by their share's `start`."""
        self._share_of: dict[str, int] = {}
        if first is not None:
            self._keep(first)

    async def take(self) -> Sequence[PlannedHost]:
        """Hosts that are ours alone to visit; none when nothing is left, neither free nor with others.

        Raises:
            Fenced: our lease is lost, or the run that was ours.
            StoreError: the records can't be read or written.
        """
        while True:
            if not self._taken and (nothing := await self._do(self._take)) is not None:
                if not nothing.wait:
                    return ()
                await asyncio.sleep(LOOK_SECONDS)
            elif hosts := self._hosts(self._taken.popleft()):
                return hosts

    def complete(self, outcomes: Sequence[HostOutcome]) -> list[int]:
        """The shares that are done once these outcomes are recorded, each of which counts once."""
        done = []
        for outcome in outcomes:
            start = self._share_of.pop(outcome.host)
            self._unseen[start] -= 1
            if not self._unseen[start]:
                done.append(start)
        return done

    def recorded(self, done: Sequence[int]) -> None:
        """These shares are recorded as done."""
        self._ours.difference_update(done)
        self._at_work.difference_update([self._place(start) for start in done])

    async def leave(self) -> None:
        """Let others have the rest. Nothing of ours may be under way any more."""
        await self._do(self._leave)

    def _take(self) -> NothingFree | None:
        """In the records' thread to its end, so that of what is ours nothing is taken for a stray."""
        found = take_share(self._number, self._hand, self._starts(), list(self._ours))
        if isinstance(found, NothingFree):
            return found
        self._keep(found)
        return None

    def _leave(self) -> None:
        starts = list(self._ours)
        self.recorded(starts)
        if starts:
            leave_shares(self._number, self._hand, starts)

    def _keep(self, share: Share) -> None:
        self._ours.add(share.start)
        self._at_work.add(self._place(share.start))
        self._taken.append(share)

    def _hosts(self, share: Share) -> Sequence[PlannedHost]:
        hosts = self._plan.hosts[share.start : share.stop]
        hosts = tuple(host for host in hosts if host.name not in share.seen)
        self._unseen[share.start] = len(hosts)
        self._share_of.update((host.name, share.start) for host in hosts)
        return hosts

    def _starts(self) -> list[int]:
        """Of all shares of this round that the worker is at work on."""
        here = (self._number, self._hand.fence)
        return [start for number, fence, start in tuple(self._at_work) if (number, fence) == here]

    def _place(self, start: int) -> Place:
        return self._number, self._hand.fence, start

    async def _do(self, work: Callable[[], Returned]) -> Returned:
        # Shielded: what is recorded as ours while we are stopped is left again a moment later.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._records, work))
