"""Adding to the log of what happened. Each event is written in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from orchestrator.model.actor import Actor
from orchestrator.records.models.event import Event, EventKind

Entry = tuple[EventKind, str, Mapping[str, object]]
"""Kind, subject and data."""


def append_events(at: datetime, actor: Actor, entries: Iterable[Entry]) -> None:
    """Add events to the log. Runs within the transaction of what they tell of."""
    Event.objects.bulk_create(
        [
            Event(at=at, actor=actor.name, proof=actor.proof, kind=kind, subject=subject, data=data)
            for kind, subject, data in entries
        ]
    )
