"""When a number will cross its limit, as far as the past bears it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.language import Text


@dataclass(frozen=True, slots=True)
class Point:
    """One number at one time."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a series says of the days to come. Either a crossing or the reason why there is none."""

    samples: int
    """It rests on."""
    slope: float | None = None
    """Of the value, a day; None where the data bear no trend."""
    earliest: datetime | None = None
    """The limit is crossed at this time or later ..."""
    latest: datetime | None = None
    """... and at this time or earlier; None: perhaps never."""
    coverage: float = 0.0
    """How often such an interval holds the true time, 0..1, as tried on synthetic series."""
    after_days: tuple[tuple[int, float, float], ...] = ()
    """(days from now, low, high) of the value: 30, 60 and 90 days (domain.md 3.10)."""
    reason: Text | None = None
    """Why no crossing is foretold: too few samples, no trend, falling, too noisy, beyond the horizon."""


def fills_within(forecast: Forecast | None, days: int, now: datetime) -> bool:
    """Whether the middle of what is foretold lies so near. What is perhaps never is not near."""
    if forecast is None or forecast.earliest is None or forecast.latest is None:
        return False
    return forecast.earliest + (forecast.latest - forecast.earliest) / 2 <= now + timedelta(days=days)
