"""Acceptances of free commands, as the log of events tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from orchestrator.model.actor import Actor
from orchestrator.model.plan import Acceptance
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.event import EventKind


@database_faults()
def record_acceptances(acceptances: Sequence[Acceptance], at: datetime, actor: Actor) -> None:
    """Raises ChainBroken, StoreError: they can't be recorded, and so must not count."""
    with transaction.atomic():
        append_events(
            at,
            actor,
            [
                (
                    EventKind.FREE_ITEM_ACCEPTED,
                    f"free item {one.digest[:12]}",
                    {"digest": one.digest, "effect": one.effect, "what": one.what, "reason": one.reason},
                )
                for one in acceptances
            ],
        )
