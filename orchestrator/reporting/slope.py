"""A slope that a few wild values do not bend (Theil and Sen), and how sure it is (Kendall's tau)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import ceil, floor, sqrt

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
    pairs = combinations(zip(days, values, strict=True), 2)
    slopes = sorted([(later - earlier) / (then - before) for (before, earlier), (then, later) in pairs])
    per_day, centre = median(slopes), median(days)
    level = median([value - per_day * (day - centre) for day, value in zip(days, values, strict=True)])
    strays = [value - level - per_day * (day - centre) for day, value in zip(days, values, strict=True)]
    scatter = _STEADY * median([abs(stray) for stray in strays])
    memory = _memory(strays, scatter)
    deviation = sqrt(_variance(values) * (1 + memory) / (1 - memory))
    return Slope(per_day, level, centre, scatter, memory, deviation, tuple(slopes))


def median(values: Sequence[float]) -> float:
    """As `statistics.median`, for numbers alone: a report takes very many, and this a third of the time."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


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
    counts = Counter(values)
    ties = 0 if len(counts) == len(values) else sum(map(_weight, counts.values()))
    return max(_weight(len(values)) - ties, 0) / 18


def _weight(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)
