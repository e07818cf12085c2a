"""Turns a permit into a start, once, and says where used permits are written down."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from orchestrator.errors import Refused
from orchestrator.gate.gate import refuse_altered
from orchestrator.gate.permit import Permit
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan

_ANEW = Text("重新运行，会重新申请许可", "run again: that asks for a new permit")


class Ledger(Protocol):
    """Survives restarts, and decides between two who come at the same time."""

    def redeem(self, permit_id: str, plan_digest: str, at: datetime) -> None:
        """Write the permit down as used.

        Raises:
            Refused: it was used before.
        """

    def redeemed_for(self, permit_id: str) -> str | None:
        """Digest of the plan that the permit was used up for; None: it never was."""


def redeem(permit: Permit, plan: Plan, now: datetime, ledger: Ledger) -> None:
    """Use the permit up for this plan.

    Raises:
        Refused: it is for another plan or a lesser effect, too early, too late, or used before.
    """
    refuse_altered(plan)
    if permit.plan_digest != plan.digest:
        raise Refused(Text("许可不是发给这份计划的", "the permit was granted for another plan"), _ANEW)
    if list(Effect).index(plan.effect) > list(Effect).index(permit.effect):
        raise Refused(
            Text(f"许可只允许 {permit.effect}", f"the permit allows no more than {permit.effect}"), _ANEW
        )
    if not permit.granted_at <= now < permit.expires_at:
        raise Refused(
            Text(
                f"许可的有效期是 {permit.granted_at:%H:%M:%S} 至 {permit.expires_at:%H:%M:%S}",
                f"the permit is valid from {permit.granted_at:%H:%M:%S} to {permit.expires_at:%H:%M:%S}",
            ),
            _ANEW,
        )
    ledger.redeem(permit.id, permit.plan_digest, now)
