"""A delivery: the engine's errand to have one run advanced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """Says that a leg of a run is due: that the run is to be advanced from where its journal stands.

    It says nothing else. What there is to do stands in the records, so one delivery too many does no harm.
    """

    run: int
    key: str
    """Drawn from what it is for (`12 requested`, `12 ruling 3`): a second one with it is the same one."""
    rank: int
    """A Priority's: lower goes first. All deliveries of a run have the same."""
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What an engine has in hand, for those who ask how it is doing."""

    queued: int
    """Due, and not begun."""
    delayed: int
    """Not due yet."""
    running: Mapping[str, int]
    """Executor -> how many legs it has begun and not ended; it may be dead."""
    oldest_queued: datetime | None
    """When the longest waiting one of those that are due was enqueued."""
