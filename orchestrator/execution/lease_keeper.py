"""Keeps a worker's lease in a thread of its own, and takes leases away from those who fell silent."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from orchestrator.errors import Busy, OrchestratorError
from orchestrator.execution.watch import Watch
from orchestrator.model.lease import Lease
from orchestrator.records.database import disconnect
from orchestrator.records.leases import beat, bury, drop_lease, list_leases, take_lease
from orchestrator.records.process import surely_gone, this_life

BEAT_SECONDS = 3.0
PATIENCE = 15.0
"""How long a worker may be silent. It is also how long a takeover lasts where the machine of the dead one is
another's; on the same machine it is seen at once that a process is gone."""
_log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


def acquire(
    identity: str, clock: Clock, beat_seconds: float = BEAT_SECONDS, patience: float = PATIENCE
) -> Lease:
    """Take the lease of a worker's name, waiting out one that may be dead.

    Raises:
        Busy: a worker of that name lives; says where.
    """
    watch = Watch(patience)
    first: Lease | None = None
    while True:
        try:
            return take_lease(identity, this_life(), clock())
        except Busy:
            holder = _holder(identity)
            if first is not None and holder is not None and _has_moved(first, holder):
                raise  # it has just shown that it lives
        if holder is None:
            continue
        first = first or holder
        if surely_gone(holder.life) or watch.silent([holder]):
            bury(holder)
        else:
            time.sleep(min(beat_seconds, patience / 4))


class LeaseKeeper:
    """Beats, and buries the silent, until it is stopped or the lease is lost."""

    def __init__(
        self,
        lease: Lease,
        clock: Clock,
        on_lost: Callable[[], None],
        on_dead: Callable[[str], object] | None,
        *,
        beat_seconds: float = BEAT_SECONDS,
        patience: float = PATIENCE,
    ) -> None:
        """
        Args:
            on_lost: called once, in the keeper's thread, when the lease was taken away: the process is to
                write nothing more and end.
            on_dead: called with an executor that is dead; it has the engine take over from it. When it
                raises an OrchestratorError it is called again. Several workers may be called with the same
                one.
        """
        self.lease = lease
        self._clock = clock
        self._on_lost = on_lost
        self._on_dead = on_dead
        self._beat_seconds = beat_seconds
        self._watch = Watch(patience)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Beat no more. The lease stays: whoever stops gives it back when its legs have been handed back."""
        self._stop.set()
        self._thread.join()

    def _keep(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    if not beat(self.lease, self._clock()):
                        self._on_lost()
                        return
                    if self._on_dead is not None:
                        self._look_around(self._on_dead)
                except OrchestratorError as error:
                    # Nobody else can beat or bury either while the database is away.
                    _log.warning("the lease could not be renewed: %s", error)
                self._stop.wait(self._beat_seconds)
        finally:
            disconnect()

    def _look_around(self, on_dead: Callable[[str], object]) -> None:
        others = [one for one in list_leases() if one.fence != self.lease.fence]
        silent = self._watch.silent(others)
        for one in others:
            if one in silent or (not one.dead and surely_gone(one.life)):
                bury(one)
        for one in list_leases():
            if one.dead and one.fence != self.lease.fence:
                self._hand_on(one, on_dead)

    def _hand_on(self, dead: Lease, on_dead: Callable[[str], object]) -> None:
        try:
            on_dead(dead.executor)
        except OrchestratorError as error:
            _log.warning("what %s had begun could not be taken over yet: %s", dead.executor, error)
        else:
            drop_lease(dead)
            _log.warning("took over from %s, which is dead", dead.executor)


def _holder(identity: str) -> Lease | None:
    return next((one for one in list_leases() if one.identity == identity and not one.dead), None)


def _has_moved(first: Lease, now: Lease) -> bool:
    return (first.fence, first.beat) != (now.fence, now.beat)
