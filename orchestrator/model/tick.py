"""What is done about a schedule's due times when somebody looks: the policy, without any effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice, takewhile

from orchestrator.language import Text
from orchestrator.model.due_time import DueTime, due_between
from orchestrator.model.timetable import Missed, Overlap, Schedule
from orchestrator.model.work_calendar import WorkCalendar

LIMIT = 1000
"""Due times that one tick settles. After a long outage the following ticks go on with the rest."""


class OccurrenceState(StrEnum):
    """What became of a due time. Each is a record, also where nothing ran."""

    STARTED = "started"
    QUEUED = "queued"
    """It starts when the run before has ended."""
    SKIPPED = "skipped"
    """On purpose: paused, or the run before was still under way."""
    MISSED = "missed"
    """It should have run and did not."""
    ASKS = "asks"
    """It was missed, and a person says whether it is made up for."""
    DECLINED = "declined"
    """A person said no."""

    @property
    def label(self) -> Text:
        return _STATES[self]


_STATES = {
    OccurrenceState.STARTED: Text("已启动", "started"),
    OccurrenceState.QUEUED: Text("排队中", "queued"),
    OccurrenceState.SKIPPED: Text("已跳过", "skipped"),
    OccurrenceState.MISSED: Text("漏执行", "missed"),
    OccurrenceState.ASKS: Text("等待人工决定", "waits for a decision"),
    OccurrenceState.DECLINED: Text("人工决定不补", "declined"),
}


class Before(StrEnum):
    """How the schedule's earlier runs stand."""

    OVER = "over"
    UNDER_WAY = "under_way"
    WAITED_FOR = "waited_for"
    """Under way, and another one is queued behind it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody wants nothing of this schedule to run."""

    since: datetime
    until: datetime | None = None
    """None: until somebody resumes it."""

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What is to be recorded of one due time, and done: only `started` and `queued` run anything."""

    due: DueTime
    state: OccurrenceState
    reason: Text | None
    """None: it was on time and nothing was in its way."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What one look at a schedule comes to."""

    occurrences: tuple[Occurrence, ...]
    """In the order of their due times. At most one of them runs or asks. The caller records all of them in
    one transaction, and hands the last one's `due.at` in at the next tick."""
    more: bool = False
    """There were too many for one tick: look again at once."""
    ahead: timedelta = timedelta(0)
    """How far the last settled due time lies in the future: the clock was set back. Until it is reached again
    nothing is due, so that nothing runs twice."""


def decide(
    schedule: Schedule,
    calendar: WorkCalendar,
    last: datetime,
    now: datetime,
    before: Before = Before.OVER,
    pause: Pause | None = None,
) -> Tick:
    """What to do about all due times of `schedule` since the last one that was settled.

    Args:
        last: `at` of the last due time with a record; without any, when the schedule was first seen.
        pause: the one that lasts, or lasted until a time that has come.

    Raises:
        NotFound: that hangs on a year that the calendar does not have.
    """
    if last > now:
        return Tick((), ahead=last - now)
    ready = takewhile(lambda due: due.start <= now, due_between(schedule, calendar, last, now))
    waiting = list(islice(ready, LIMIT + 1))
    more = len(waiting) > LIMIT
    paused = [due for due in waiting[:LIMIT] if pause and (pause.covers(due.at) or pause.covers(due.start))]
    rest = [due for due in waiting[:LIMIT] if due not in paused]
    held = more or bool(pause and pause.covers(now))
    settled = [Occurrence(due, OccurrenceState.SKIPPED, _PAUSED) for due in paused]
    settled += [_missed(schedule, due, now) for due in rest] if held else _settle(schedule, rest, now, before)
    return Tick(tuple(sorted(settled, key=lambda occurrence: occurrence.due.at)), more)


def _settle(
    schedule: Schedule, waiting: Sequence[DueTime], now: datetime, before: Before
) -> list[Occurrence]:
    """Only the latest one may run: the same round several times in a row finds nothing more."""
    if not waiting:
        return []
    *earlier, latest = waiting
    occurrences = [_missed(schedule, due, now) for due in earlier]
    if not _is_late(schedule, latest, now):
        return [*occurrences, _run(schedule, latest, before, None)]
    if schedule.missed is Missed.ONCE:
        return [*occurrences, _run(schedule, latest, before, _lateness(latest, now))]
    if schedule.missed is Missed.ASK:
        return [*occurrences, Occurrence(latest, OccurrenceState.ASKS, _lateness(latest, now))]
    return [*occurrences, _missed(schedule, latest, now)]


def _run(schedule: Schedule, due: DueTime, before: Before, reason: Text | None) -> Occurrence:
    if before is Before.OVER:
        return Occurrence(due, OccurrenceState.STARTED, reason)
    if schedule.overlap is Overlap.QUEUE and before is Before.UNDER_WAY:
        return Occurrence(due, OccurrenceState.QUEUED, _BEHIND)
    busy = _UNDER_WAY if before is Before.UNDER_WAY else _WAITED_FOR
    return Occurrence(due, OccurrenceState.SKIPPED, busy)


def _missed(schedule: Schedule, due: DueTime, now: datetime) -> Occurrence:
    reason = _lateness(due, now) if _is_late(schedule, due, now) else _OVERTAKEN
    return Occurrence(due, OccurrenceState.MISSED, reason)


def _is_late(schedule: Schedule, due: DueTime, now: datetime) -> bool:
    return now - due.start > schedule.late


def _lateness(due: DueTime, now: datetime) -> Text:
    minutes = int((now - due.start) / timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    return Text(
        f"到点时无人执行，{hours} 小时 {minutes} 分钟后才发现",
        f"nothing was there to start it; noticed {hours} h {minutes} min later",
    )


_PAUSED = Text("时间表在暂停中", "the schedule is paused")
_UNDER_WAY = Text("上一次还在执行", "the run before is still under way")
_WAITED_FOR = Text(
    "上一次还在执行，且已有一次在排队", "the run before is still under way, and another one waits for it"
)
_OVERTAKEN = Text(
    "尚未启动，下一次已到点或已暂停", "before it was started the next one was due, or the schedule was paused"
)
_BEHIND = Text("排在上一次之后", "it waits for the run before to end")
