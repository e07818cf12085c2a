"""Removing what is older than the site keeps, a little at a time: no round waits long for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef

from orchestrator.model.round import RoundState
from orchestrator.model.site import Retention
from orchestrator.model.tick import OccurrenceState
from orchestrator.records.database import database_faults
from orchestrator.records.models.attempt import Attempt
from orchestrator.records.models.daily_sample import DailySample
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.kept_forecasts import KeptForecasts
from orchestrator.records.models.round import Round
from orchestrator.records.models.run import Run
from orchestrator.records.models.run_event import RunEvent
from orchestrator.records.models.sample import Sample
from orchestrator.records.models.schedule_occurrence import ScheduleOccurrence
from orchestrator.records.models.series import Series
from orchestrator.records.scope import NO_SCOPE

_SERIES = 50
"""Whose numbers are rolled up in one transaction."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """What was removed."""

    samples: int = 0
    """Single numbers, whose days are kept."""
    days: int = 0
    """Lines of days that became too old as well."""
    rounds: int = 0
    """Rounds whose details went."""
    host_results: int = 0
    runs: int = 0
    """Runs whose attempts, events and output went."""
    due_times: int = 0
    """What became of due times of schedules."""

    @property
    def anything(self) -> bool:
        return self != Tidied()


@database_faults()
def tidy(retention: Retention, timezone: ZoneInfo, now: datetime, state: Path) -> Tidied:
    """Remove what is too old. It may be ended at any moment, and done again.

    Args:
        state: the site's state folder, where the output of runs lies.
    """
    done = Tidied()
    samples, days = (_midnight(now, keep, timezone) for keep in (retention.samples, retention.daily_samples))
    for part in _parts(list(Series.objects.order_by("pk").values_list("pk", flat=True)), _SERIES):
        with transaction.atomic():
            rolled = _roll_up(part, samples, timezone)
            dropped, _ = DailySample.objects.filter(series__in=part, at__lt=days).delete()
        done = replace(done, samples=done.samples + rolled, days=done.days + dropped)
    before = now - timedelta(days=retention.rounds)
    old = Round.objects.filter(started_at__lt=before, details_removed_at=None).exclude(
        state=RoundState.RUNNING
    )
    for number in list(old.order_by("pk").values_list("pk", flat=True)):
        removed = _remove_details(number, now)
        done = replace(done, rounds=done.rounds + 1, host_results=done.host_results + removed)
    done = replace(done, due_times=_tidy_due_times(before))
    return replace(done, runs=_tidy_runs(now - timedelta(days=retention.runs), state))


def _tidy_due_times(before: datetime) -> int:
    """A schedule's latest stays: it tells what was settled last. So does what waits for a person or a run."""
    later = ScheduleOccurrence.objects.filter(schedule=OuterRef("schedule"), due_at__gt=OuterRef("due_at"))
    old = ScheduleOccurrence.objects.filter(Exists(later), due_at__lt=before)
    removed, _ = old.exclude(state__in=(OccurrenceState.QUEUED, OccurrenceState.ASKS)).delete()
    return removed


def _tidy_runs(before: datetime, state: Path) -> int:
    """The output first: rows that are left say that there is more to remove."""
    old = Run.objects.filter(finished_at__lt=before, events__isnull=False).distinct()
    numbers = list(old.order_by("pk").values_list("pk", flat=True))
    for number in numbers:
        shutil.rmtree(state / "runs" / str(number), ignore_errors=True)
        with transaction.atomic():
            Attempt.objects.filter(run=number).delete()
            RunEvent.objects.filter(run=number).delete()
    return len(numbers)


def _roll_up(series: Sequence[int], before: int, timezone: ZoneInfo) -> int:
    """Samples of whole days to one row a day; returns how many there were."""
    old = Sample.objects.filter(series__in=series, at__lt=before)
    rows = list(old.order_by("series_id", "at").values_list("series_id", "at", "value"))
    if not rows:
        return 0
    starts: dict[int, int] = {}

    def day(row: tuple[int, int, float]) -> tuple[int, int]:
        one, at, _ = row
        hour = at // 900  # no time zone changes its day between two quarters of an hour
        if hour not in starts:
            starts[hour] = _start_of_day(datetime.fromtimestamp(at, timezone))
        return one, starts[hour]

    found = [_of_day(*key, [value for _, _, value in group]) for key, group in groupby(rows, day)]
    known = {
        (one.series_id, one.at): one
        for one in DailySample.objects.filter(series__in=series, at__gte=min(one.at for one in found))
    }
    DailySample.objects.bulk_create(
        [_joined(known.get((one.series_id, one.at)), one) for one in found],
        update_conflicts=True,
        unique_fields=("series", "at"),
        update_fields=("count", "low", "high", "mean", "last"),
    )
    old._raw_delete(old.db)  # nothing refers to a sample
    return len(rows)


def _of_day(series: int, at: int, values: Sequence[float]) -> DailySample:
    return DailySample(
        series_id=series,
        at=at,
        count=len(values),
        low=min(values),
        high=max(values),
        mean=sum(values) / len(values),
        last=values[-1],
    )


def _joined(known: DailySample | None, more: DailySample) -> DailySample:
    """A day that was rolled up already, and got numbers afterwards."""
    if known is None:
        return more
    count = known.count + more.count
    mean = (known.mean * known.count + more.mean * more.count) / count
    return DailySample(
        series_id=more.series_id,
        at=more.at,
        count=count,
        low=min(known.low, more.low),
        high=max(known.high, more.high),
        mean=mean,
        last=more.last,
    )


def _remove_details(number: int, now: datetime) -> int:
    with transaction.atomic():
        results = HostResult.objects.filter(round=number)
        removed = results.count()
        results._raw_delete(results.db)
        KeptForecasts.objects.filter(round=number).delete()
        Round.objects.filter(pk=number).update(scope=NO_SCOPE, details_removed_at=now)
    return removed


def _midnight(now: datetime, days: int, timezone: ZoneInfo) -> int:
    return _start_of_day(now.astimezone(timezone) - timedelta(days=days))


def _start_of_day(at: datetime) -> int:
    return int(at.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())


def _parts(keys: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
