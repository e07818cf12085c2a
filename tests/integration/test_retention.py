"""What becomes of old records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestrator.language import Text
from orchestrator.model.conclusion import conclusion
from orchestrator.model.round import RoundState
from orchestrator.model.site import Retention
from orchestrator.model.system import Catalogue
from orchestrator.model.tick import OccurrenceState
from orchestrator.model.verdict import Verdict
from orchestrator.records.models import DailySample, Finding, HostResult, Sample, ScheduleOccurrence
from orchestrator.records.retention import Tidied, tidy
from orchestrator.records.rounds import get_round
from orchestrator.records.trend import read_trend
from orchestrator.reporting.round_report import build_report
from tests.rounds import START, outcome, plan, recorded, result, seen, value

pytestmark = pytest.mark.usefixtures("database")
SHANGHAI = ZoneInfo("Asia/Shanghai")
NO_STATE = Path("/nonexistent")
"""These records hold no run, so no output of one either."""
KEEP = Retention(rounds=100, samples=10, daily_samples=50)


def measured(days: int, *values: float) -> None:
    """Numbers of one day, an hour apart."""
    for hour, number in enumerate(values):
        at = START + timedelta(days=days, hours=hour)
        recorded(plan("db1"), outcome("db1", result("disk", value(Verdict.OK, seen=number)), at=at), day=days)


def test_old_numbers_become_one_line_a_day_and_young_ones_stay() -> None:
    measured(0, 10.0, 30.0, 20.0)
    measured(1, 5.0)
    measured(20, 7.0)
    done = tidy(KEEP, SHANGHAI, START + timedelta(days=21), NO_STATE)
    assert done == Tidied(samples=4)
    days = list(DailySample.objects.order_by("at").values_list("at", "count", "low", "high", "mean", "last"))
    midnight = int(START.astimezone(SHANGHAI).replace(hour=0, minute=0).timestamp())
    assert days == [
        (midnight, 3, 10.0, 30.0, 20.0, 20.0),
        (midnight + 86400, 1, 5.0, 5.0, 5.0, 5.0),
    ]
    assert list(Sample.objects.values_list("value", flat=True)) == [7.0]
    assert not tidy(KEEP, SHANGHAI, START + timedelta(days=21), NO_STATE).anything


def test_a_number_that_comes_late_joins_its_day() -> None:
    measured(0, 10.0, 30.0)
    tidy(KEEP, SHANGHAI, START + timedelta(days=21), NO_STATE)
    measured(0, 80.0)
    tidy(KEEP, SHANGHAI, START + timedelta(days=21), NO_STATE)
    (day,) = DailySample.objects.all()
    assert (day.count, day.low, day.high, day.mean, day.last) == (3, 10.0, 80.0, 40.0, 80.0)


def test_a_trend_goes_on_through_the_days_that_were_rolled_up() -> None:
    measured(0, 10.0, 30.0)
    measured(20, 7.0)
    tidy(KEEP, SHANGHAI, START + timedelta(days=21), NO_STATE)
    series = Sample.objects.get().series_id
    seen_since = read_trend([series], START - timedelta(days=1), START + timedelta(days=30))[series]
    assert [point.value for point in seen_since] == [20.0, 7.0]


def test_lines_of_days_go_as_well_in_the_end() -> None:
    measured(0, 10.0)
    tidy(KEEP, SHANGHAI, START + timedelta(days=21), NO_STATE)
    assert tidy(KEEP, SHANGHAI, START + timedelta(days=60), NO_STATE).days == 1
    assert not DailySample.objects.exists()


def test_an_old_round_keeps_its_line_its_counts_and_its_findings() -> None:
    old = recorded(plan("db1", "db2"), seen("db1", Verdict.CRIT), seen("db2", Verdict.OK))
    running = recorded(plan("db1", runbook="evening"), state=None)
    young = recorded(plan("db1"), seen("db1", Verdict.CRIT), day=90)
    now = START + timedelta(days=120)
    done = tidy(KEEP, SHANGHAI, now, NO_STATE)
    assert (done.rounds, done.host_results) == (1, 2)
    row = get_round(old)
    assert (row.round_state, row.crit, row.ok, row.hosts_done) == (RoundState.COMPLETED, 1, 3, 2)
    assert row.details_removed_at == now
    assert Finding.objects.get(cleared_in=None).first_seen_id == old
    assert set(HostResult.objects.values_list("round", flat=True)) == {young}
    assert get_round(running).details_removed_at is None


def test_the_report_of_a_round_without_its_details_says_so_and_invents_none() -> None:
    old = recorded(plan("db1"), seen("db1", Verdict.CRIT))
    now = (START + timedelta(days=120)).astimezone(UTC)
    tidy(KEEP, SHANGHAI, now, NO_STATE)
    told = build_report(old, Text("", ""), Catalogue(()), "UTC", now, lambda *_: None)
    assert told.details_removed_at == now
    assert (told.hosts, told.items) == ((), ())
    assert told.counts[Verdict.CRIT] == 1
    assert told.counts[Verdict.NOT_RUN] == 0
    assert "details were removed" in conclusion(told).en
    assert "明细已于" in conclusion(told).zh


def due(schedule: str, day: int, state: OccurrenceState) -> datetime:
    at = START + timedelta(days=day)
    ScheduleOccurrence.objects.create(schedule=schedule, due_at=at, state=state, decided_at=at)
    return at


def test_what_became_of_due_times_is_kept_as_long_as_rounds_what_was_missed_too() -> None:
    due("morning", 0, OccurrenceState.STARTED)
    due("morning", 1, OccurrenceState.MISSED)
    young = [due("morning", 21, OccurrenceState.MISSED), due("morning", 22, OccurrenceState.STARTED)]
    assert tidy(KEEP, SHANGHAI, START + timedelta(days=121), NO_STATE) == Tidied(due_times=2)
    assert list(ScheduleOccurrence.objects.order_by("due_at").values_list("due_at", flat=True)) == young
    assert not tidy(KEEP, SHANGHAI, START + timedelta(days=121), NO_STATE).anything


def test_due_times_that_wait_for_somebody_and_the_latest_of_a_schedule_stay_however_old() -> None:
    asked = due("evening", 0, OccurrenceState.ASKS)
    queued = due("evening", 1, OccurrenceState.QUEUED)
    latest = due("evening", 2, OccurrenceState.SKIPPED)
    assert not tidy(KEEP, SHANGHAI, START + timedelta(days=500), NO_STATE).anything
    kept = ScheduleOccurrence.objects.order_by("due_at").values_list("due_at", flat=True)
    assert list(kept) == [asked, queued, latest]
