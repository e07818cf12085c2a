"""A series over time, its limits, and the days to come where they are foretold: what a small chart shows.

It knows no report: whatever has points can be drawn, and every word on it is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.forecast import Point


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit, drawn as a line across."""

    value: float
    words: str
    final: bool = False
    """The second limit is drawn through, the first dashed."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the value will be at one time: somewhere between the two."""

    at: datetime
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a limit will be reached: at the earliest and at the latest, which may be never."""

    earliest: datetime
    latest: datetime | None
    limit: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn."""

    title: str
    description: str
    """What it shows, for who can't see it."""
    points: tuple[Point, ...]
    """Oldest first. What is no finite number is a gap."""
    number: Callable[[float], str]
    day: Callable[[datetime], str]
    rules: tuple[Rule, ...] = ()
    reaches: tuple[Reach, ...] = ()
    crossing: Crossing | None = None

    @property
    def drawable(self) -> bool:
        return sum(1 for point in self.points if math.isfinite(point.value)) > 1
