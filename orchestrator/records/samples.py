"""The numbers that a round saw, kept for trends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from django.db import connection

from orchestrator.model.round import HostOutcome
from orchestrator.records.models.sample import Sample
from orchestrator.records.models.series import Series

_Key = tuple[str, str, str, str]


def record_samples(outcomes: Sequence[HostOutcome]) -> None:
    """One sample for each number. Runs within the transaction that records the outcomes."""
    numbers = [found for outcome in outcomes for found in _numbers(outcome)]
    series = _series({key: unit for key, unit, _, _ in numbers}, {outcome.host for outcome in outcomes})
    # Without a model object a row: they are most of what a large round writes.
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {Sample._meta.db_table} (series_id, at, value) VALUES (%s, %s, %s)",  # noqa: S608 - our own name
            [(series[key], at, value) for key, _, at, value in numbers],
        )


def _numbers(outcome: HostOutcome) -> Iterator[tuple[_Key, str, int, float]]:
    at = int(outcome.started_at.timestamp())
    for result in outcome.results:
        for judgement in result.judgements:
            seen = judgement.observation
            if not isinstance(seen.value, str) and math.isfinite(seen.value):
                key = (outcome.host, result.id, seen.metric, seen.subject)
                yield key, judgement.unit, at, seen.value


def _series(units: dict[_Key, str], hosts: set[str]) -> dict[_Key, int]:
    known = _known(hosts)
    new = [
        Series(host=host, task=task, metric=metric, subject=subject, unit=unit)
        for (host, task, metric, subject), unit in units.items()
        if (host, task, metric, subject) not in known
    ]
    if not new:
        return known
    Series.objects.bulk_create(new, ignore_conflicts=True)
    return _known(hosts)


def _known(hosts: set[str]) -> dict[_Key, int]:
    rows = Series.objects.filter(host__in=hosts).values_list("host", "task", "metric", "subject", "pk")
    return {(host, task, metric, subject): pk for host, task, metric, subject, pk in rows}
