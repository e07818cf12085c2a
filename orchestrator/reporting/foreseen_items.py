"""Puts the past and the days to come beside the lines of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Max

from orchestrator.errors import StoreError
from orchestrator.model.forecast import Point
from orchestrator.model.report import ReportItem
from orchestrator.model.round import RoundState
from orchestrator.model.threshold import Limit
from orchestrator.records.kept_forecasts import Outlook, keep, read_kept
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.round import Round
from orchestrator.records.sighting import Identity
from orchestrator.records.trend import find_series, read_daily_trend
from orchestrator.reporting.foresight import WINDOW, foresee

_SHOWN = 30
"""Points of a small chart."""
_RECENT = timedelta(days=8)
_MOST = 2_000
"""Series that one report looks at: findings first, then the fullest. More would take longer than all else."""

Placed = tuple[Identity, ReportItem]


def with_trends(row: Round, placed: Sequence[Placed], now: datetime) -> list[Placed]:
    """Items with their trend, and capacity with its forecast, as of the round's end.

    The first report of a round that has ended keeps them: they do not change, and cost more than all else.
    """
    charted = [pair for pair in placed if _charted(pair[1])]
    looked_at = dict(sorted(charted, key=_urgency)[:_MOST])
    kept = read_kept(row) if looked_at else {}
    missing = {one: item for one, item in looked_at.items() if one not in kept}
    if missing:
        kept = {**kept, **_look(missing, _end(row, now))}
        _keep(row, kept)
    return [(one, _seen(item, kept[one]) if one in looked_at else item) for one, item in placed]


def _charted(item: ReportItem) -> bool:
    return isinstance(item.value, int | float) and (item.capacity or item.change is not None)


def _urgency(placed: Placed) -> tuple[bool, float]:
    value = placed[1].value
    return placed[1].change is None, -value if isinstance(value, int | float) else 0.0


def _end(row: Round, now: datetime) -> datetime:
    """Nobody saw an interrupted round end: it goes as far as what it saw last."""
    if row.finished_at is None and row.round_state is RoundState.INTERRUPTED:
        last: datetime | None = HostResult.objects.filter(round=row).aggregate(last=Max("started_at"))["last"]
        return last or now
    return row.finished_at or now


def _look(items: Mapping[Identity, ReportItem], until: datetime) -> dict[Identity, Outlook]:
    """Two queries in all."""
    series = find_series(items)
    points = read_daily_trend(series.values(), until - timedelta(days=WINDOW), until, _RECENT)
    return {one: _outlook(item, points.get(series.get(one, 0), ())) for one, item in items.items()}


def _outlook(item: ReportItem, points: Sequence[Point]) -> Outlook:
    if not points:
        return Outlook()
    crit = Limit.parse(item.crit) if item.crit else None
    forecast = foresee(points, crit, points[-1].at, item.unit) if item.capacity else None
    shown = _one_a_day(points) if item.capacity else points
    return Outlook(tuple(shown[-_SHOWN:]), forecast)


def _keep(row: Round, outlooks: Mapping[Identity, Outlook]) -> None:
    if row.round_state is RoundState.RUNNING:
        return
    try:
        keep(row, outlooks)
    except StoreError:
        return  # a report can be read where nothing can be written; the next one works them out again


def _seen(item: ReportItem, outlook: Outlook) -> ReportItem:
    return replace(item, trend=outlook.trend, forecast=outlook.forecast if item.capacity else None)


def _one_a_day(points: Iterable[Point]) -> Sequence[Point]:
    """The last of each day, where there are days enough to show; a new site has none yet."""
    points = list(points)
    days = {point.at.date(): point for point in points}
    return list(days.values()) if len(days) >= _SHOWN // 2 else points
