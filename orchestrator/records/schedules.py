"""Due times of schedules as they are settled, each exactly once, and what people decide about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery

from orchestrator.errors import Busy, InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM, Actor
from orchestrator.model.run import RunRequest, RunState
from orchestrator.model.schedule_record import OccurrenceRecord
from orchestrator.model.tick import Before, Occurrence, OccurrenceState, Pause, Tick
from orchestrator.records.database import database_faults
from orchestrator.records.events import Entry, append_events
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.run import Run
from orchestrator.records.models.schedule_occurrence import ScheduleOccurrence as Row
from orchestrator.records.models.schedule_watch import ScheduleWatch
from orchestrator.records.result_text import write_text
from orchestrator.records.runs import read_reason, read_run, request_run
from orchestrator.records.schedule_pauses import last_pause, schedule_name

Decide = Callable[[datetime, Before, Pause | None], Tick]
"""From the last due time that is settled, how the runs before stand, and the pause."""
Ask = Callable[[datetime], RunRequest]
"""What a due time asks for. Raises InputError where its runbook is gone or has errors."""
Clock = Callable[[], datetime]

_UNFINISHED = [state for state in RunState if not state.over]
_PAUSED = Text("排队期间时间表被暂停", "while it waited the schedule was paused")


@dataclass(frozen=True, slots=True)
class Settled:
    """What one look at a schedule came to."""

    occurrences: tuple[Occurrence, ...]
    until: datetime
    """Each due time up to here has its record."""
    more: bool = False
    """Look again at once."""


@database_faults()
def watch_schedules(names: Collection[str], anew: Collection[str], at: datetime) -> None:
    """Look after these schedules and no others. What was due while nobody looked is noticed, but for those
    that were not in the timetable.

    Args:
        anew: whose times have changed: what they name now was not due before.
    """
    with transaction.atomic():
        ScheduleWatch.objects.exclude(schedule__in=names).delete()
        for name in names:
            known = Row.objects.filter(schedule=name).aggregate(Max("due_at"))["due_at__max"]
            # Where the clock was set back the records end in the future, and are not repeated.
            first = {"settled": max(at, known or at)}
            ScheduleWatch.objects.get_or_create(schedule=name, defaults=first)
        ScheduleWatch.objects.filter(schedule__in=anew, settled__lt=at).update(settled=at)


@database_faults()
def settled_until() -> Mapping[str, datetime]:
    """How far the due times of each schedule that is looked after have their records."""
    return dict(ScheduleWatch.objects.values_list("schedule", "settled"))


@database_faults()
def settle(name: str, decide: Decide, ask: Ask, clock: Clock) -> Settled | None:
    """Decide about all due times of a schedule that have no record, and record all of it together with the
    run that is asked for: of several workers who look at once, one does.

    Returns:
        None: nobody looks after it any more.

    Raises:
        NotFound: as `decide`.
    """
    with transaction.atomic():
        watch = _hold(name)
        if watch is None:
            return None
        tick = decide(watch.settled, _before(name), last_pause(name, watch.settled))
        if not tick.occurrences:
            return Settled((), watch.settled)
        at = clock()
        done = [_carry_out(one, ask, at) for one in tick.occurrences]
        Row.objects.bulk_create([_row(name, one, run, at) for one, run in done])
        occurrences = tuple(one for one, _ in done)
        append_events(at, PROGRAM, _told(name, occurrences))
        watch.settled = occurrences[-1].due.at
        watch.save(update_fields=("settled",))
    return Settled(occurrences, watch.settled, tick.more)


@database_faults()
def queued_schedules() -> list[str]:
    """Those of which a due time waits for the run before."""
    waiting = Row.objects.filter(state=OccurrenceState.QUEUED)
    return list(waiting.order_by("schedule").values_list("schedule", flat=True).distinct())


@database_faults()
def start_queued(name: str, ask: Ask, clock: Clock) -> OccurrenceRecord | None:
    """Start what waits for a run before that is over. While the schedule is paused it is skipped.

    Returns:
        What became of it; None: it goes on waiting.
    """
    with transaction.atomic():
        _hold(name)
        row = Row.objects.filter(schedule=name, state=OccurrenceState.QUEUED).order_by("due_at").first()
        if row is None or _under_way(name):
            return None
        at = clock()
        pause = last_pause(name, at)
        if pause and pause.covers(at):
            _skip(row, _PAUSED, at)
            return _read(row)
        try:
            request = ask(row.due_at)
        except InputError as error:
            _skip(row, error.message, at)
            return _read(row)
        row.state, row.run_id, row.decided_at = OccurrenceState.STARTED, request_run(request, at), at
        row.save()
    return _read(row)


@database_faults()
def skip_queued(name: str, reason: Text, at: datetime) -> OccurrenceRecord | None:
    """Let what waits for the run before go; None: nothing waits any more."""
    with transaction.atomic():
        _hold(name)
        row = Row.objects.filter(schedule=name, state=OccurrenceState.QUEUED).order_by("due_at").first()
        if row is None:
            return None
        _skip(row, reason, at)
    return _read(row)


@database_faults()
def answer(
    name: str, due_at: datetime, request: RunRequest | None, actor: Actor, at: datetime
) -> OccurrenceRecord:
    """Record what a person says about a due time that was missed, and ask for its run.

    Args:
        request: None: it is not made up for.

    Raises:
        NotFound: it has no such due time.
        InputError: nobody was asked about it, or somebody has answered.
        Busy: it is to run while the run before is under way.
    """
    with transaction.atomic():
        _hold(name)
        row = _asking(name, due_at)
        if request is not None and _under_way(name):
            raise Busy(
                Text(f"{name} 的上一次还在执行", f"the run before of {name} is still under way"),
                Text("等它结束后再回答", "answer when it is over"),
            )
        row.decided_at, row.decided_by = at, actor.name
        row.state = OccurrenceState.DECLINED
        data = {"due_at": due_at.isoformat(), "run": request is not None}
        append_events(at, actor, [(EventKind.SCHEDULE_ANSWERED, schedule_name(name), data)])
        if request is not None:
            row.state, row.run_id = OccurrenceState.STARTED, request_run(request, at)
        row.save()
    return _read(Row.objects.select_related("run").get(pk=row.pk))


@database_faults()
def latest_occurrences(names: Collection[str]) -> Mapping[str, OccurrenceRecord]:
    """The latest due time of each of these schedules that has a record."""
    mine = Row.objects.filter(schedule=OuterRef("schedule")).order_by("-due_at")
    rows = ScheduleWatch.objects.filter(schedule__in=names).annotate(last=Subquery(mine.values("pk")[:1]))
    found = Row.objects.select_related("run").filter(pk__in=[one.last for one in rows if one.last])
    return {row.schedule: _read(row) for row in found}


@database_faults()
def asking_occurrences() -> list[OccurrenceRecord]:
    """Missed ones that wait for a person's answer, the oldest first."""
    rows = Row.objects.filter(state=OccurrenceState.ASKS)
    return [_read(row) for row in rows.order_by("due_at", "schedule")]


@database_faults()
def list_occurrences(name: str, limit: int) -> list[OccurrenceRecord]:
    """The latest due times of a schedule, newest first."""
    rows = Row.objects.select_related("run").filter(schedule=name).order_by("-due_at")
    return [_read(row) for row in rows[:limit]]


def _hold(name: str) -> ScheduleWatch | None:
    """Keep others from settling due times of this schedule until the transaction ends."""
    return ScheduleWatch.objects.select_for_update().filter(schedule=name).first()


def _before(name: str) -> Before:
    if Row.objects.filter(schedule=name, state=OccurrenceState.QUEUED).exists():
        return Before.WAITED_FOR
    return Before.UNDER_WAY if _under_way(name) else Before.OVER


def _under_way(name: str) -> bool:
    return Run.objects.filter(state__in=_UNFINISHED, schedule=name).exists()


def _carry_out(occurrence: Occurrence, ask: Ask, at: datetime) -> tuple[Occurrence, int | None]:
    if occurrence.state is not OccurrenceState.STARTED:
        return occurrence, None
    try:
        request = ask(occurrence.due.at)
    except InputError as error:
        return replace(occurrence, state=OccurrenceState.MISSED, reason=error.message), None
    return occurrence, request_run(request, at)


def _row(name: str, occurrence: Occurrence, run: int | None, at: datetime) -> Row:
    return Row(
        schedule=name,
        due_at=occurrence.due.at,
        state=occurrence.state,
        reason=write_text(occurrence.reason),
        decided_at=at,
        run_id=run,
    )


def _told(name: str, occurrences: Iterable[Occurrence]) -> Sequence[Entry]:
    """One event for all that were missed: there may be thousands, and each has its row."""
    entries: list[Entry] = []
    missed = [one for one in occurrences if one.state is OccurrenceState.MISSED]
    if missed:
        data = {
            "state": OccurrenceState.MISSED,
            "count": len(missed),
            "first": missed[0].due.at.isoformat(),
            "last": missed[-1].due.at.isoformat(),
            "reason": write_text(missed[-1].reason),
        }
        entries.append((EventKind.SCHEDULE_MISSED, schedule_name(name), data))
    for one in occurrences:
        if one.state is OccurrenceState.ASKS:
            at = one.due.at.isoformat()
            asked = {
                "state": one.state,
                "count": 1,
                "first": at,
                "last": at,
                "reason": write_text(one.reason),
            }
            entries.append((EventKind.SCHEDULE_MISSED, schedule_name(name), asked))
    return entries


def _skip(row: Row, reason: Text, at: datetime) -> None:
    row.state, row.reason, row.decided_at = OccurrenceState.SKIPPED, write_text(reason), at
    row.save()


def _asking(name: str, due_at: datetime) -> Row:
    when = due_at.isoformat()
    row = Row.objects.select_for_update().filter(schedule=name, due_at=due_at).first()
    if row is None:
        raise NotFound(
            Text(f"{name} 没有 {when} 这一次", f"{name} has no record of {when}"),
            Text("用 wardround schedule list 查看待回答的", "see what waits with wardround schedule list"),
        )
    state = OccurrenceState(row.state)
    if state is not OccurrenceState.ASKS:
        raise InputError(
            Text(
                f"{name} 的 {when} 不在等待回答：{state.label.zh}",
                f"{name} of {when} does not wait for an answer: {state.label.en}",
            )
        )
    return row


def _read(row: Row) -> OccurrenceRecord:
    return OccurrenceRecord(
        schedule=row.schedule,
        due_at=row.due_at,
        state=OccurrenceState(row.state),
        reason=read_reason(row.reason),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        run=read_run(row.run) if row.run else None,
    )
