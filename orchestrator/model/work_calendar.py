"""Which days are worked: weekends, public holidays, and the weekend days that make up for them (调休)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from orchestrator.errors import NotFound
from orchestrator.language import Text

WEEKDAYS = (
    Text("周一", "Mon"),
    Text("周二", "Tue"),
    Text("周三", "Wed"),
    Text("周四", "Thu"),
    Text("周五", "Fri"),
    Text("周六", "Sat"),
    Text("周日", "Sun"),
)
_SATURDAY = 5


class YearStatus(StrEnum):
    """How far a year's dates can be trusted."""

    OFFICIAL = "official"
    """As the State Council announced them."""
    PROVISIONAL = "provisional"
    """Foreseen before the announcement: holidays may move, and make-up work days are not known."""


class DayKind(StrEnum):
    """Why a day is worked or not."""

    WORK_DAY = "work_day"
    MAKE_UP_DAY = "make_up_day"
    """A Saturday or Sunday that is worked in return for a longer holiday."""
    WEEKEND = "weekend"
    HOLIDAY = "holiday"

    @property
    def label(self) -> Text:
        return _KINDS[self]


_KINDS = {
    DayKind.WORK_DAY: Text("工作日", "work day"),
    DayKind.MAKE_UP_DAY: Text("调休上班日", "make-up work day"),
    DayKind.WEEKEND: Text("周末", "weekend"),
    DayKind.HOLIDAY: Text("节假日", "holiday"),
}


@dataclass(frozen=True, slots=True)
class Holiday:
    """One public holiday, with the weekend days that are worked for it."""

    name: Text
    first: date
    last: date
    """Included."""
    make_up: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year, as its file tells it."""

    year: int
    status: YearStatus
    holidays: tuple[Holiday, ...]
    document: str = ""
    """The announcement's number."""
    source: str = ""
    """Where it can be read."""


@dataclass(frozen=True, slots=True)
class Day:
    """What one date is. There is no bare yes or no: whoever uses `works` sees `provisional` beside it."""

    date: date
    kind: DayKind
    holiday: Text | None
    """Which holiday it belongs to, or makes up for."""
    provisional: bool
    """The year's dates are not official yet."""

    @property
    def works(self) -> bool:
        return self.kind in (DayKind.WORK_DAY, DayKind.MAKE_UP_DAY)

    @property
    def label(self) -> Text:
        label = self.kind.label
        if self.holiday is None:
            return label
        return Text(f"{label.zh}（{self.holiday.zh}）", f"{label.en} ({self.holiday.en})")


@dataclass(frozen=True, slots=True)
class WorkDays:
    """A number of work days."""

    days: int
    provisional: bool
    """At least one of the dates that were looked at lies in a provisional year."""


class WorkCalendar:
    """The years that are known. Asking for any other is an error: nothing falls back to Monday to Friday."""

    def __init__(self, years: Mapping[int, CalendarYear]) -> None:
        self.years = dict(sorted(years.items()))
        self._special = {year: dict(_special_days(calendar)) for year, calendar in self.years.items()}

    def day(self, on: date) -> Day:
        """What `on` is.

        Raises:
            NotFound: its year is not there.
        """
        calendar = self.years.get(on.year)
        if calendar is None:
            raise _missing(on.year)
        weekend = on.weekday() >= _SATURDAY
        ordinary = (DayKind.WEEKEND if weekend else DayKind.WORK_DAY, None)
        kind, holiday = self._special[on.year].get(on, ordinary)
        return Day(on, kind, holiday, calendar.status is YearStatus.PROVISIONAL)

    def work_days(self, first: date, last: date) -> WorkDays:
        """How many work days there are from `first` to `last`, both included; none where `last` is earlier.

        Raises:
            NotFound: a year is not there.
        """
        days = [self.day(first + timedelta(n)) for n in range((last - first).days + 1)]
        return WorkDays(sum(day.works for day in days), any(day.provisional for day in days))

    def work_day_after(self, on: date, count: int) -> Day:
        """The `count`th work day after `on`, which itself does not count. Provisional where any date on the
        way is: an earlier holiday that moves would move it.

        Raises:
            NotFound: a year is not there.
        """
        provisional = False
        day = self.day(on)
        while count > 0:
            day = self.day(day.date + timedelta(1))
            provisional |= day.provisional
            count -= day.works
        return Day(day.date, day.kind, day.holiday, day.provisional or provisional)


def _special_days(calendar: CalendarYear) -> Iterator[tuple[date, tuple[DayKind, Text | None]]]:
    for holiday in calendar.holidays:
        for number in range((holiday.last - holiday.first).days + 1):
            yield holiday.first + timedelta(number), (DayKind.HOLIDAY, holiday.name)
        for day in holiday.make_up:
            yield day, (DayKind.MAKE_UP_DAY, holiday.name)


def _missing(year: int) -> NotFound:
    return NotFound(
        Text(f"没有 {year} 年的工作日历", f"there is no work calendar of {year}"),
        Text(
            f"在站点的 calendars 文件夹里添加 {year}.yml；官方未公布时写 status: provisional",
            f"add {year}.yml to the site's folder calendars; until the dates are official with "
            "status: provisional",
        ),
    )
