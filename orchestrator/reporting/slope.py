"""A slope that a few wild values do not bend (Theil and Sen), and how sure it is (Kendall's tau)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, sqrt
from statistics import median

TREND_SURE = 2.576
"""Standard deviations: a slope is called one where chance alone would show it once in a hundred times."""
USUAL = 1.645
"""Standard deviations of a 90 % interval."""
_STEADY = 1.4826
"""Median deviation -> standard deviation of a normal scatter."""
_MEMORY_LIMIT = 0.9


@dataclass(frozen=True, slots=True)
class Slope:
    """A line through a series, and how far the series strays from it."""

    per_day: float
    level: float
    """Of the line, at day `centre`."""
    centre: float
    scatter: float
    """Standard deviation of the values about the line."""
    memory: float
    """How much of one value's distance from the line is left in the next, 0..1. What grows by chance each day
    has a long one, and strays further the further one looks."""
    deviation: float
    """Standard deviation of Kendall's score under no trend, widened by the memory."""
    slopes: tuple[float, ...]
    """Of all pairs, sorted."""

    def between(self, sure: float) -> tuple[float, float]:
        """The interval that holds the slope, `sure` standard deviations to each side (Sen 1968)."""
        pairs = len(self.slopes)
        half = sure * self.deviation
        low, high = floor((pairs - half) / 2), ceil((pairs + half) / 2)
        return self.slopes[max(low, 0)], self.slopes[min(high, pairs - 1)]


def theil_sen(days: Sequence[float], values: Sequence[float]) -> Slope:
    """The line through at least three values at rising times."""
    slopes = sorted(
        (values[later] - values[earlier]) / (days[later] - days[earlier])
        for later in range(1, len(days))
        for earlier in range(later)
    )
    per_day, centre = median(slopes), median(days)
    level = median(value - per_day * (day - centre) for day, value in zip(days, values, strict=True))
    strays = [value - level - per_day * (day - centre) for day, value in zip(days, values, strict=True)]
    scatter = _STEADY * median(map(abs, strays))
    memory = _memory(strays, scatter)
    deviation = sqrt(_variance(values) * (1 + memory) / (1 - memory))
    return Slope(per_day, level, centre, scatter, memory, deviation, tuple(slopes))


def _memory(strays: Sequence[float], scatter: float) -> float:
    """Correlation of neighbours, wild values cut, and the low bias of short series put right."""
    bound = 3 * scatter or max(map(abs, strays)) or 1.0
    cut = [min(max(stray, -bound), bound) for stray in strays]
    power = sum(stray * stray for stray in cut)
    if power == 0:
        return 0.0
    seen = sum(one * other for one, other in pairwise(cut)) / power
    return min(max(seen + (1 + 4 * seen) / len(cut), 0.0), _MEMORY_LIMIT)


def _variance(values: Sequence[float]) -> float:
    """Of Kendall's score; equal values take from it."""
    ties = sum(_weight(count) for count in Counter(values).values())
    return max(_weight(len(values)) - ties, 0) / 18


def _weight(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)
