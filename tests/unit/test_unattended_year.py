"""A year of unattended rounds: the worker is away for hours and days, its clock is stepped, clocks change.

Whatever happens, each due time comes to exactly one record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.due_time import due_between
from orchestrator.model.tick import Before, Occurrence, OccurrenceState, Pause, decide
from orchestrator.model.timetable import DayWord, Every, Missed, MonthDays, Overlap, Schedule
from tests.schedules import midnight, schedule, shipped_calendar

CALENDAR = shipped_calendar()
HOUR = timedelta(hours=1)


@dataclass
class Worker:
    """Looks at a schedule now and then, and keeps the records as the database would."""

    schedule: Schedule
    first_seen: datetime
    records: dict[datetime, tuple[Occurrence, datetime]] = field(default_factory=dict)
    last: datetime | None = None
    more: bool = False
    busy_until: datetime | None = None
    queued: bool = False

    def look(self, now: datetime, takes: timedelta, pause: Pause | None = None) -> None:
        """`now` is what its clock shows; a run that starts takes `takes`."""
        if self.busy_until and self.busy_until <= now:
            self.busy_until, self.queued = (now + takes if self.queued else None), False
        before = Before.OVER
        if self.busy_until:
            before = Before.WAITED_FOR if self.queued else Before.UNDER_WAY
        tick = decide(self.schedule, CALENDAR, self.last or self.first_seen, now, before, pause)
        for occurrence in tick.occurrences:
            assert occurrence.due.at not in self.records
            self.records[occurrence.due.at] = occurrence, now
            self.last = occurrence.due.at
        self.more = tick.more
        if pause and pause.covers(now):
            assert {each.state for each in tick.occurrences} <= {
                OccurrenceState.SKIPPED,
                OccurrenceState.MISSED,
            }
        running = [each for each in tick.occurrences if each.state is OccurrenceState.STARTED]
        assert len(running) <= 1
        assert not (running and self.busy_until)
        if running:
            self.busy_until = now + takes
        self.queued |= any(each.state is OccurrenceState.QUEUED for each in tick.occurrences)


def _year_of_looks(random: Random, start: datetime, end: datetime) -> list[datetime]:
    """What the worker's clock shows each time that it looks."""
    looks: list[datetime] = []
    true, step = start, timedelta(0)
    while true < end:
        dice = random.random()
        if dice < 0.0003:
            true += timedelta(days=random.uniform(0.5, 5))  # off over a long weekend
        elif dice < 0.002:
            true += timedelta(hours=random.uniform(1, 14))
        elif dice < 0.005:
            step = random.choice([-HOUR, timedelta(0), HOUR])
        true += timedelta(minutes=random.uniform(0.5, 50))
        looks.append(min(true, end) + step)
    return [*looks, end + HOUR]  # in the end the clock is right


def _assert_every_due_time_has_one_record(worker: Worker, end: datetime) -> None:
    due = list(due_between(worker.schedule, CALENDAR, worker.first_seen, end + HOUR))
    expected = [each.at for each in due if each.start <= end + HOUR]
    assert sorted(worker.records) == expected
    for occurrence, seen_at in worker.records.values():
        assert seen_at >= occurrence.due.start
        if occurrence.state is OccurrenceState.STARTED and occurrence.reason is None:
            assert seen_at - occurrence.due.start <= worker.schedule.late
        if occurrence.state is not OccurrenceState.STARTED:
            assert occurrence.reason is not None


SCHEDULES: dict[str, dict[str, Any]] = {
    "work days in Shanghai": {"zone": "Asia/Shanghai", "days": DayWord.WORK_DAYS, "missed": Missed.ONCE},
    "every day in Berlin": {"zone": "Europe/Berlin", "missed": Missed.ASK, "spread": timedelta(minutes=20)},
    "rest days in New York": {"zone": "America/New_York", "days": DayWord.REST_DAYS},
    "ends of months in Berlin": {"zone": "Europe/Berlin", "days": MonthDays(frozenset({1}), last=True)},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_due_time_of_a_year_is_run_or_recorded_and_none_twice(name: str) -> None:
    """With times in the hours that the clocks leave out and repeat."""
    subject = schedule("01:30", "02:30", "06:30", "17:45", late=HOUR, **SCHEDULES[name])
    start, end = midnight("2026-01-01"), midnight("2027-01-01")
    random = Random(name)
    worker = Worker(subject, start)
    for now in _year_of_looks(random, start, end):
        worker.look(now, takes=timedelta(minutes=random.uniform(1, 40)))
    _assert_every_due_time_has_one_record(worker, end)
    states = Counter(occurrence.state for occurrence, _ in worker.records.values())
    assert states[OccurrenceState.STARTED] > len(worker.records) * 0.7
    assert states[OccurrenceState.MISSED] > 0 or subject.missed is not Missed.SKIP


def test_two_rounds_a_day_run_through_a_year_in_which_nothing_goes_wrong() -> None:
    subject = schedule("06:30", "17:45", spread=timedelta(minutes=10))
    worker = Worker(subject, midnight("2026-01-01", "Asia/Shanghai"))
    now, end = worker.first_seen, midnight("2027-01-01", "Asia/Shanghai")
    while now < end:
        now += timedelta(minutes=15)
        worker.look(now, takes=timedelta(minutes=4))
    assert Counter(each.state for each, _ in worker.records.values()) == {OccurrenceState.STARTED: 730}


def test_on_work_days_the_year_2026_has_248_rounds_make_up_days_included() -> None:
    subject = schedule("08:00", days=DayWord.WORK_DAYS, late=HOUR)
    worker = Worker(subject, midnight("2026-01-01", "Asia/Shanghai"))
    now, end = worker.first_seen, midnight("2027-01-01", "Asia/Shanghai")
    while now < end:
        now += timedelta(minutes=30)
        worker.look(now, takes=timedelta(minutes=4))
    assert len(worker.records) == 248
    assert midnight("2026-09-20", "Asia/Shanghai") + 8 * HOUR in worker.records
    assert midnight("2026-10-01", "Asia/Shanghai") + 8 * HOUR not in worker.records


WHEN = st.one_of(
    st.sets(st.integers(0, 1439), min_size=1, max_size=3).map(
        lambda minutes: [f"{minute // 60:02}:{minute % 60:02}" for minute in sorted(minutes)]
    ),
    st.integers(20, 600).map(lambda minutes: Every(timedelta(minutes=minutes))),
)
LOOKS = st.lists(st.floats(0.5, 3000, allow_nan=False), min_size=1, max_size=60)


@settings(max_examples=120, deadline=None)
@given(
    when=WHEN,
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    days=st.sampled_from([*DayWord, MonthDays(frozenset({31}), last=True)]),
    missed=st.sampled_from(Missed),
    overlap=st.sampled_from(Overlap),
    late=st.integers(0, 120),
    spread=st.integers(0, 19),
    start=st.integers(0, 700),
    looks=LOOKS,
    steps=st.lists(st.sampled_from([-1, 0, 1]), min_size=60, max_size=60),
    takes=st.integers(1, 600),
    paused=st.tuples(st.integers(0, 60), st.integers(0, 20)),
)
def test_no_timetable_and_no_pattern_of_looks_loses_or_repeats_a_due_time(
    when: list[str] | Every,
    zone: str,
    days: DayWord | MonthDays,
    missed: Missed,
    overlap: Overlap,
    late: int,
    spread: int,
    start: int,
    looks: list[float],
    steps: list[int],
    takes: int,
    paused: tuple[int, int],
) -> None:
    options: dict[str, Any] = {
        "zone": zone,
        "days": days,
        "missed": missed,
        "overlap": overlap,
        "late": timedelta(minutes=late),
        "spread": timedelta(minutes=spread),
    }
    subject = schedule(**options, when=when) if isinstance(when, Every) else schedule(*when, **options)
    true = midnight("2025-01-01") + timedelta(days=start)
    worker = Worker(subject, true)
    pause = None
    for number, (minutes, step) in enumerate(zip(looks, steps, strict=False)):
        true += timedelta(minutes=minutes)
        now = true + step * HOUR
        if number == paused[0]:
            pause = Pause(now)
        elif number >= sum(paused):
            pause = None
        worker.look(now, timedelta(minutes=takes), pause)
    end = true + HOUR
    worker.look(end + HOUR, timedelta(minutes=takes))
    while worker.more:
        worker.look(end + HOUR, timedelta(minutes=takes))
    _assert_every_due_time_has_one_record(worker, end)
