"""Adding to the log of what happened. Each event is written in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from orchestrator.model.actor import Actor
from orchestrator.model.site import HashAlgorithm
from orchestrator.records.event_hash import GENESIS, EventLine, chained, data_text, storable
from orchestrator.records.models.event import Event, EventKind

Entry = tuple[EventKind, str, Mapping[str, object]]
"""Kind, subject and data."""


def append_events(at: datetime, actor: Actor, entries: Iterable[Entry]) -> None:
    """Add events to the log. Runs within the transaction of what they tell of."""
    with transaction.atomic():
        last = Event.objects.order_by("-sequence").values_list("sequence", "hash").first()
        sequence, tail = last or (0, GENESIS)
        rows = []
        for kind, subject, data in entries:
            sequence += 1
            line = EventLine(
                sequence, at, kind, storable(actor.name), actor.proof, storable(subject), data_text(data), ""
            )
            tail = chained(tail, line.content(), HashAlgorithm.SM3)
            rows.append(
                Event(
                    sequence=sequence,
                    at=at,
                    kind=kind,
                    actor=line.actor,
                    proof=line.proof,
                    subject=line.subject,
                    data=line.data,
                    hash=tail,
                )
            )
        Event.objects.bulk_create(rows)
