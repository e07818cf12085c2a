"""The calendar that ships says what the State Council said, and never more than is known."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import chinese_calendar
import pytest

from orchestrator.documents.work_calendar import calendar_files, read_work_calendar
from orchestrator.errors import NotFound
from orchestrator.model.work_calendar import DayKind, WorkCalendar, YearStatus
from orchestrator.settings import content_root


@pytest.fixture(scope="module")
def calendar() -> WorkCalendar:
    return read_work_calendar(calendar_files([content_root() / "inventories" / "calendars"]))


def _days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [day for n in range(366) if (day := first + timedelta(n)).year == year]


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_is_what_chinesecalendar_says(year: int, calendar: WorkCalendar) -> None:
    differing = [day for day in _days(year) if calendar.day(day).works != chinese_calendar.is_workday(day)]
    assert differing == []


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_make_up_days_are_the_weekends_that_chinesecalendar_works(year: int, calendar: WorkCalendar) -> None:
    theirs = [day for day in _days(year) if day in chinese_calendar.workdays]
    assert [day for day in _days(year) if calendar.day(day).kind is DayKind.MAKE_UP_DAY] == theirs


def test_each_month_of_2026_has_its_work_days(calendar: WorkCalendar) -> None:
    firsts = [date(2026, month, 1) for month in range(1, 13)] + [date(2027, 1, 1)]
    months = [calendar.work_days(first, after - timedelta(1)).days for first, after in pairwise(firsts)]
    assert months == [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]


def test_official_years_name_the_announcement(calendar: WorkCalendar) -> None:
    official = [year for year in calendar.years.values() if year.status is YearStatus.OFFICIAL]
    assert [year.year for year in official] == [2024, 2025, 2026]
    assert all("国办发明电" in year.document and year.source.startswith("https://") for year in official)


@pytest.mark.parametrize(
    ("accepted", "count", "due"),
    [
        # Clock counts of domain.md 7.3, where the day of acceptance is a work day: the Nth work day after it.
        (date(2026, 9, 18), 1, date(2026, 9, 20)),
        (date(2026, 9, 18), 5, date(2026, 9, 24)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 3, date(2026, 2, 25)),
        (date(2026, 2, 13), 5, date(2026, 2, 27)),
        (date(2026, 5, 8), 3, date(2026, 5, 12)),
        (date(2026, 9, 19), 1, date(2026, 9, 20)),
    ],
)
def test_work_days_after_a_date_go_over_holidays_and_make_up_days(
    accepted: date, count: int, due: date, calendar: WorkCalendar
) -> None:
    found = calendar.work_day_after(accepted, count)
    assert (found.date, found.provisional) == (due, False)


def test_what_reaches_into_a_provisional_year_says_so(calendar: WorkCalendar) -> None:
    assert calendar.work_day_after(date(2026, 12, 30), 1).provisional is False
    assert calendar.work_day_after(date(2026, 12, 30), 3).provisional is True
    assert calendar.day(date(2027, 5, 4)).provisional is True
    assert calendar.work_days(date(2026, 12, 30), date(2026, 12, 31)).provisional is False
    assert calendar.work_days(date(2026, 12, 30), date(2027, 1, 1)).provisional is True


def test_a_provisional_year_knows_the_days_of_the_law_and_no_make_up_day(calendar: WorkCalendar) -> None:
    days = [calendar.day(day) for day in _days(2027)]
    assert [day for day in days if day.kind is DayKind.MAKE_UP_DAY] == []
    resting = [day.date for day in days if day.kind is DayKind.HOLIDAY and day.date.weekday() < 5]
    assert resting == [
        date(2027, 1, 1),
        date(2027, 2, 5),
        date(2027, 2, 8),
        date(2027, 4, 5),
        date(2027, 6, 9),
        date(2027, 9, 15),
        date(2027, 10, 1),
    ]


def test_a_year_that_is_not_there_is_an_error_that_says_what_to_add(calendar: WorkCalendar) -> None:
    with pytest.raises(NotFound) as refused:
        calendar.day(date(2028, 1, 3))
    assert "2028" in refused.value.message.zh
    assert refused.value.hint is not None
    assert "2028.yml" in refused.value.hint.zh
    with pytest.raises(NotFound):
        calendar.work_days(date(2027, 12, 31), date(2028, 1, 1))
    with pytest.raises(NotFound):
        calendar.work_day_after(date(2027, 12, 31), 1)


def test_a_day_says_which_holiday_it_makes_up_for(calendar: WorkCalendar) -> None:
    assert calendar.day(date(2026, 9, 20)).label.zh == "调休上班日（国庆节）"
    assert calendar.day(date(2026, 10, 1)).label.zh == "节假日（国庆节）"
    assert calendar.day(date(2026, 10, 8)).label.en == "work day"
    assert calendar.day(date(2026, 10, 11)).label.en == "weekend"
