"""What the records know of a host: its tasks by runbook, and what each of them has shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.model.verdict import Verdict
from orchestrator.records.database import database_faults
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.round import Round
from orchestrator.records.result_text import read_results
from orchestrator.records.scope import ScopeHost, read_scope
from orchestrator.records.sighting import Identity

ROUNDS = 14
"""A metric or subject that none of the last rounds has shown is not known."""


@dataclass(frozen=True, slots=True)
class KnownHost:
    """One host as one runbook has recorded it."""

    runbook: str
    groups: tuple[str, ...]
    tasks: tuple[str, ...]
    seen: Mapping[Identity, Verdict]
    """Each value of late, with its latest verdict; of open findings as well."""


@database_faults()
def known_host(runbook: str, host: str) -> KnownHost | None:
    """None where none of the runbook's last rounds holds the host."""
    rows = HostResult.objects.filter(round__runbook=runbook, host=host).select_related("round")
    seen: dict[Identity, Verdict] = {}
    latest: ScopeHost | None = None
    tasks: dict[str, None] = {}
    for row in rows.order_by("-round_id")[:ROUNDS]:
        scope = next((one for one in read_scope(row.round.scope) if one.name == host), None)
        if scope is None:
            continue
        latest = latest or scope
        tasks |= dict.fromkeys(scope.tasks)
        for result in read_results(row.results, scope.tasks):
            for one in result.judgements:
                key = Identity(host, result.id, one.observation.metric, one.observation.subject)
                seen.setdefault(key, one.verdict)
    if latest is None:
        return None
    for finding in Finding.objects.filter(host=host, cleared_in=None, first_seen__runbook=runbook):
        key = Identity(host, finding.task, finding.metric, finding.subject)
        seen.setdefault(key, Verdict(finding.verdict))
    return KnownHost(runbook, latest.groups, tuple(tasks), seen)


@database_faults()
def runbooks_of(host: str) -> tuple[str, ...]:
    """The runbooks that have a result of the host."""
    rounds = Round.objects.filter(host_results__host=host)
    return tuple(rounds.order_by("runbook").values_list("runbook", flat=True).distinct())


@database_faults()
def recorded_runbooks() -> tuple[str, ...]:
    return tuple(Round.objects.order_by("runbook").values_list("runbook", flat=True).distinct())


@database_faults()
def recorded_hosts() -> tuple[str, ...]:
    return tuple(HostResult.objects.order_by("host").values_list("host", flat=True).distinct())
