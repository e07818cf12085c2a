"""The numbers of earlier rounds, read back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Mod

from orchestrator.model.forecast import Point
from orchestrator.model.round import CheckResult
from orchestrator.model.runbook import Kind
from orchestrator.records.models.daily_sample import DailySample
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.round import Round
from orchestrator.records.models.sample import Sample
from orchestrator.records.models.series import Series
from orchestrator.records.result_text import read_results
from orchestrator.records.scope import read_scope
from orchestrator.records.sighting import Identity

_DAY = 86400
_LATEST = 10
"""Rounds in which a check's present limits are looked for."""
_PING = "reachable"
"""The runbook behind `wardround hosts ping`."""
_NEAR = 9000
"""Seconds by which a round of another day may be earlier or later, and still be the same one of its day."""


def find_series(identities: Collection[Identity]) -> dict[Identity, int]:
    """The series of those that have one. One query, whatever their number."""
    hosts = {one.host for one in identities}
    rows = Series.objects.filter(host__in=hosts).values_list("host", "task", "metric", "subject", "pk")
    known = {Identity(host, task, metric, subject): pk for host, task, metric, subject, pk in rows}
    return {one: known[one] for one in identities if one in known}


def series_of(host: str) -> Sequence[Series]:
    """All that was ever measured on a host."""
    return list(Series.objects.filter(host=host).order_by("task", "metric", "subject"))


def hosts_with_series() -> Sequence[str]:
    return list(Series.objects.order_by("host").values_list("host", flat=True).distinct())


def read_trend(series: Collection[int], since: datetime, until: datetime) -> dict[int, list[Point]]:
    """Every number of each series between two times, oldest first; of days that were rolled up their mean."""
    return _points(series, _between(since, until), _days(series, since, until))


def read_daily_trend(
    series: Collection[int], since: datetime, until: datetime, recent: timedelta
) -> dict[int, list[Point]]:
    """As `read_trend`, but of all before `recent` only what was seen at about the time of day of `until`.

    So two months of many series are read in the time of two weeks, and morning is held against morning.
    """
    end = int(until.timestamp())
    apart = Mod(Value(end + _NEAR) - F("at"), Value(_DAY))
    rows = _between(since, until).annotate(apart=apart)
    chosen = rows.filter(Q(at__gt=end - recent.total_seconds()) | Q(apart__lte=2 * _NEAR))
    return _points(series, chosen, _days(series, since, until))


def last_results(host: str) -> dict[str, CheckResult]:
    """What the latest rounds said of a host, by task: the last word of each."""
    found: dict[str, CheckResult] = {}
    rounds = Round.objects.order_by("-pk").values_list("pk", flat=True)[:_LATEST]
    for row in HostResult.objects.filter(round__in=list(rounds), host=host).select_related("round"):
        planned = next((one for one in read_scope(row.round.scope) if one.name == host), None)
        if planned is not None:
            results = read_results(row.results, planned.tasks)
            found.update((one.id, one) for one in results if one.judgements or one.id not in found)
    return found


def inspections_between(begins: datetime, ends: datetime) -> Sequence[Round]:
    """Whole inspection rounds, oldest first. One that was narrowed, or only pings, inspects nothing."""
    rows = _inspections().filter(started_at__gte=begins, started_at__lt=ends)
    return list(rows.order_by("started_at"))


def first_round_at() -> datetime | None:
    """When this site began to inspect."""
    return _inspections().order_by("pk").values_list("started_at", flat=True).first()


def _inspections() -> QuerySet[Round]:
    rows = Round.objects.filter(kind=Kind.INSPECTION, partial=False).exclude(runbook=_PING)
    return rows.defer("scope")


def _between(since: datetime, until: datetime) -> QuerySet[Sample]:
    return Sample.objects.filter(at__gte=int(since.timestamp()), at__lte=int(until.timestamp()))


def _days(series: Collection[int], since: datetime, until: datetime) -> dict[int, list[Point]]:
    """A day's mean stands at its noon. Days are older than every single number that is left."""
    found: dict[int, list[Point]] = {one: [] for one in series}
    rows = DailySample.objects.filter(
        series__in=list(found),
        at__gte=int(since.timestamp()) - _DAY // 2,
        at__lte=int(until.timestamp()) - _DAY // 2,
    )
    for one, at, mean in rows.order_by("series", "at").values_list("series_id", "at", "mean"):
        found[one].append(Point(datetime.fromtimestamp(at + _DAY // 2, UTC), mean))
    return found


def _points(
    series: Collection[int], samples: QuerySet[Sample], found: dict[int, list[Point]]
) -> dict[int, list[Point]]:
    chosen = samples.filter(series__in=list(found))
    rows = chosen.order_by("series", "at").values_list("series_id", "at", "value")
    times: dict[int, datetime] = {}  # all that is seen on a host is seen at the same time
    for one, at, value in rows:
        seen = times.get(at) or times.setdefault(at, datetime.fromtimestamp(at, UTC))
        found[one].append(Point(seen, value))
    return found
