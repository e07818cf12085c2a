"""Which part of a series speaks for the days to come: what came before a jump, a gap or a bend does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from orchestrator.reporting.slope import TREND_SURE, Slope, median, theil_sen

SLOTS = 30
"""A longer series is thinned to so many values: the cost grows with their square."""
FEWEST = 7
_SHORTEST = 8
"""Values in which a sudden rise can be told from chance."""
_WEEK = 7.0


class Break(StrEnum):
    """What cut a series short, or spoilt it."""

    NONE = "none"
    GAP = "gap"
    STEP = "step"
    SAW = "saw"
    """It falls back again and again, as logs do that are rotated."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values at days before now, so all of them below zero or at it; oldest first."""

    days: tuple[float, ...]
    values: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.days)

    @property
    def span(self) -> float:
        return self.days[-1] - self.days[0] if self.days else 0.0

    @property
    def whole(self) -> bool:
        """Whether it is seen in whole numbers alone."""
        return all(value == int(value) for value in self.values)

    def since(self, place: int) -> Series:
        return Series(self.days[place:], self.values[place:])

    def thinned(self, slots: int = SLOTS) -> Series:
        """At most one value a slot: the middle one of those in it."""
        if len(self) <= slots:
            return self
        width = self.span / slots * (1 + 1e-9)
        begin, slot = self.days[0], -1
        days: list[list[float]] = []
        values: list[list[float]] = []
        for day, value in zip(self.days, self.values, strict=True):
            if int((day - begin) / width) != slot:
                slot = int((day - begin) / width)
                days.append([])
                values.append([])
            days[-1].append(day)
            values[-1].append(value)
        return Series(tuple(map(median, days)), tuple(map(median, values)))


def last_stretch(series: Series) -> tuple[Series, Break]:
    """The part of a series after its last break, and what that was."""
    cut = _after_gap(series)
    found = Break.NONE if len(cut) == len(series) else Break.GAP
    while len(cut) >= FEWEST:
        place, kind = _jump(cut)
        if kind is Break.NONE:
            return _after_bend(cut), found
        found = kind
        if kind is Break.SAW:
            break
        cut = cut.since(place)
    return cut, found


def _after_gap(series: Series) -> Series:
    """A hole of several usual distances, and of days."""
    if len(series) < FEWEST:
        return series
    apart = [later - earlier for earlier, later in pairwise(series.days)]
    hole = max(4 * median(apart), 4.0, series.span / 3)
    places = [place for place, distance in enumerate(apart, 1) if distance > hole]
    return series.since(places[-1]) if places else series


def _jump(series: Series) -> tuple[int, Break]:
    """The latest jump that lasts, as a place in the series."""
    thin = series.thinned()
    smooth = _without_spikes(thin.values)
    moves = [later - earlier for earlier, later in pairwise(smooth)]
    usual = median(moves)
    scatter = 1.4826 * median([abs(move - usual) for move in moves])
    extent = max(smooth) - min(smooth)
    floor = 2.5 if series.whole else 0.0
    fall = max(6 * scatter, 0.3 * extent, floor)
    rise = max(8 * scatter, 8 * abs(usual), 0.3 * extent, floor)
    drops = [place for place, move in enumerate(moves, 1) if usual - move > fall]
    jumps = sorted({*drops, *(place for place, move in enumerate(moves, 1) if move - usual > rise)})
    if not jumps or extent == 0:
        return 0, Break.NONE
    if len(drops) > 1:
        return 0, Break.SAW
    last = jumps[-1]
    since = thin.days[last]
    if drops and drops[-1] == last and -since < since - thin.days[0]:
        return 0, Break.SAW  # it has not yet gone on for longer than it did before it fell
    place = next(one for one, day in enumerate(series.days) if day >= since)
    return place, Break.STEP


def _without_spikes(values: Sequence[float]) -> list[float]:
    inner = [median(values[place - 1 : place + 2]) for place in range(1, len(values) - 1)]
    return [inner[0], *inner, inner[-1]]


def _after_bend(series: Series) -> Series:
    """Cut while the newer part goes clearly another way than the older one."""
    for share in (2, 4, 8):
        count = max(len(series) // share, _SHORTEST)
        if len(series) - count < _SHORTEST:
            break
        newer = series.since(len(series) - count)
        older = Series(series.days[:-count], series.values[:-count])
        if _bent(older, newer):
            return _after_bend(newer)
    return series


def _line(series: Series) -> Slope:
    thin = series.thinned()
    return theil_sen(thin.days, thin.values)


def _bent(older: Series, newer: Series) -> bool:
    """A rise twice as steep is believed at once; all else a week must show, for weeks have a rhythm."""
    now = _line(newer).between(TREND_SURE)
    lasting = newer.span >= _WEEK
    if not lasting and now[0] <= 0:
        return False  # whatever it was before: its line is the costlier one
    was = _line(older).between(TREND_SURE)
    if now[0] > max(2 * was[1], 0):
        return True
    return lasting and (now[0] > was[1] or now[1] < was[0])
