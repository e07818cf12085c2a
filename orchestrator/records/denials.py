"""Decisions that somebody wanted to take and may not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from orchestrator.model.actor import Actor
from orchestrator.model.person import Permission
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.event import EventKind


@database_faults()
def record_denial(
    permission: Permission, systems: Collection[str], reason: str, at: datetime, actor: Actor
) -> None:
    """Never within a transaction: the error that follows would undo it."""
    with transaction.atomic(durable=True):
        data = {"systems": sorted(systems), "reason": reason}
        append_events(at, actor, [(EventKind.DECISION_DENIED, permission.value, data)])
