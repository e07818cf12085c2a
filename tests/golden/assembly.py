"""Adds a round up from its servers and items, as a round's report must add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.check import Layer
from orchestrator.model.report import Change, Coverage, ReportHost, ReportItem, RoundReport, SystemLine
from orchestrator.model.round import RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.system import Component
from orchestrator.model.verdict import Verdict, worst
from tests.golden.hospital import CATALOGUE, HOSPITAL, STARTED, Server

LAST = STARTED - timedelta(hours=13)
_WORST_FIRST = [
    Verdict.CRIT,
    Verdict.UNKNOWN,
    Verdict.NOT_RUN,
    Verdict.WARN,
    Verdict.WAIVED,
    Verdict.OK,
    Verdict.SKIPPED,
]
_Checks = Mapping[tuple[str, str], tuple[Verdict, Layer]]


def assemble(
    servers: Sequence[Server],
    items: Iterable[ReportItem],
    cleared: tuple[ReportItem, ...] = (),
) -> RoundReport:
    """Add everything up as a round's report does: counts, coverage, matrix, hosts, systems, findings."""
    given = list(items)
    placed = tuple(
        replace(item, affected=CATALOGUE.affected_by(server.name, server.groups))
        for server in servers
        for item in given
        if item.host == server.name
    )
    checks = _checks(placed)
    counts = Counter(verdict for verdict, _ in checks.values())
    hosts = [_host(server, placed) for server in servers]
    return RoundReport(
        hospital=HOSPITAL,
        round=127,
        runbook="inspection/morning",
        title="早巡检",
        kind=Kind.INSPECTION,
        state=RoundState.COMPLETED,
        started_at=STARTED,
        finished_at=STARTED + timedelta(seconds=38),
        actor=Actor("驻点工程师 王工", Proof.SESSION),
        version="0.1.0",
        plan_digest="7f3a9c41d2e85b60" * 4,
        coverage=_coverage(counts),
        counts=counts,
        matrix={
            layer: Counter(verdict for verdict, found in checks.values() if found is layer) for layer in Layer
        },
        systems=_systems(servers, placed),
        hosts=tuple(sorted(hosts, key=lambda host: (host.failure is None, _rank(host.verdict), host.name))),
        findings=_findings(servers, placed),
        cleared=cleared,
        items=placed,
        previous_round=126,
        previous_started_at=LAST,
        generated_at=STARTED + timedelta(seconds=40),
    )


def _checks(items: Iterable[ReportItem]) -> _Checks:
    """A check has the worst verdict of its values."""
    found: dict[tuple[str, str], tuple[Verdict, Layer]] = {}
    for item in items:
        before = found.get((item.host, item.id))
        verdict = worst([item.verdict, before[0]]) if before else item.verdict
        found[item.host, item.id] = verdict, item.layer
    return found


def _coverage(counts: Counter[Verdict]) -> Coverage:
    done = sum(count for verdict, count in counts.items() if verdict.done)
    return Coverage(
        due=counts.total() - counts[Verdict.SKIPPED],
        done=done,
        unknown=counts[Verdict.UNKNOWN],
        not_run=counts[Verdict.NOT_RUN],
        skipped=counts[Verdict.SKIPPED],
    )


def _host(server: Server, items: Sequence[ReportItem]) -> ReportHost:
    counts = Counter(verdict for (host, _), (verdict, _) in _checks(items).items() if host == server.name)
    return ReportHost(
        name=server.name,
        address=server.address,
        groups=server.groups,
        verdict=Verdict.UNKNOWN if server.failure else worst(counts),
        counts=counts,
        failure=server.failure,
        affected=CATALOGUE.affected_by(server.name, server.groups),
        seconds=10.0 if server.failure else 1.4,
    )


def _systems(servers: Sequence[Server], items: Sequence[ReportItem]) -> tuple[SystemLine, ...]:
    lines = [_line(component, servers, items) for component in CATALOGUE.components]
    return tuple(sorted(lines, key=lambda line: _rank(line.verdict)))


def _line(component: Component, servers: Sequence[Server], items: Sequence[ReportItem]) -> SystemLine:
    beneath = [
        server.name for server in servers if component in CATALOGUE.affected_by(server.name, server.groups)
    ]
    mine = [item for item in items if item.host in beneath]
    verdict = worst(item.verdict for item in mine)
    because = {item.host for item in mine if item.verdict is verdict}
    return SystemLine(
        component,
        verdict,
        findings=sum(1 for item in mine if item.verdict.finding and item.change is not None),
        because=tuple(host for host in beneath if host in because) if verdict.finding else (),
    )


def _findings(servers: Sequence[Server], items: Iterable[ReportItem]) -> tuple[ReportItem, ...]:
    lost = {server.name: server for server in servers if server.failure}
    alone = [item for item in items if item.verdict.finding and item.host not in lost]
    losses = [_loss(server) for server in lost.values()]
    return tuple(sorted([*alone, *losses], key=lambda item: _rank(item.verdict)))


def _loss(server: Server) -> ReportItem:
    return ReportItem(
        host=server.name,
        id="reach",
        code="",
        title="主机未能检查",
        check="",
        layer=Layer.SYSTEM,
        verdict=Verdict.UNKNOWN,
        reason=server.failure.detail if server.failure else Text("", ""),
        change=Change.NEW,
        previous_verdict=Verdict.OK,
        affected=CATALOGUE.affected_by(server.name, server.groups),
    )


def _rank(verdict: Verdict) -> int:
    return _WORST_FIRST.index(verdict)
