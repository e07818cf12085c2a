"""What people say of outcomes that nobody knows."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import transaction

from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.ruling import Ruling
from orchestrator.model.run import Decision, RunEventKind, RunState, TaskState
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.attempt import Attempt
from orchestrator.records.models.event import Event, EventKind
from orchestrator.records.models.ruling import Ruling as Row
from orchestrator.records.models.run import Run
from orchestrator.records.postings import post_leg
from orchestrator.records.run_log import tell
from orchestrator.records.runs import require_under_way, run_name


@database_faults()
def rule(
    number: int, host: str, task: str, decision: Decision, by: Actor, reason: str, at: datetime
) -> Ruling:
    """Record what a person says of the outcome that is unknown there.

    Args:
        reason: masked.

    Raises:
        NotFound: nothing is unknown there.
        InputError: the run is over and everything is known, or that person has ruled on it already.
    """
    with transaction.atomic():
        tell(number, at, ())  # locks the run: of two rulings at once the second sees the first
        over = _over(number)
        attempt = Attempt.objects.filter(run=number, host=host, task=task).order_by("-number").first()
        if attempt is None or attempt.state != TaskState.UNKNOWN:
            raise NotFound(
                Text(
                    f"第 {number} 次执行在 {host} 的 {task} 没有未知结果",
                    f"run {number} has no unknown outcome of {task} on {host}",
                ),
                Text(f"用 wardround run show {number} 查看", f"see wardround run show {number}"),
            )
        if Row.objects.filter(attempt=attempt, by=by.name).exists():
            raise InputError(
                Text(f"{by.name} 已对它作过裁定", f"{by.name} has ruled on it already"),
                Text("须由另一人裁定", "another person rules next"),
            )
        row = Row.objects.create(
            attempt=attempt, decision=decision, by=by.name, proof=by.proof, reason=reason, at=at
        )
        told = {
            "host": host,
            "task": task,
            "decision": decision,
            "by": by.name,
            "reason": reason,
            "number": attempt.number,
        }
        tell(number, at, [(RunEventKind.RULED, host, task, told)])
        if not over:
            post_leg(number, f"ruling {row.pk}", attempt.run.priority, at)
        append_events(at, by, [(EventKind.OUTCOME_RULED, f"{run_name(number)} {host} {task}", told)])
    return Ruling(host, task, attempt.number, decision, by, reason, at)


@database_faults()
def rulings(number: int) -> list[Ruling]:
    """All rulings of a run, in their order. What the log does not tell of was put there by somebody else, and
    rules on nothing."""
    rows = list(Row.objects.filter(attempt__run=number).select_related("attempt").order_by("pk"))
    told = _told(number) if rows else set()
    return [
        Ruling(
            host=row.attempt.host,
            task=row.attempt.task,
            number=row.attempt.number,
            decision=Decision(row.decision),
            by=Actor(row.by, Proof(row.proof)),
            reason=row.reason,
            at=row.at,
        )
        for row in rows
        if (row.attempt.host, row.attempt.task, row.attempt.number, row.decision, row.by) in told
    ]


def _over(number: int) -> bool:
    """Raises InputError where a ruling would change nothing. A run that ended `unknown` stays what it was;
    what was found out is known from then on: to `doctor`, and to whoever wants to retry."""
    if Run.objects.filter(pk=number, state=RunState.UNKNOWN).exists():
        return True
    require_under_way(number, Text("裁定不再起作用", "a ruling would change nothing any more"))
    return False


def _told(number: int) -> set[tuple[str, str, int, str, str]]:
    """What the log of events says of a run's rulings."""
    events = Event.objects.filter(kind=EventKind.OUTCOME_RULED, subject__startswith=f"{run_name(number)} ")
    found = set()
    for actor, data in events.values_list("actor", "data"):
        said = json.loads(data)
        found.add((said["host"], said["task"], said["number"], said["decision"], actor))
    return found
