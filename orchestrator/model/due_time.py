"""When a schedule is due: on which instants, why, and what daylight saving does to them.

Wall-clock times (`Clocks`) happen exactly once on each of their days:

- a time that the clocks leave out that day is due at the next moment that exists, which is the change itself;
  where another time is due at that moment already, it is due once;
- a time that comes twice that day is due the first time.

Intervals (`Every`) count elapsed time from the day's first: no step is longer or shorter than the others on a
day when the clocks change, and the count starts anew with the next day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.timetable import Clocks, Reason, Schedule
from orchestrator.model.work_calendar import WorkCalendar

_DAY = timedelta(days=1)
_TICK = timedelta(seconds=1)
HORIZON = timedelta(days=3653)
"""How far ahead a schedule is followed: February 29th comes at least every eight years."""


@dataclass(frozen=True, slots=True)
class DueTime:
    """One time that a schedule is due. `at` names it in records, for good."""

    schedule: str
    at: datetime
    """In UTC."""
    start: datetime
    """When it starts: `at` and its share of the spread."""
    why: Text
    provisional: bool
    moved_from: time | None = None
    """The time on the wall that does not exist that day."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next times, and why there are no more of them."""

    times: tuple[DueTime, ...]
    ended: NotFound | None
    """The calendar ends before as many as were asked for were found."""


def due_between(
    schedule: Schedule, calendar: WorkCalendar, after: datetime, until: datetime
) -> Iterator[DueTime]:
    """When `schedule` is due after `after` and not after `until`, in order.

    Raises:
        NotFound: that hangs on a year that the calendar does not have.
    """
    last = after
    today = after.astimezone(schedule.timezone).date()
    final = until.astimezone(schedule.timezone).date()
    # From yesterday: the times of a day that a zone leaves out altogether are due on the day after.
    on = max(today - _DAY, schedule.first or date.min)
    while on <= min(final, schedule.last or date.max):
        # A year is not asked for where only times outside of the interval lie in it.
        inside = today < on < final or any(last < each.at <= until for each in _moments(schedule, on))
        if inside and (reason := schedule.reason(on, calendar)):
            for moment in _moments(schedule, on):
                if last < moment.at <= until:
                    last = moment.at
                    yield _due(schedule, moment, reason)
        on += _DAY


def upcoming(schedule: Schedule, calendar: WorkCalendar, after: datetime, count: int) -> Upcoming:
    """The next `count` times after `after`; fewer where the schedule or the calendar ends."""
    found: list[DueTime] = []
    try:
        for due in due_between(schedule, calendar, after, after + HORIZON):
            found.append(due)
            if len(found) >= count:
                break
    except NotFound as error:
        return Upcoming(tuple(found), error)
    return Upcoming(tuple(found), None)


@dataclass(frozen=True, slots=True)
class _Moment:
    """An instant of a day that may be due."""

    at: datetime
    moved_from: time | None = None


def _moments(schedule: Schedule, on: date) -> Iterator[_Moment]:
    """The instants of `on`, in order; the same one may come twice where clocks leave out an hour."""
    zone = schedule.timezone
    if isinstance(schedule.when, Clocks):
        for clock in schedule.when.times:
            yield _moment(on, clock, zone)
        return
    every = schedule.when
    at = _moment(on, every.first, zone).at
    last = _moment(on, every.last, zone).at if every.last else _moment(on + _DAY, time(0), zone).at - _TICK
    while at <= last:
        yield _Moment(at)
        at += every.step


def _moment(on: date, clock: time, zone: ZoneInfo) -> _Moment:
    """When the clocks of `zone` show `clock` for the first time on `on`, or the change that leaves it out."""
    wall = datetime.combine(on, clock)
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return _Moment(at)
    # Read with the offset from after the change it lies before the change, and the other way round.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _Moment(_change(before, at, zone), moved_from=clock)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second with the offset that holds at `after`."""
    while after - before > _TICK:
        middle = before + timedelta(seconds=(after - before) // _TICK // 2)
        if middle.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
            after = middle
        else:
            before = middle
    return after


def _due(schedule: Schedule, moment: _Moment, reason: Reason) -> DueTime:
    return DueTime(
        schedule=schedule.name,
        at=moment.at,
        start=moment.at + _share(schedule, moment.at),
        why=reason.label,
        provisional=reason.provisional,
        moved_from=moment.moved_from,
    )


def _share(schedule: Schedule, at: datetime) -> timedelta:
    """How far into the spread this one starts: by name and due time, so that a restart changes nothing."""
    seconds = schedule.spread // _TICK
    if seconds == 0:
        return timedelta(0)
    digest = hashlib.sha256(f"{schedule.name}\n{at.isoformat()}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8], "big") % seconds)
