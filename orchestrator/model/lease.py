"""A worker's lease: the right to execute, which it has as long as it shows that it lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

COMMAND = "command:"
"""How the names of workers begin that live within a command and carry out its run alone."""


@dataclass(frozen=True, slots=True)
class Life:
    """One process of a machine, told from all others that there ever were on it."""

    host: str
    pid: int
    mark: str
    """Boot id, pid namespace and start time; "" where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One life of one worker."""

    fence: int
    """Grows from lease to lease."""
    identity: str
    """The worker's name."""
    life: Life
    beat: int
    """Grows while it lives."""
    acquired_at: datetime
    beaten_at: datetime
    """By the clock of the worker. Only for people: nothing is decided by it."""
    dead: bool
    """Taken for dead; what it had begun is being handed on."""

    @property
    def executor(self) -> str:
        """What the engine and the journal call it. Another life of the same worker is another executor, so
        that taking over from the dead one can't touch what the new one has begun."""
        return f"{self.identity}#{self.fence}"


def fence_of(executor: str) -> int:
    """Of the lease whose holder is called so."""
    return int(executor.rpartition("#")[2])
