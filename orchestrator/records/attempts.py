"""The journal: what is about to be done on a host is written down first, and what came of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from orchestrator.model.actor import PROGRAM
from orchestrator.model.effect import Effect
from orchestrator.model.run import Attempt, Intent, RunEventKind, TaskOutcome, TaskState
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.attempt import Attempt as Row
from orchestrator.records.models.event import EventKind
from orchestrator.records.result_text import write_text
from orchestrator.records.run_log import Told, tell
from orchestrator.records.runs import read_reason, run_name

_OUTCOME = (*("state", "rc", "reason", "stdout", "stderr", "output", "spool", "ended_at", "seconds"),)


@database_faults()
def intend(number: int, epoch: int, intents: Sequence[Intent], at: datetime) -> None:
    """Write down attempts before anything leaves: once this returns they outlive a crash.

    Raises:
        Fenced: another worker has the run.
        StoreError: nothing was written, so nothing may be sent.
    """
    told: list[Told] = [
        (RunEventKind.INTENT, one.host, one.task, {"number": one.number, "effect": one.effect})
        for one in intents
    ]
    with transaction.atomic():
        tell(number, at, told, epoch)
        Row.objects.bulk_create(
            [
                Row(
                    run_id=number,
                    host=one.host,
                    task=one.task,
                    number=one.number,
                    effect=one.effect,
                    token=one.token,
                    state=TaskState.INTENDED,
                    intended_at=at,
                )
                for one in intents
            ]
        )


@database_faults()
def note_spools(number: int, epoch: int, spools: Mapping[str, str], at: datetime) -> None:
    """Write down which spool claimed an attempt: token -> the spool's identity."""
    with transaction.atomic():
        tell(number, at, (), epoch)
        for token, spool in spools.items():
            Row.objects.filter(run=number, token=token).update(spool=spool)


@database_faults()
def conclude(number: int, epoch: int, outcomes: Sequence[TaskOutcome], at: datetime) -> None:
    """Write down what came of attempts. Texts come masked.

    Raises:
        Fenced: another worker has the run.
    """
    with transaction.atomic():
        tell(number, at, [_told(one) for one in outcomes], epoch)
        rows = {
            (row.host, row.task, row.number): row
            for row in Row.objects.filter(run=number, host__in={one.host for one in outcomes})
        }
        changed = []
        for one in outcomes:
            row = rows[one.host, one.task, one.number]
            row.state, row.rc, row.reason = one.state, one.rc, write_text(one.reason)
            row.stdout, row.stderr, row.output = one.stdout, one.stderr, one.output
            row.spool = one.spool or row.spool
            row.ended_at, row.seconds = at, one.seconds
            changed.append(row)
        Row.objects.bulk_update(changed, _OUTCOME)
        lost = [one for one in outcomes if one.state is TaskState.UNKNOWN]
        append_events(
            at,
            PROGRAM,
            [
                (
                    EventKind.OUTCOME_UNKNOWN,
                    f"{run_name(number)} {one.host} {one.task}",
                    {"attempt": one.number, "reason": write_text(one.reason)},
                )
                for one in lost
            ],
        )


@database_faults()
def attempts(number: int) -> list[Attempt]:
    """All attempts of a run, in the order in which they were intended."""
    return [_read(row) for row in Row.objects.filter(run=number).order_by("pk")]


def _read(row: Row) -> Attempt:
    intent = Intent(row.host, row.task, row.number, Effect(row.effect), row.token)
    state = TaskState(row.state)
    outcome = None
    if state is not TaskState.INTENDED:
        outcome = TaskOutcome(
            host=row.host,
            task=row.task,
            number=row.number,
            state=state,
            rc=row.rc,
            reason=read_reason(row.reason),
            stdout=row.stdout,
            stderr=row.stderr,
            output=row.output,
            spool=row.spool,
            seconds=row.seconds,
        )
    return Attempt(intent, outcome, row.intended_at, row.ended_at, row.spool)


def _told(one: TaskOutcome) -> Told:
    data: dict[str, object] = {
        "number": one.number,
        "state": one.state,
        "rc": one.rc,
        "reason": write_text(one.reason),
        "seconds": round(one.seconds, 3),
    }
    if one.state is not TaskState.OK:
        data |= {"stdout": one.stdout, "stderr": one.stderr}
    return RunEventKind.OUTCOME, one.host, one.task, data
