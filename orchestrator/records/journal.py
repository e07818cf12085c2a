"""The journal: what is about to be done on a host is written down first, and what came of it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from orchestrator.model.actor import PROGRAM
from orchestrator.model.effect import Effect
from orchestrator.model.run import Attempt, Intent, RunEventKind, RunState, TaskOutcome, TaskState
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.attempt import Attempt as Row
from orchestrator.records.models.event import EventKind
from orchestrator.records.result_text import write_text
from orchestrator.records.run_log import Told, tell
from orchestrator.records.runs import read_reason, run_name


@dataclass(frozen=True, slots=True)
class Entered:
    """A task that changes nothing, written down once it is over: doing it again does no harm."""

    intent: Intent
    outcome: TaskOutcome


Line = Intent | TaskOutcome | Entered | Told
"""What a journal holds. Texts come masked."""


@database_faults()
def write_journal(number: int, epoch: int, lines: Sequence[Line], at: datetime) -> None:
    """Write lines down in their order, all or none: once this returns they outlive a crash.

    Raises:
        Fenced: another worker has the run.
        StoreError: nothing was written, so nothing may be sent.
    """
    with transaction.atomic():
        tell(number, at, [told for line in lines for told in _told(line)], epoch)
        Row.objects.bulk_create(
            [_row(number, line, at) for line in lines if isinstance(line, Intent | Entered)]
        )
        outcomes = [line for line in lines if isinstance(line, TaskOutcome)]
        _conclude(number, outcomes, at)
        known = [*outcomes, *(line.outcome for line in lines if isinstance(line, Entered))]
        append_events(at, PROGRAM, [_lost(number, one) for one in known if one.state is TaskState.UNKNOWN])


@database_faults()
def attempts(number: int) -> list[Attempt]:
    """All attempts of a run, in the order in which they were intended."""
    return [_read(row) for row in Row.objects.filter(run=number).order_by("pk")]


@database_faults()
def left_unknown() -> list[tuple[int, Attempt]]:
    """Of runs that are over, with their numbers: attempts that may have changed something, that nothing
    followed, and of which nobody knows what came. The oldest first."""
    same = {name: OuterRef(name) for name in ("run", "host", "task")}
    later = Row.objects.filter(**same, number__gt=OuterRef("number"))
    lost = Row.objects.filter(run__state=RunState.UNKNOWN, state=TaskState.UNKNOWN)
    lost = lost.exclude(effect=Effect.READ).exclude(Exists(later))
    return [(row.run_id, _read(row)) for row in lost.order_by("pk")]


def _row(number: int, line: Intent | Entered, at: datetime) -> Row:
    intent = line.intent if isinstance(line, Entered) else line
    known = _outcome(line.outcome, at) if isinstance(line, Entered) else {"state": TaskState.INTENDED}
    return Row(
        run_id=number,
        host=intent.host,
        task=intent.task,
        number=intent.number,
        effect=intent.effect,
        token=intent.token,
        spool=intent.spool,
        intended_at=at,
        **known,
    )


def _conclude(number: int, outcomes: Sequence[TaskOutcome], at: datetime) -> None:
    # One by one: to write them in one statement takes Django several times as long.
    for one in outcomes:
        rows = Row.objects.filter(run=number, host=one.host, task=one.task, number=one.number)
        if not rows.update(**_outcome(one, at)):
            raise LookupError(f"{one.host} {one.task}: attempt {one.number} was not intended")


def _outcome(outcome: TaskOutcome, at: datetime) -> dict[str, object]:
    return {
        "state": outcome.state,
        "rc": outcome.rc,
        "reason": write_text(outcome.reason),
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "output": outcome.output,
        "ended_at": at,
        "seconds": outcome.seconds,
    }


def _read(row: Row) -> Attempt:
    intent = Intent(row.host, row.task, row.number, Effect(row.effect), row.token, row.spool)
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
            seconds=row.seconds,
        )
    return Attempt(intent, outcome, row.intended_at, row.ended_at)


def _told(line: Line) -> list[Told]:
    match line:
        case Intent():
            data = {"number": line.number, "effect": line.effect}
            return [(RunEventKind.INTENT, line.host, line.task, data)]
        case TaskOutcome():
            return [_told_outcome(line)]
        case Entered():
            return [_told_outcome(line.outcome)]
    return [line]


def _told_outcome(one: TaskOutcome) -> Told:
    data = {
        "number": one.number,
        "state": one.state,
        "rc": one.rc,
        "reason": write_text(one.reason),
        "seconds": round(one.seconds, 3),
    }
    return RunEventKind.OUTCOME, one.host, one.task, data


def _lost(number: int, one: TaskOutcome) -> tuple[EventKind, str, dict[str, object]]:
    data: dict[str, object] = {"attempt": one.number, "reason": write_text(one.reason)}
    return EventKind.OUTCOME_UNKNOWN, f"{run_name(number)} {one.host} {one.task}", data
