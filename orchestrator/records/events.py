"""Adding to the log of what happened. Each event is written in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from orchestrator.model.actor import Actor
from orchestrator.model.audit import Anchor
from orchestrator.records.audit_place import hash_algorithm
from orchestrator.records.chain_tail import announce, hold_tail
from orchestrator.records.event_hash import EventLine, chained, data_text, storable
from orchestrator.records.models.event import Event, EventKind

Entry = tuple[EventKind, str, Mapping[str, object]]
"""Kind, subject and data."""


def append_events(at: datetime, actor: Actor, entries: Iterable[Entry]) -> None:
    """Add events to the log. Runs within the transaction of what they tell of.

    Raises:
        ChainBroken: the log is not what was written; nothing may happen that needs a record.
        StoreError: the head of the log can't be written.
    """
    told = list(entries)
    if not told:
        return
    with transaction.atomic():
        before = hold_tail()
        after = insert_events(at, actor, told, before.sequence, before)
        announce(before, after)


def insert_events(at: datetime, actor: Actor, told: Iterable[Entry], sequence: int, before: Anchor) -> Anchor:
    """Chain events to `before`, numbered after `sequence`; returns the tail. Only for who holds the tail."""
    stored, rows = before.hash, []
    for kind, subject, data in told:
        sequence += 1
        row = Event(
            sequence=sequence,
            at=at,
            kind=kind,
            actor=storable(actor.name),
            proof=actor.proof,
            subject=storable(subject),
            data=data_text(data),
        )
        line = EventLine(sequence, at, kind, row.actor, row.proof, row.subject, row.data, "")
        row.hash = stored = chained(stored, line.content(), hash_algorithm())
        rows.append(row)
    Event.objects.bulk_create(rows)
    return Anchor(sequence, stored)
