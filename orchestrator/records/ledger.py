"""Permits that were used. The database itself refuses a second use, whatever processes race for it."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import IntegrityError, transaction

from orchestrator.errors import Refused
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.event import Event, EventKind
from orchestrator.records.models.redeemed_permit import RedeemedPermit


class RecordedLedger:
    """The gate's ledger, kept in the records."""

    @database_faults()
    def redeem(self, permit_id: str, plan_digest: str, at: datetime) -> None:
        """Use a permit up.

        Raises:
            Refused: it was used before.
        """
        try:
            with transaction.atomic():
                RedeemedPermit(id=permit_id, plan_digest=plan_digest, redeemed_at=at).save(force_insert=True)
                append_events(at, PROGRAM, [(EventKind.PERMIT_REDEEMED, permit_id, {"plan": plan_digest})])
        except IntegrityError:
            raise Refused(
                Text("许可已经用过，不能再次执行", "this permit was used already"),
                Text("重新申请执行", "ask for a new one"),
            ) from None

    @database_faults()
    def redeemed_for(self, permit_id: str) -> str | None:
        """Digest of the plan that a permit was used up for, where the table and the log say the same."""
        row = RedeemedPermit.objects.filter(pk=permit_id).first()
        told = Event.objects.filter(kind=EventKind.PERMIT_REDEEMED, subject=permit_id).first()
        if row is None or told is None or json.loads(told.data).get("plan") != row.plan_digest:
            return None
        return row.plan_digest
