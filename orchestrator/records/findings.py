"""Findings opened, seen again and cleared by what a round saw."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from orchestrator.model.round import HostOutcome
from orchestrator.model.threshold import Value
from orchestrator.model.verdict import Verdict
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.round import Round
from orchestrator.records.sighting import Identity, Sighting, sightings


@dataclass(frozen=True, slots=True)
class FindingChanges:
    """What became different."""

    opened: tuple[Finding, ...]
    cleared: tuple[Finding, ...]


def record_findings(row: Round, outcomes: Sequence[HostOutcome]) -> FindingChanges:
    """Hold what was seen against what is open. Runs within the transaction that records the outcomes."""
    hosts = [outcome.host for outcome in outcomes]
    known = {one.fingerprint: one for one in Finding.objects.filter(host__in=hosts, cleared_in=None)}
    open_ones: defaultdict[str, set[Identity]] = defaultdict(set)
    for one in known.values():
        open_ones[one.host].add(identity(one))
    seen = {
        sighting.identity.fingerprint(row.runbook): sighting
        for outcome in outcomes
        for sighting in sightings(outcome, open_ones.get(outcome.host, ()))
    }
    wrong = {mark: sighting for mark, sighting in seen.items() if sighting.verdict is not Verdict.OK}
    opened = [
        _open(row, mark, sighting)
        for mark, sighting in wrong.items()
        if mark not in known and sighting.verdict is not Verdict.WAIVED
    ]
    again = [_see(row, known[mark], sighting) for mark, sighting in wrong.items() if mark in known]
    cleared = [known[mark] for mark in seen if mark in known and mark not in wrong]
    # Another round may have opened the same one a moment ago.
    Finding.objects.bulk_create(opened, ignore_conflicts=True)
    _update(again)
    Finding.objects.filter(pk__in=[one.pk for one in cleared]).update(cleared_in=row)
    return FindingChanges(tuple(opened), tuple(cleared))


def identity(finding: Finding) -> Identity:
    return Identity(finding.host, finding.task, finding.metric, finding.subject)


def _open(row: Round, mark: str, sighting: Sighting) -> Finding:
    one = sighting.identity
    return Finding(
        fingerprint=mark,
        host=one.host,
        task=one.task,
        metric=one.metric,
        subject=one.subject,
        verdict=sighting.verdict,
        value=_storable(sighting.value),
        first_seen=row,
        last_seen=row,
    )


def _see(row: Round, finding: Finding, sighting: Sighting) -> Finding:
    finding.last_seen = row
    finding.verdict = sighting.verdict
    finding.value = _storable(sighting.value)
    return finding


def _storable(value: Value | None) -> Value | None:
    """JSON has no word for what is no number or without end, and PostgreSQL takes none."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _update(findings: Sequence[Finding]) -> None:
    """Django's own bulk_update takes a hundred times as long: a large round with many findings feels it."""
    if not findings:
        return
    rows = [(one.last_seen_id, one.verdict, json.dumps(one.value), one.pk) for one in findings]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "UPDATE records_finding SET last_seen_id = (r->>0)::bigint, verdict = r->>1, "
                "value = (r->>2)::jsonb FROM json_array_elements(%s::json) r WHERE id = (r->>3)::bigint",
                [json.dumps(rows)],
            )
        else:
            cursor.executemany(
                "UPDATE records_finding SET last_seen_id = %s, verdict = %s, value = %s WHERE id = %s", rows
            )
