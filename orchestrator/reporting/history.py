"""What earlier rounds say of what this one saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from orchestrator.model.report import Change
from orchestrator.model.threshold import Value
from orchestrator.model.verdict import Verdict
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.round import Round
from orchestrator.records.rounds import round_before
from orchestrator.records.sighting import Identity
from orchestrator.reporting.seen_host import SeenHost, read_hosts


@dataclass(frozen=True, slots=True)
class Before:
    """One thing as the round before saw it."""

    value: Value | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class History:
    """Everything before one round that its report speaks of."""

    before: Round | None
    """The round that this one is compared with."""
    seen: dict[Identity, Before]
    """What it saw."""
    first_seen: dict[Identity, Round]
    """Findings that were open when the round ended -> the round that saw them first."""
    cleared: dict[Identity, Finding]
    """Findings that the round saw gone."""
    number: int

    def change(self, identity: Identity) -> Change:
        """How a finding of the round compares with what came before."""
        if self.before is None:
            return Change.FIRST
        first = self.first_seen.get(identity)
        return Change.NEW if first is None or first.number == self.number else Change.PERSISTING

    def since(self, identity: Identity) -> datetime | None:
        first = self.first_seen.get(identity)
        return None if first is None else first.started_at


def read_history(row: Round) -> History:
    """What was known when the round ended, however many rounds came after it."""
    before = round_before(row)
    seen = {} if before is None else dict(_all_seen(read_hosts(before)))
    of_then = Q(cleared_in=None) | Q(cleared_in__gte=row.pk)
    ours = Q(first_seen__runbook=row.runbook) | Q(task="")
    findings = Finding.objects.filter(of_then, ours, first_seen__lte=row.pk)
    findings = findings.select_related("first_seen").defer("first_seen__scope")
    first_seen, cleared = {}, {}
    for finding in findings:
        identity = Identity(finding.host, finding.task, finding.metric, finding.subject)
        if finding.cleared_in_id == row.pk:
            cleared[identity] = finding
        else:
            first_seen[identity] = finding.first_seen
    return History(before, seen, first_seen, cleared, row.number)


def _all_seen(hosts: tuple[SeenHost, ...]) -> Iterator[tuple[Identity, Before]]:
    for host in hosts:
        reached = Verdict.UNKNOWN if host.failure else Verdict.OK
        if host.failure or host.verdict is not Verdict.NOT_RUN:
            yield Identity(host.name), Before(None, reached)
        for result in host.results:
            yield Identity(host.name, result.id), Before(None, result.verdict)
            for judgement in result.judgements:
                seen = judgement.observation
                identity = Identity(host.name, result.id, seen.metric, seen.subject)
                yield identity, Before(seen.value, judgement.verdict)
