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

_NAMED = 8
"""Hosts that are named in a refusal."""
VALIDITY = timedelta(minutes=15)
"""From permit to start. A plan that waits longer is made anew, from the inventory as it is then."""
TEST = "test"
"""Of a host's environment: what happens there reaches no patient."""


def admit(plan: Plan, now: datetime) -> Permit:
    """Let a plan pass that only reads, or that changes nothing but test hosts. Change forms, which let others
    pass, do not exist yet.

    The permit's id is drawn here, so that nobody chooses one.

    Raises:
        Refused: with the reason.
    """
    refuse_altered(plan)
    if not plan.size and not plan.actions:
        raise Refused(Text("计划里没有任何任务", "the plan holds no task at all"))
    if plan.kind is Kind.INSPECTION:
        _refuse_effects(plan)
    elif plan.effect is not Effect.READ:
        _refuse_production(plan)
    return Permit(
        id=secrets.token_hex(16),
        plan_digest=plan.digest,
        effect=plan.effect,
        granted_at=now,
        expires_at=now + VALIDITY,
        reason="every effect is read" if plan.effect is Effect.READ else "it changes test hosts alone",
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
        {task.id for host in plan.hosts for task in host.tasks if task.effect is not Effect.READ}
    )
    if changing:
        listed = ", ".join(changing)
        raise Refused(
            Text(f"巡检不得改动主机：{listed}", f"an inspection must not change hosts: {listed}"),
        )
    if plan.actions:
        raise Refused(Text("巡检里只能有检查", "an inspection has checks alone"))


def _refuse_production(plan: Plan) -> None:
    touched = [
        host.name
        for host in plan.hosts
        if host.environment != TEST and any(task.effect is not Effect.READ for task in host.tasks)
    ]
    if touched:
        named = ", ".join(touched[:_NAMED]) + (" …" if len(touched) > _NAMED else "")
        raise Refused(
            Text(
                f"会改动非测试主机，需要批准的变更申请单（尚不支持）：{named}",
                f"it changes hosts that are no test hosts, which takes an approved change request (not "
                f"supported yet): {named}",
            ),
            Text(
                "测试主机在清单里标 environment: test",
                "test hosts are marked environment: test in the inventory",
            ),
        )
