"""Which runbooks run by themselves, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.near_name import near_names
from orchestrator.model.work_calendar import WEEKDAYS, WorkCalendar


class DayWord(StrEnum):
    """Days in a word."""

    EVERY_DAY = "every_day"
    WORK_DAYS = "work_days"
    """Make-up work days included, holidays left out."""
    REST_DAYS = "rest_days"
    """Weekends and holidays, make-up work days left out."""


class Weekday(StrEnum):
    """As systemd and cron abbreviate them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @property
    def number(self) -> int:
        """As `date.weekday()` counts."""
        return list(Weekday).index(self)


@dataclass(frozen=True, slots=True)
class MonthDays:
    """Days of each month. The 31st is left out where a month has none: `last` is in every month."""

    numbers: frozenset[int]
    last: bool = False


@dataclass(frozen=True, slots=True)
class YearDates:
    """Dates that come back every year, as (month, day). February 29th comes in leap years."""

    dates: frozenset[tuple[int, int]]


Days = DayWord | frozenset[Weekday] | MonthDays | YearDates


@dataclass(frozen=True, slots=True)
class Clocks:
    """Times of the day on the wall."""

    times: tuple[time, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again through a day."""

    step: timedelta
    first: time = time(0)
    last: time | None = None
    """Included; None: until the day's end."""


class Missed(StrEnum):
    """What is done about a due time that was noticed too late."""

    SKIP = "skip"
    """It is recorded as missed."""
    ONCE = "once"
    """The latest one is made up for, however many were missed; the others are recorded as missed."""
    ASK = "ask"
    """A person is asked about the latest one; the others are recorded as missed."""


class Overlap(StrEnum):
    """What is done when the run before is still under way."""

    SKIP = "skip"
    """It is recorded as skipped."""
    QUEUE = "queue"
    """It waits for the run before. No more than one waits."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One line of the timetable."""

    name: str
    title: str
    runbook: str
    """`name` or `kind/name`."""
    when: Clocks | Every
    days: Days
    timezone: ZoneInfo
    limit: str = ""
    """An Ansible host pattern that narrows the runbook's hosts; "" leaves them as they are."""
    spread: timedelta = timedelta(0)
    """It starts at an instant within this time after it is due, always the same one for the same due time."""
    late: timedelta = timedelta(minutes=15)
    """Noticed no later than this after it should have started, it just starts."""
    missed: Missed = Missed.SKIP
    overlap: Overlap = Overlap.SKIP
    first: date | None = None
    last: date | None = None
    """Included, in the schedule's time zone."""

    def reason(self, on: date, calendar: WorkCalendar) -> Reason | None:
        """Why `on` is one of its days; None where it is not.

        Raises:
            NotFound: that hangs on a year that the calendar does not have.
        """
        if (self.first and on < self.first) or (self.last and on > self.last):
            return None
        match self.days:
            case DayWord.EVERY_DAY:
                return Reason(Text("每天", "every day"))
            case DayWord.WORK_DAYS | DayWord.REST_DAYS:
                day = calendar.day(on)
                if day.works is not (self.days is DayWord.WORK_DAYS):
                    return None
                return Reason(day.label, day.provisional)
            case MonthDays():
                return _month_reason(self.days, on)
            case YearDates():
                wanted = (on.month, on.day) in self.days.dates
                return Reason(Text(f"每年 {on:%m-%d}", f"every year on {on:%m-%d}")) if wanted else None
            case _:
                wanted = list(Weekday)[on.weekday()] in self.days
                weekday = WEEKDAYS[on.weekday()]
                return Reason(Text(f"每{weekday.zh}", f"every {weekday.en}")) if wanted else None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a day is one of a schedule's days."""

    label: Text
    provisional: bool = False
    """The calendar of that year is not official: the answer may change."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """A site's schedules, in the order of its file."""

    schedules: tuple[Schedule, ...]

    def find(self, name: str) -> Schedule:
        """The schedule called `name`.

        Raises:
            NotFound: there is none.
        """
        for schedule in self.schedules:
            if schedule.name == name:
                return schedule
        raise NotFound(
            Text(f"时间表里没有 {name}", f"the timetable has no schedule {name}"),
            _near(name, [schedule.name for schedule in self.schedules]),
        )


def _month_reason(days: MonthDays, on: date) -> Reason | None:
    if days.last and (on + timedelta(1)).day == 1:
        return Reason(Text("每月最后一天", "the month's last day"))
    if on.day in days.numbers:
        return Reason(Text(f"每月 {on.day} 日", f"day {on.day} of each month"))
    return None


def _near(name: str, known: Sequence[str]) -> Text:
    if near := ", ".join(near_names(name, known)):
        return Text(f"是否指 {near}？", f"did you mean {near}?")
    return Text(f"可用：{', '.join(known)}", f"there are: {', '.join(known)}")
