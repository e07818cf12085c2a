"""A year of unattended rounds in the records: two workers whose clocks differ, killed, and away for days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from orchestrator.model.due_time import due_between
from orchestrator.model.run import RunState
from orchestrator.records.models import Posting, Run
from orchestrator.records.models import ScheduleOccurrence as Row
from tests.schedules import midnight, shipped_calendar
from tests.timetables import Place, Wall

CALENDAR = shipped_calendar()
TIMETABLE = """\
schedules:
  - {name: duty, runbook: inspection/ours, at: "08:00", timezone: Asia/Shanghai, days: work_days, late: 4h}
  - {name: night, runbook: inspection/ours, at: "02:30", timezone: Europe/Berlin, days: [sun],
     missed: once, overlap: queue}
  - {name: month, runbook: inspection/ours, at: "23:00", timezone: America/New_York,
     month_days: [1, last], missed: ask, late: 1h}
"""
HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.timeout(600)]


def test_in_a_year_each_due_time_comes_to_one_record_and_never_to_two_runs(tmp_path: Path) -> None:
    start, end = midnight("2026-01-01", "Asia/Shanghai"), midnight("2027-01-01", "Asia/Shanghai")
    random = Random("a year")
    place = Place(tmp_path / "site", Wall(start), TIMETABLE)
    place.write_runbook("ours")
    walls = [Wall(start), Wall(start)]
    workers = [place.scheduler(wall) for wall in walls]
    stuck_until = start
    for true in _looks(random, start, end):
        for number, wall in enumerate(walls):
            wall.now = true + _step(random, number, true < end)
        if random.random() < 0.01:
            number = random.randrange(2)
            workers[number] = place.scheduler(walls[number])  # killed, and started anew
        for worker in random.sample(workers, 2 if true >= end else random.choice([1, 2])):
            worker.tick()
        under_way = Run.objects.filter(state=RunState.QUEUED)
        per_schedule = Counter(under_way.values_list("schedule", flat=True))
        assert not [name for name, runs in per_schedule.items() if runs > 1]
        if random.random() < 0.01:
            stuck_until = true + timedelta(days=2)
        if per_schedule and true >= stuck_until and random.random() < 0.7:
            under_way.update(state=RunState.SUCCEEDED)
    for schedule in place.timetables.timetable.schedules:
        expected = [due.at for due in due_between(schedule, CALENDAR, start, end)]
        rows = Row.objects.filter(schedule=schedule.name).order_by("due_at")
        assert [row.due_at for row in rows] == expected, schedule.name
    started = Row.objects.filter(state="started")
    assert Run.objects.count() == started.count() == Posting.objects.count()
    assert {(run.schedule, run.due_at, run.pk) for run in Run.objects.all()} == {
        (row.schedule, row.due_at, row.run_id) for row in started
    }
    _assert_that_all_of_it_happened()


def _looks(random: Random, start: datetime, end: datetime) -> Iterator[datetime]:
    """When a worker looks; in between it may be away for days."""
    true = start
    while true < end:
        yield true
        dice = random.random()
        if dice < 0.002:
            true += timedelta(days=random.uniform(0.5, 4))
        else:
            true += timedelta(minutes=random.uniform(5, 600))
    yield end


def _step(random: Random, number: int, wrong: bool) -> timedelta:
    """How far a worker's clock is off: now and then by an hour, either way."""
    if not wrong or random.random() < 0.95:
        return timedelta(seconds=20 * number)
    return random.choice([-HOUR, HOUR])


def _assert_that_all_of_it_happened() -> None:
    """Or the year was too kind to prove anything."""
    states = Counter(Row.objects.values_list("schedule", "state"))
    assert sum(count for (name, _), count in states.items() if name == "duty") == 248  # make-up days included
    assert states["duty", "started"] > 100
    assert {states["duty", "missed"] > 0, states["duty", "skipped"] > 0, states["month", "asks"] > 0} == {
        True
    }
    assert states["night", "started"] > 30
