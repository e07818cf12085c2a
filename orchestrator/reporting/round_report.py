"""From a recorded round to everything that a report of it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from orchestrator.language import Text
from orchestrator.model.actor import Proof
from orchestrator.model.check import Layer
from orchestrator.model.report import Coverage, ReportHost, ReportItem, RoundReport
from orchestrator.model.runbook import Kind
from orchestrator.model.system import Catalogue
from orchestrator.model.verdict import Verdict
from orchestrator.records.database import database_faults
from orchestrator.records.rounds import get_round
from orchestrator.records.sighting import Identity
from orchestrator.reporting.foreseen_items import with_trends
from orchestrator.reporting.history import History, read_history
from orchestrator.reporting.impact import Impact
from orchestrator.reporting.items import Items, KnownMetric
from orchestrator.reporting.seen_host import SeenHost, read_hosts


@database_faults()
def build_report(
    number: int,
    hospital: Text,
    catalogue: Catalogue,
    timezone: str,
    now: datetime,
    known_metric: KnownMetric,
) -> RoundReport:
    """Everything that a report of round `number` says, whatever its state.

    Raises:
        NotFound: there is no such round.
        StoreError: the records can't be read.
    """
    row = get_round(number)
    hosts, history = read_hosts(row), read_history(row)
    impact = Impact(catalogue, hosts)
    lines = Items(history, impact, cache(known_metric))
    placed = with_trends(row, [pair for host in hosts for pair in lines.of_host(host)], now)
    findings = _findings(hosts, lines, [item for _, item in placed])
    counts = Counter(result.verdict for host in hosts for result in host.results)
    if row.details_removed_at:
        counts = row.counts
    return RoundReport(
        hospital=hospital,
        round=row.number,
        runbook=row.runbook,
        title=row.title,
        kind=Kind(row.kind),
        state=row.round_state,
        started_at=row.started_at,
        finished_at=row.finished_at,
        actor=row.started_by,
        version=row.version,
        plan_digest=row.plan_digest,
        coverage=_coverage(counts),
        counts=counts,
        matrix=_matrix(hosts),
        systems=impact.lines(findings),
        hosts=_host_lines(hosts, impact),
        findings=findings,
        cleared=_cleared(hosts, lines, history, dict(placed)),
        items=tuple(item for _, item in placed),
        previous_round=history.before.number if history.before else None,
        previous_started_at=history.before.started_at if history.before else None,
        generated_at=now,
        timezone=timezone,
        waivers=history.waivers.near_their_end({host.name for host in hosts}),
        partial=row.partial,
        single_user=row.started_by.proof is Proof.SINGLE_USER,
        details_removed_at=row.details_removed_at,
    )


def _findings(hosts: Sequence[SeenHost], lines: Items, items: Sequence[ReportItem]) -> tuple[ReportItem, ...]:
    found = [item for item in items if item.change is not None]
    found += [lines.loss(host) for host in hosts if host.failure]
    return tuple(sorted(found, key=lambda item: (item.verdict.rank, lines.impact.tier(item.host), item.host)))


def _cleared(
    hosts: Sequence[SeenHost], lines: Items, history: History, items: dict[Identity, ReportItem]
) -> tuple[ReportItem, ...]:
    by_name = {host.name: host for host in hosts}
    ours = [pair for pair in history.cleared.items() if pair[0].host in by_name]
    gone = sorted(ours, key=lambda pair: pair[0].host)
    return tuple(lines.cleared(by_name[one.host], finding, items.get(one)) for one, finding in gone)


def _coverage(counts: Counter[Verdict]) -> Coverage:
    return Coverage(
        due=sum(count for verdict, count in counts.items() if verdict.due),
        done=sum(count for verdict, count in counts.items() if verdict.done),
        unknown=counts[Verdict.UNKNOWN],
        not_run=counts[Verdict.NOT_RUN],
        skipped=counts[Verdict.SKIPPED],
    )


def _matrix(hosts: Sequence[SeenHost]) -> dict[Layer, Counter[Verdict]]:
    matrix: dict[Layer, Counter[Verdict]] = {layer: Counter() for layer in Layer}
    for host in hosts:
        for result in host.results:
            matrix[result.layer][result.verdict] += 1
    return matrix


def _host_lines(hosts: Sequence[SeenHost], impact: Impact) -> tuple[ReportHost, ...]:
    lines = [
        ReportHost(
            host.name,
            host.address,
            host.groups,
            host.verdict,
            Counter(result.verdict for result in host.results),
            host.failure,
            impact.of(host.name),
            host.seconds,
        )
        for host in hosts
    ]
    return tuple(sorted(lines, key=lambda line: (line.failure is None, line.verdict.rank, line.name)))
