"""The lines of a report: each value of each check, with what came before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.observation import Judgement
from orchestrator.model.report import Change, ReportItem
from orchestrator.model.round import CheckResult
from orchestrator.model.verdict import Verdict
from orchestrator.records.models.finding import Finding
from orchestrator.records.sighting import Identity, stands_alone
from orchestrator.reporting.history import History
from orchestrator.reporting.impact import Impact
from orchestrator.reporting.seen_host import SeenHost

MetricTitle = Callable[[str, str], Text | None]
"""Check and metric -> what people call the metric; None where it is not known any more."""

_REACH = Text("主机可达", "host reachable")


@dataclass(frozen=True, slots=True)
class Items:
    """Makes the items of one round."""

    history: History
    impact: Impact
    metric_title: MetricTitle

    def of_host(self, host: SeenHost) -> Iterator[tuple[Identity, ReportItem]]:
        """One item a value, and one for a check that says something without a value."""
        for result in host.results:
            for judgement in result.judgements:
                seen = judgement.observation
                identity = Identity(host.name, result.id, seen.metric, seen.subject)
                yield identity, self._placed(identity, self._of_value(host, result, judgement), host)
            if stands_alone(result):
                identity = Identity(host.name, result.id)
                item = replace(_of_check(host, result), reason=result.reason, evidence=result.evidence)
                yield identity, self._placed(identity, item, host)

    def loss(self, host: SeenHost) -> ReportItem:
        """The one finding of a host that could not be asked."""
        item = replace(_of_reach(host), reason=host.failure.detail if host.failure else None)
        return self._found(Identity(host.name), item)

    def cleared(self, host: SeenHost, finding: Finding, now: ReportItem | None) -> ReportItem:
        """A finding that the round saw gone. `now` is the item of what was wrong, where there is one."""
        item = now or _of_cleared_check(host, finding)
        return replace(
            item,
            change=Change.CLEARED,
            since=finding.first_seen.started_at,
            previous=finding.value,
            previous_verdict=Verdict(finding.verdict),
            affected=self.impact.of(host.name),
        )

    def _of_value(self, host: SeenHost, result: CheckResult, judgement: Judgement) -> ReportItem:
        seen, threshold = judgement.observation, judgement.threshold
        decisive = judgement.verdict is result.verdict
        item = replace(
            _of_check(host, result),
            verdict=judgement.verdict,
            metric=seen.metric,
            metric_title=self.metric_title(result.check, seen.metric),
            subject=seen.subject,
            value=seen.value,
            unit=judgement.unit,
            reason=result.reason if decisive else None,
            evidence=seen.evidence or (result.evidence if decisive else ""),
        )
        if threshold is None:
            return item
        return replace(
            item,
            warn=str(threshold.warn) if threshold.warn else "",
            crit=str(threshold.crit) if threshold.crit else "",
            evidence_level=threshold.source.evidence,
            source=threshold.source.origin,
        )

    def _placed(self, identity: Identity, item: ReportItem, host: SeenHost) -> ReportItem:
        before = self.history.seen.get(identity)
        if before is not None:
            item = replace(item, previous=before.value, previous_verdict=before.verdict)
        # A lost host's checks are unknown for one reason, which is its one finding.
        return self._found(identity, item) if item.verdict.finding and not host.failure else item

    def _found(self, identity: Identity, item: ReportItem) -> ReportItem:
        before = self.history.seen.get(identity)
        return replace(
            item,
            previous_verdict=None if before is None else before.verdict,
            change=self.history.change(identity),
            since=self.history.since(identity),
            affected=self.impact.of(item.host),
        )


def _of_check(host: SeenHost, result: CheckResult) -> ReportItem:
    return ReportItem(
        host.name,
        result.id,
        result.code,
        result.title,
        result.check,
        result.layer,
        result.verdict,
        seconds=result.seconds,
    )


def _of_reach(host: SeenHost) -> ReportItem:
    verdict = Verdict.UNKNOWN if host.failure else Verdict.OK
    return ReportItem(host.name, "", "", "SSH", "", Layer.SYSTEM, verdict, metric_title=_REACH)


def _of_cleared_check(host: SeenHost, finding: Finding) -> ReportItem:
    for result in host.results:
        if result.id == finding.task:
            return _of_check(host, result)
    return _of_reach(host)
