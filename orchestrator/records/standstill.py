"""What does not go on, as the records show it. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q

from orchestrator.model.run import RunEventKind, RunState
from orchestrator.records.database import database_faults
from orchestrator.records.models.event import Event
from orchestrator.records.models.posting import Posting
from orchestrator.records.models.run_event import RunEvent

_LATEST = 1000
"""Events of the log that are looked at: times have no index, and a log may hold millions."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A leg that is due and does not begin."""

    run: int
    due_since: datetime
    handed: bool
    """A worker's engine has it."""


@database_faults()
def waiting_since(run: int) -> datetime | None:
    """Since when a run has waited. One that looked again and went on waiting has waited all along."""
    told = RunEvent.objects.filter(run=run)
    moved = told.exclude(kind__in=(RunEventKind.WAITS, RunEventKind.RESUMED)).aggregate(Max("sequence"))
    waits = told.filter(kind=RunEventKind.WAITS, sequence__gt=moved["sequence__max"] or 0)
    return waits.order_by("sequence").values_list("at", flat=True).first()


@database_faults()
def undelivered(before: datetime) -> list[Undelivered]:
    """Legs that were due before that time, of runs that nobody advances; the longest due first."""
    rested = Q(run__state__in=(RunState.QUEUED, RunState.WAITING))
    due = Q(posted_at__lt=before) & (Q(not_before=None) | Q(not_before__lt=before))
    rows = Posting.objects.filter(due & (rested | Q(handed=False)))
    found = [
        Undelivered(row.run_id, max(row.posted_at, row.not_before or row.posted_at), row.handed)
        for row in rows
    ]
    return sorted(found, key=lambda one: one.due_since)


@database_faults()
def latest_time() -> datetime | None:
    """The latest time that the end of the log tells; None for a log without events."""
    latest = Event.objects.order_by("-sequence").values_list("at", flat=True)[:_LATEST]
    return max(latest, default=None)
