"""A plan and a clock to a permit or a refusal. There is no other way to a permit."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from orchestrator.errors import Refused
from orchestrator.gate.permit import Permit
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan
from orchestrator.model.runbook import Kind
from orchestrator.planning.digest import plan_digest

VALIDITY = timedelta(minutes=15)
"""From permit to start. A plan that waits longer is made anew, from the inventory as it is then."""


def admit(plan: Plan, now: datetime) -> Permit:
    """Let an inspection pass. It alone passes: change forms, which let others pass, do not exist yet.

    The permit's id is drawn here, so that nobody chooses one.

    Raises:
        Refused: with the reason.
    """
    refuse_altered(plan)
    if plan.kind is not Kind.INSPECTION:
        raise Refused(
            Text(
                f"{plan.kind.label.zh}手册需要变更审批，目前只能执行巡检",
                f"a runbook of kind {plan.kind} needs an approved change; only inspections can run so far",
            )
        )
    if not plan.size:
        raise Refused(Text("计划里没有任何检查", "the plan holds no check at all"))
    _refuse_effects(plan)
    return Permit(
        id=secrets.token_hex(16),
        plan_digest=plan.digest,
        effect=Effect.READ,
        granted_at=now,
        expires_at=now + VALIDITY,
        reason="an inspection whose every effect is read",
    )


def refuse_altered(plan: Plan) -> None:
    """
    Raises:
        Refused: the plan is not what its digest says.
    """
    if plan_digest(plan) != plan.digest:
        raise Refused(
            Text("计划内容与其摘要不符", "the plan's content does not match its digest"),
            Text("重新生成计划", "make the plan anew"),
        )


def _refuse_effects(plan: Plan) -> None:
    changing = sorted(
        {check.id for host in plan.hosts for check in host.checks if check.effect is not Effect.READ}
    )
    if changing:
        listed = ", ".join(changing)
        raise Refused(
            Text(f"巡检不得改动主机：{listed}", f"an inspection must not change hosts: {listed}"),
        )
