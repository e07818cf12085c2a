"""The lines of a report: each value of each check, with what came before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.language import Text
from orchestrator.model.check import Layer, Metric
from orchestrator.model.observation import Judgement
from orchestrator.model.report import Change, ReportItem
from orchestrator.model.round import CheckResult
from orchestrator.model.threshold import Threshold
from orchestrator.model.verdict import Verdict
from orchestrator.records.models.finding import Finding
from orchestrator.records.sighting import Identity, stands_alone
from orchestrator.reporting.history import History
from orchestrator.reporting.impact import Impact
from orchestrator.reporting.seen_host import SeenHost

KnownMetric = Callable[[str, str], Metric | None]
"""Check and metric -> what its spec says of it; None where it is not known any more."""

_REACH = Text("主机可达", "host reachable")


@dataclass(frozen=True, slots=True)
class Items:
    """Makes the items of one round."""

    history: History
    impact: Impact
    known_metric: KnownMetric

    def of_host(self, host: SeenHost) -> Iterator[tuple[Identity, ReportItem]]:
        """One item a value, and one for a check that says something without a value."""
        for result in host.results:
            for judgement in result.judgements:
                seen = judgement.observation
                identity = Identity(host.name, result.id, seen.metric, seen.subject)
                yield identity, self._of_value(identity, host, result, judgement)
            if stands_alone(result):
                identity = Identity(host.name, result.id)
                past = self._past(identity, result.verdict, host)
                item = _of_check(host, result, reason=result.reason, evidence=result.evidence, **past)
                yield identity, item

    def loss(self, host: SeenHost) -> ReportItem:
        """The one finding of a host that could not be asked."""
        reason = host.failure.detail if host.failure else None
        return replace(_of_reach(host), reason=reason, **self._as_finding(Identity(host.name)))

    def cleared(self, host: SeenHost, finding: Finding, now: ReportItem | None) -> ReportItem:
        """A finding that the round saw gone. `now` is the item of what was wrong, where there is one."""
        item = now or _of_cleared_check(host, finding)
        return replace(
            item,
            change=Change.CLEARED,
            finding=finding.number,
            owner=finding.owner,
            due_at=finding.due_at,
            since=finding.first_seen.started_at,
            previous=finding.value,
            previous_verdict=Verdict(finding.verdict),
            affected=self.impact.of(host.name),
        )

    def _of_value(
        self, identity: Identity, host: SeenHost, result: CheckResult, judgement: Judgement
    ) -> ReportItem:
        seen = judgement.observation
        decisive = judgement.verdict is result.verdict
        metric = self.known_metric(result.check, seen.metric)
        return _of_check(
            host,
            result,
            verdict=judgement.verdict,
            metric=seen.metric,
            metric_title=metric.title if metric else None,
            capacity=metric is not None and metric.capacity,
            subject=seen.subject,
            value=seen.value,
            unit=judgement.unit,
            reason=result.reason if decisive else None,
            evidence=seen.evidence or (result.evidence if decisive else ""),
            **_limits(judgement.threshold),
            **self._past(identity, judgement.verdict, host),
        )

    def _past(self, identity: Identity, verdict: Verdict, host: SeenHost) -> dict[str, Any]:
        """What came before. A lost host's checks are unknown for one reason, which is its one finding."""
        if verdict.finding and not host.failure:
            return self._as_finding(identity)
        if verdict is Verdict.WAIVED:
            waiver = self.history.waivers.in_force(identity)
            return {**self._before(identity), **self._handled(identity), "waiver": waiver}
        return self._before(identity)

    def _as_finding(self, identity: Identity) -> dict[str, Any]:
        return {
            **self._before(identity),
            **self._handled(identity),
            "change": self.history.change(identity),
            "flaps": self.history.flaps.get(identity, 0),
            "waiver": self.history.waivers.ran_out(identity, self.history.open.get(identity)),
            "affected": self.impact.of(identity.host),
        }

    def _handled(self, identity: Identity) -> dict[str, Any]:
        finding = self.history.open.get(identity)
        if finding is None:
            return {}
        return {
            "finding": finding.number,
            "owner": finding.owner,
            "due_at": finding.due_at,
            "since": finding.first_seen.started_at,
        }

    def _before(self, identity: Identity) -> dict[str, Any]:
        before = self.history.seen.get(identity)
        return {} if before is None else {"previous": before[0], "previous_verdict": before[1]}


def _limits(threshold: Threshold | None) -> dict[str, Any]:
    if threshold is None:
        return {}
    return {
        "warn": str(threshold.warn) if threshold.warn else "",
        "crit": str(threshold.crit) if threshold.crit else "",
        "evidence_level": threshold.source.evidence,
        "source": threshold.source.origin,
    }


def _of_check(host: SeenHost, result: CheckResult, **more: Any) -> ReportItem:
    """`more` is all that the item says beyond the check. One call: a large round has very many items."""
    about = {"verdict": result.verdict, "seconds": result.seconds, **more}
    return ReportItem(host.name, result.id, result.code, result.title, result.check, result.layer, **about)


def _of_reach(host: SeenHost) -> ReportItem:
    verdict = Verdict.UNKNOWN if host.failure else Verdict.OK
    return ReportItem(host.name, "", "", "SSH", "", Layer.SYSTEM, verdict, metric_title=_REACH)


def _of_cleared_check(host: SeenHost, finding: Finding) -> ReportItem:
    for result in host.results:
        if result.id == finding.task:
            return _of_check(host, result)
    return _of_reach(host)
