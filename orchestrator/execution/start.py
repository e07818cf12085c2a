"""The start of a run: a permit used up, or the proof that one was. Nothing is carried out without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.errors import Refused
from orchestrator.gate.ledger import Ledger, redeem
from orchestrator.gate.permit import Permit
from orchestrator.language import Text
from orchestrator.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Started:
    """A plan that was let pass. `start` and `resume` alone make it."""

    plan: Plan
    permit: str
    """Id of the permit that it used up."""


def start(permit: Permit, plan: Plan, now: datetime, ledger: Ledger) -> Started:
    """Use a permit up.

    Raises:
        Refused: it is for another plan or a lesser effect, too early, too late, or used before.
    """
    redeem(permit, plan, now, ledger)
    return Started(plan, permit.id)


def resume(plan: Plan, permit: str, ledger: Ledger) -> Started:
    """Go on with a plan that was started before.

    Raises:
        Refused: no permit of that id was ever used up for it.
    """
    if ledger.redeemed_for(permit) != plan.digest:
        raise Refused(
            Text(
                "没有找到这份计划用过的许可，不能继续执行",
                "no permit was ever used up for this plan: it can't go on",
            ),
            Text("用 wardround audit verify 检查记录", "look at the records with wardround audit verify"),
        )
    return Started(plan, permit)
