"""Puts the past and the days to come beside the lines of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.model.forecast import Point
from orchestrator.model.report import ReportItem
from orchestrator.model.threshold import Limit
from orchestrator.records.sighting import Identity
from orchestrator.records.trend import find_series, read_daily_trend
from orchestrator.reporting.foresight import WINDOW, foresee

_SHOWN = 30
"""Points of a small chart."""
_RECENT = timedelta(days=8)
_MOST = 2_000
"""Series that one report looks at: findings first, then the fullest. More would take longer than all else."""

Placed = tuple[Identity, ReportItem]


def with_trends(placed: Sequence[Placed], until: datetime) -> list[Placed]:
    """Items with their trend, and capacity with its forecast, as of a round's end. Two queries in all."""
    charted = [number for number, (_, item) in enumerate(placed) if _charted(item)]
    urgent = sorted((placed[number] for number in charted), key=_urgency)
    series = find_series([identity for identity, _ in urgent[:_MOST]])
    points = read_daily_trend(series.values(), until - timedelta(days=WINDOW), until, _RECENT)
    known = {identity: points[number] for identity, number in series.items()}
    shown = list(placed)
    for number in charted:
        identity, item = placed[number]
        shown[number] = identity, _seen(item, known.get(identity, ()))
    return shown


def _charted(item: ReportItem) -> bool:
    return isinstance(item.value, int | float) and (item.capacity or item.change is not None)


def _urgency(placed: Placed) -> tuple[bool, float]:
    value = placed[1].value
    return placed[1].change is None, -value if isinstance(value, int | float) else 0.0


def _seen(item: ReportItem, points: Sequence[Point]) -> ReportItem:
    if not points:
        return item
    crit = Limit.parse(item.crit) if item.crit else None
    forecast = foresee(points, crit, points[-1].at, item.unit) if item.capacity else None
    shown = _one_a_day(points) if item.capacity else points
    return replace(item, trend=tuple(shown[-_SHOWN:]), forecast=forecast)


def _one_a_day(points: Iterable[Point]) -> Sequence[Point]:
    """The last of each day, where there are days enough to show; a new site has none yet."""
    points = list(points)
    days = {point.at.date(): point for point in points}
    return list(days.values()) if len(days) >= _SHOWN // 2 else points
