"""Which waivers held in a round, and which had run out by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.model.waiver import Waiver
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.round import Round
from orchestrator.records.models.waiver import Waiver as Row
from orchestrator.records.sighting import Identity
from orchestrator.records.waivers import read_waiver
from orchestrator.records.waiving import concerns

SOON = timedelta(days=7)
"""Ahead of its end a waiver is listed for this long, so that somebody decides in time."""


@dataclass(frozen=True, slots=True)
class WaiverHistory:
    """The waivers of one round's runbook, seen from that round."""

    row: Round
    since: datetime
    """Start of the round before; without one, of this round."""
    waivers: Mapping[tuple[str, str], Sequence[Row]]
    """Host and task -> all that were approved by then, newest first."""

    @classmethod
    def read(cls, row: Round, before: Round | None) -> WaiverHistory:
        known = Row.objects.filter(runbook=row.runbook, approved_at__lte=_end(row)).order_by("-pk")
        waivers: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for one in known:
            waivers[one.host, one.task].append(one)
        return cls(row, (before or row).started_at, waivers)

    def in_force(self, identity: Identity) -> Waiver | None:
        """The waiver that a `waived` verdict of the round rests on."""
        for one in self._about(identity):
            if one.approved_at <= self.row.started_at:
                return read_waiver(one)
        return None

    def ran_out(self, identity: Identity, finding: Finding | None) -> Waiver | None:
        """The waiver that covered a finding of the round until it ran out; one from before the finding's
        time has nothing to do with it."""
        for one in self._about(identity):
            if one.ends_at > _end(self.row):
                continue
            covered = finding is not None and (
                finding.first_seen.started_at < one.ends_at or finding.first_seen_id == one.told_in_id
            )
            return read_waiver(one) if covered else None
        return None

    def near_their_end(self, hosts: Collection[str]) -> tuple[Waiver, ...]:
        """Over these hosts: ran out since the round before, or will soon. By their end."""
        near = [
            one
            for rows in self.waivers.values()
            for one in rows
            if one.host in hosts and (one.told_in_id == self.row.pk or self._near(one))
        ]
        return tuple(read_waiver(one) for one in sorted(near, key=lambda one: (one.ends_at, one.pk)))

    def _about(self, identity: Identity) -> list[Row]:
        rows = self.waivers.get((identity.host, identity.task), ())
        return [one for one in rows if concerns(read_waiver(one), identity)]

    def _near(self, one: Row) -> bool:
        started_at = self.row.started_at
        if one.ended_at is not None and one.ended_at <= started_at:
            return self.since < one.ended_at
        return self.since < one.expires_at <= started_at + SOON


def _end(row: Round) -> datetime:
    return row.finished_at or row.started_at
