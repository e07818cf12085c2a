"""What earlier rounds say of what this one saw."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, Q

from orchestrator.model.report import Change
from orchestrator.records.findings import identity
from orchestrator.records.flapping import flapping
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.round import Round
from orchestrator.records.rounds import round_before
from orchestrator.records.sighting import Identity
from orchestrator.reporting.seen_before import SeenBefore
from orchestrator.reporting.waiver_history import WaiverHistory


@dataclass(frozen=True, slots=True)
class History:
    """Everything before one round that its report speaks of."""

    row: Round
    before: Round | None
    """The round that this one is compared with."""
    seen: SeenBefore
    """What it saw."""
    open: dict[Identity, Finding]
    """Findings that were open when the round ended."""
    cleared: dict[Identity, Finding]
    """Findings that were seen gone since the round before: by this one, or by a recheck in between."""
    flaps: dict[Identity, int]
    """What comes and goes -> how often it came up."""
    waivers: WaiverHistory

    def change(self, identity: Identity) -> Change:
        """How a finding of the round compares with what came before."""
        if self.before is None:
            return Change.FIRST
        if identity in self.flaps:
            return Change.FLAPPING
        finding = self.open.get(identity)
        new = finding is None or finding.first_seen_id > self.before.number
        return Change.NEW if new else Change.PERSISTING


def read_history(row: Round) -> History:
    """What was known when the round ended, however many rounds came after it."""
    before = round_before(row)
    # A recheck speaks for itself alone; a whole round also for the rechecks before it.
    known = row.number - 1 if before is None or row.partial else before.number
    of_then = Q(cleared_in=None) | Q(cleared_in__gt=known)
    ours = Q(first_seen__runbook=row.runbook) | Q(task="")
    findings = Finding.objects.filter(of_then, ours, first_seen__lte=row.pk)
    still_open, cleared = {}, {}
    # Many findings were first seen in few rounds.
    for finding in findings.prefetch_related(Prefetch("first_seen", Round.objects.defer("scope"))):
        one = identity(finding)
        if finding.cleared_in_id is None or finding.cleared_in_id > row.pk:
            still_open[one] = finding
        else:
            cleared[one] = finding
    gone = {one: finding for one, finding in cleared.items() if one not in still_open}
    return History(
        row, before, SeenBefore(before), still_open, gone, flapping(row), WaiverHistory.read(row, before)
    )
