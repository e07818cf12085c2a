"""The numbers that a round saw, kept for trends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from orchestrator.model.round import HostOutcome
from orchestrator.records.models.sample import Sample
from orchestrator.records.models.series import Series
from orchestrator.records.rows import insert_missing, insert_rows

_Key = tuple[str, str, str, str]


def record_samples(outcomes: Sequence[HostOutcome]) -> None:
    """One sample for each number. Runs within the transaction that records the outcomes."""
    numbers = [found for outcome in outcomes for found in _numbers(outcome)]
    series = _series({key: unit for key, unit, _, _ in numbers}, {outcome.host for outcome in outcomes})
    insert_rows(
        Sample, ("series", "at", "value"), [(series[key], at, value) for key, _, at, value in numbers]
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
    new = [(*key, unit) for key, unit in units.items() if key not in known]
    if not new:
        return known
    insert_missing(Series, ("host", "task", "metric", "subject", "unit"), new)
    return _known(hosts)


def _known(hosts: set[str]) -> dict[_Key, int]:
    rows = Series.objects.filter(host__in=hosts).values_list("host", "task", "metric", "subject", "pk")
    return {(host, task, metric, subject): pk for host, task, metric, subject, pk in rows}
