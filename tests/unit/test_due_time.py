"""When schedules are due, on days of every kind, and on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import NotFound
from orchestrator.model.due_time import DueTime, due_between, upcoming
from orchestrator.model.timetable import DayWord, Every, MonthDays, Schedule, Weekday, YearDates
from orchestrator.model.work_calendar import WorkCalendar
from tests.schedules import due_on, midnight, schedule, shipped_calendar

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo")


@pytest.fixture(scope="module")
def calendar() -> WorkCalendar:
    return shipped_calendar()


def shown(subject: Schedule, dues: list[DueTime]) -> list[str]:
    """On the schedule's own clocks."""
    return [f"{due.at.astimezone(subject.timezone):%m-%d %H:%M %z}" for due in dues]


def test_the_rounds_of_a_day_are_due_in_order_whatever_order_is_given(calendar: WorkCalendar) -> None:
    twice = schedule("06:30", "17:45")
    assert shown(twice, due_on(twice, calendar, "2026-11-24")) == ["11-24 06:30 +0800", "11-24 17:45 +0800"]


def test_an_interval_is_open_at_its_start_and_closed_at_its_end(calendar: WorkCalendar) -> None:
    daily = schedule("08:00", zone="UTC")
    first = datetime(2026, 11, 24, 8, tzinfo=UTC)
    second = first + timedelta(days=1)
    assert [due.at for due in due_between(daily, calendar, first, second)] == [second]
    assert list(due_between(daily, calendar, first, second - timedelta(seconds=1))) == []


def test_work_days_leave_out_holidays_and_take_in_make_up_days(calendar: WorkCalendar) -> None:
    working = schedule("08:00", days=DayWord.WORK_DAYS)
    dues = due_on(working, calendar, "2026-09-19", "2026-10-11")
    days = [due.at.astimezone(working.timezone).date() for due in dues]
    assert date(2026, 9, 20) in days
    assert date(2026, 10, 10) in days
    assert not {date(2026, 10, day) for day in range(1, 8)} & set(days)
    reasons = {str(day): due.why.zh for day, due in zip(days, dues, strict=True)}
    assert reasons["2026-09-20"] == "调休上班日（国庆节）"
    assert reasons["2026-10-08"] == "工作日"


def test_rest_days_are_all_the_others(calendar: WorkCalendar) -> None:
    working, resting = (schedule("08:00", days=days) for days in (DayWord.WORK_DAYS, DayWord.REST_DAYS))
    year = ("2026-01-01", "2026-12-31")
    works, rests = ({due.at for due in due_on(each, calendar, *year)} for each in (working, resting))
    assert len(works) == 248
    assert works | rests == {due.at for due in due_on(schedule("08:00"), calendar, *year)}
    assert works & rests == set()


def test_days_of_a_provisional_year_say_so(calendar: WorkCalendar) -> None:
    working = schedule("08:00", days=DayWord.WORK_DAYS)
    found = upcoming(working, calendar, midnight("2026-12-30", "Asia/Shanghai"), 4)
    assert [(f"{due.at:%m-%d}", due.provisional) for due in found.times] == [
        ("12-30", False),
        ("12-31", False),
        ("01-04", True),
        ("01-05", True),
    ]
    assert [due.provisional for due in due_on(schedule("08:00"), calendar, "2027-01-04")] == [False]


def test_a_calendar_that_ends_is_told_and_what_was_found_is_kept(calendar: WorkCalendar) -> None:
    working = schedule("08:00", days=DayWord.WORK_DAYS)
    found = upcoming(working, calendar, midnight("2027-12-29", "Asia/Shanghai"), 10)
    assert len(found.times) == 3
    assert found.ended is not None
    assert "2028" in found.ended.message.en
    with pytest.raises(NotFound):
        list(due_between(working, calendar, midnight("2027-12-31"), midnight("2028-01-05")))


def test_the_last_day_of_the_calendar_does_not_ask_for_the_year_after(calendar: WorkCalendar) -> None:
    working = schedule("08:00", days=DayWord.WORK_DAYS)
    assert len(due_on(working, calendar, "2027-12-31")) == 1
    assert len(due_on(working, calendar, "2024-01-01", "2024-01-02")) == 1


def test_weekdays_month_days_and_dates_of_the_year(calendar: WorkCalendar) -> None:
    def days(**changed: object) -> list[str]:
        found = due_on(schedule("12:00", zone="UTC", **changed), calendar, "2028-01-01", "2028-03-31")
        return [f"{due.at:%m-%d}" for due in found]

    assert days(days=frozenset({Weekday.SUN, Weekday.SAT}))[:4] == ["01-01", "01-02", "01-08", "01-09"]
    assert days(days=MonthDays(frozenset({1}), last=True)) == [
        "01-01", "01-31", "02-01", "02-29", "03-01", "03-31",
    ]  # fmt: skip
    assert days(days=MonthDays(frozenset({31}))) == ["01-31", "03-31"]
    assert days(days=YearDates(frozenset({(2, 29), (3, 5)}))) == ["02-29", "03-05"]
    assert days(first=date(2028, 3, 30)) == ["03-30", "03-31"]
    assert days(last=date(2028, 1, 2)) == ["01-01", "01-02"]


def test_a_leap_day_is_found_however_far_it_is(calendar: WorkCalendar) -> None:
    leap = schedule("12:00", zone="UTC", days=YearDates(frozenset({(2, 29)})))
    found = upcoming(leap, calendar, midnight("2096-03-01"), 1)
    assert [due.at.date() for due in found.times] == [date(2104, 2, 29)]


def test_a_schedule_that_is_over_has_no_next_time(calendar: WorkCalendar) -> None:
    over = schedule("12:00", last=date(2026, 1, 1))
    assert upcoming(over, calendar, midnight("2026-11-24"), 3).times == ()


@pytest.mark.parametrize(
    ("zone", "day", "clock", "runs"),
    [
        ("Europe/Berlin", "2026-03-29", "02:30", "03-29 03:00 +0200"),
        ("America/New_York", "2026-03-08", "02:00", "03-08 03:00 -0400"),
        ("America/New_York", "2026-03-08", "02:59", "03-08 03:00 -0400"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "10-04 02:30 +1100"),
        ("Africa/Cairo", "2026-04-24", "00:00", "04-24 01:00 +0300"),
    ],
)
def test_a_time_that_the_clocks_leave_out_runs_at_the_next_moment(
    zone: str, day: str, clock: str, runs: str, calendar: WorkCalendar
) -> None:
    subject = schedule(clock, zone=zone)
    dues = due_on(subject, calendar, day)
    assert shown(subject, dues) == [runs]
    assert dues[0].moved_from == time.fromisoformat(clock)


def test_two_times_within_the_hour_that_is_left_out_run_once(calendar: WorkCalendar) -> None:
    subject = schedule("02:10", "02:50", "03:00", zone="Europe/Berlin")
    assert shown(subject, due_on(subject, calendar, "2026-03-29")) == ["03-29 03:00 +0200"]


@pytest.mark.parametrize(
    ("zone", "day", "clock", "runs"),
    [
        ("Europe/Berlin", "2026-10-25", "02:30", "10-25 02:30 +0200"),
        ("America/New_York", "2026-11-01", "01:30", "11-01 01:30 -0400"),
    ],
)
def test_a_time_that_comes_twice_runs_the_first_time(
    zone: str, day: str, clock: str, runs: str, calendar: WorkCalendar
) -> None:
    subject = schedule(clock, zone=zone)
    assert shown(subject, due_on(subject, calendar, day)) == [runs]


def test_a_day_that_a_zone_leaves_out_is_made_up_for_at_once(calendar: WorkCalendar) -> None:
    """Samoa went over the date line in 2011: there was no December 30th."""
    subject = schedule("12:00", zone="Pacific/Apia")
    assert shown(subject, due_on(subject, calendar, "2011-12-29", "2011-12-31")) == [
        "12-29 12:00 -1000",
        "12-31 00:00 +1400",
        "12-31 12:00 +1400",
    ]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_an_interval_has_no_longer_and_no_shorter_step_when_clocks_change(
    day: str, hours: int, calendar: WorkCalendar
) -> None:
    subject = schedule(zone="Europe/Berlin", when=Every(timedelta(minutes=15)))
    at = [due.at for due in due_on(subject, calendar, day)]
    assert len(at) == 4 * hours
    assert {after - before for before, after in pairwise(at)} == {timedelta(minutes=15)}


def test_an_interval_keeps_within_its_hours_the_last_included(calendar: WorkCalendar) -> None:
    subject = schedule(when=Every(timedelta(hours=4), time(8), time(18)))
    assert [
        f"{due.at.astimezone(subject.timezone):%H:%M}" for due in due_on(subject, calendar, "2026-06-01")
    ] == [
        "08:00",
        "12:00",
        "16:00",
    ]
    to_the_end = schedule(when=Every(timedelta(hours=5), time(8), time(18)))
    assert (
        f"{due_on(to_the_end, calendar, '2026-06-01')[-1].at.astimezone(to_the_end.timezone):%H:%M}"
        == "18:00"
    )


def test_the_spread_is_the_same_after_a_restart_and_differs_from_day_to_day(calendar: WorkCalendar) -> None:
    spread = schedule("06:30", spread=timedelta(minutes=10))
    dues = due_on(spread, calendar, "2026-06-01", "2026-06-30")
    delays = [due.start - due.at for due in dues]
    assert delays == [due.start - due.at for due in due_on(spread, calendar, "2026-06-01", "2026-06-30")]
    assert all(timedelta(0) <= delay < timedelta(minutes=10) for delay in delays)
    assert len(set(delays)) > 10
    other = due_on(schedule("06:30", name="other", spread=timedelta(minutes=10)), calendar, "2026-06-01")
    assert other[0].start != dues[0].start


CLOCKS = st.times(max_value=time(23, 59)).map(lambda clock: f"{clock:%H:%M}")
MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: midnight("2024-03-01") + timedelta(minutes=minutes)
)


@settings(max_examples=150, deadline=None)
@given(
    clocks=st.lists(CLOCKS, min_size=1, max_size=4, unique=True).map(sorted),
    zone=st.sampled_from(ZONES),
    days=st.sampled_from(DayWord),
    start=MOMENTS,
    spans=st.lists(st.timedeltas(timedelta(0), timedelta(days=20)), min_size=1, max_size=5),
)
def test_intervals_side_by_side_have_each_due_time_once(
    clocks: list[str], zone: str, days: DayWord, start: datetime, spans: list[timedelta]
) -> None:
    calendar = shipped_calendar()
    subject = schedule(*clocks, zone=zone, days=days)
    pieces: list[DueTime] = []
    at = start
    for span in spans:
        pieces.extend(due_between(subject, calendar, at, at + span))
        at += span
    assert pieces == list(due_between(subject, calendar, start, at))
    assert [due.at for due in pieces] == sorted({due.at for due in pieces})


@settings(max_examples=100, deadline=None)
@given(clock=CLOCKS, zone=st.sampled_from(ZONES), start=MOMENTS)
def test_every_day_has_each_time_once(clock: str, zone: str, start: datetime) -> None:
    subject = schedule(clock, zone=zone)
    dues = list(islice(due_between(subject, shipped_calendar(), start, start + timedelta(days=42)), 40))
    days = [due.at.astimezone(subject.timezone).date() for due in dues]
    assert [(after - before).days for before, after in pairwise(days)] == [1] * 39
    assert all(due.moved_from or f"{due.at.astimezone(subject.timezone):%H:%M}" == clock for due in dues)
