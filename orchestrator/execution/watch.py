"""Tells from their beats which workers have fallen silent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from orchestrator.model.lease import Lease


class Watch:
    """Looks at all leases again and again. It never compares two clocks: silent is who has not beaten for
    `patience` seconds of ours, while we looked all the time."""

    def __init__(self, patience: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._monotonic = monotonic
        self._since: dict[int, tuple[int, float]] = {}
        self._looked = float("-inf")

    def silent(self, leases: Sequence[Lease]) -> list[Lease]:
        """Those of the living that have not beaten for so long.

        Call it at least twice within the patience. Where we ourselves did not look for longer (frozen, or
        the database was away, when nobody could beat) all that was seen before is forgotten.
        """
        now = self._monotonic()
        if now - self._looked > self._patience / 2:
            self._since.clear()
        self._looked = now
        self._since = {one.fence: self._seen(one, now) for one in leases if not one.dead}
        return [one for one in leases if not one.dead and now - self._since[one.fence][1] >= self._patience]

    def _seen(self, lease: Lease, now: float) -> tuple[int, float]:
        beat, since = self._since.get(lease.fence, (lease.beat, now))
        return (beat, since) if beat == lease.beat else (lease.beat, now)
