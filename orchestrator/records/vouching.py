"""Waivers held against the events of their approval: a row that was changed past us waives nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from orchestrator.records.chain_walk import log_events
from orchestrator.records.database import database_faults
from orchestrator.records.event_hash import COLUMNS, EventLine
from orchestrator.records.models.event import Event, EventKind
from orchestrator.records.models.segment import Segment
from orchestrator.records.models.waiver import Waiver

_KINDS = (EventKind.WAIVER_APPROVED, EventKind.WAIVER_ENDED)


def vouched(rows: Sequence[Waiver]) -> list[Waiver]:
    """The rows that say what was approved. One whose event can't be found is not among them."""
    approvals: dict[str, EventLine] = {}
    endings: dict[str, EventLine] = {}
    for event in _events({event_subject(row) for row in rows}):
        kept = approvals if event.kind == EventKind.WAIVER_APPROVED else endings
        kept[event.subject] = event
    return [row for row in rows if _says_the_same(row, approvals, endings)]


@database_faults()
def forged_waivers() -> tuple[int, ...]:
    """Numbers of all waivers, past ones too, that are not what was approved."""
    rows = list(Waiver.objects.order_by("pk"))
    sound = {row.pk for row in vouched(rows)}
    return tuple(row.number for row in rows if row.pk not in sound)


def event_subject(row: Waiver) -> str:
    return f"waiver {row.number}"


def _events(subjects: Collection[str]) -> Iterator[EventLine]:
    """Of these waivers: those in the database, and if that is not all, those in sealed files."""
    if not subjects:
        return
    rows = Event.objects.filter(kind__in=_KINDS, subject__in=subjects).order_by("sequence")
    found = [EventLine(*row) for row in rows.values_list(*COLUMNS)]
    yield from found
    approved = {event.subject for event in found if event.kind == EventKind.WAIVER_APPROVED}
    if approved != set(subjects) and Segment.objects.exists():
        for event in log_events():
            if isinstance(event, EventLine) and event.kind in _KINDS and event.subject in subjects:
                yield event


def _says_the_same(row: Waiver, approvals: dict[str, EventLine], endings: dict[str, EventLine]) -> bool:
    name = event_subject(row)
    approval, ending = approvals.get(name), endings.get(name)
    if approval is None:
        return False
    said = json.loads(approval.data)
    return (
        all(said[key] == getattr(row, key) for key in ("runbook", "host", "task", "metric", "subject"))
        and (said["covers"], said["reason"]) == (row.covers, row.reason)
        and datetime.fromisoformat(said["until"]) == row.expires_at
        and (approval.actor, approval.proof, approval.at) == (row.approver, row.proof, row.approved_at)
        and row.ended_at == (ending.at if ending else None)
    )
