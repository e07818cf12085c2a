"""The commands that each host needed last time, by runbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from orchestrator.model.plan import Plan
from orchestrator.model.round import HostOutcome
from orchestrator.records.database import database_faults
from orchestrator.records.event_hash import storable
from orchestrator.records.masking import Masker
from orchestrator.records.models.memory import Memory


@database_faults()
def remembered(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """Host -> what was remembered of it. Whether it still fits the plan, execution says by its stamp."""
    names = {host.name for host in plan.hosts}
    rows = Memory.objects.filter(runbook=plan.runbook).values_list("host", "commands")
    return {host: tuple(commands) for host, commands in rows if host in names}


@database_faults()
def remember(plan: Plan, outcomes: Sequence[HostOutcome], masker: Masker) -> None:
    """Keep what the outcomes' hosts were asked. A command with a secret in it is not kept, nor one
    that no database takes: no shell takes it either.

    A host that could not be asked keeps what it had.
    """
    asked = {
        outcome.host: [
            command
            for command in outcome.commands
            if storable(command) == command and not masker.holds_secret(command)
        ]
        for outcome in outcomes
        if outcome.commands
    }
    with transaction.atomic():
        rows = Memory.objects.filter(runbook=plan.runbook, host__in=asked)
        old = dict(rows.values_list("host", "commands"))
        changed = [
            Memory(runbook=plan.runbook, host=host, commands=commands)
            for host, commands in asked.items()
            if old.get(host) != commands
        ]
        Memory.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=("runbook", "host"),
            update_fields=("commands",),
        )
