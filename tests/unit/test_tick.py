"""What becomes of due times: each of them something that is recorded, and never more than one run at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from orchestrator.model.tick import LIMIT, Before, Pause, Tick, decide
from orchestrator.model.timetable import Every, Missed, Overlap, Schedule
from orchestrator.model.work_calendar import WorkCalendar
from tests.schedules import midnight, schedule, shipped_calendar

DAY = midnight("2026-11-24")
LATE = timedelta(minutes=30)


@pytest.fixture(scope="module")
def calendar() -> WorkCalendar:
    return shipped_calendar()


def at(clock: str, day: int = 0) -> datetime:
    hours, minutes = clock.split(":")
    return DAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))


def rounds(**changed: Any) -> Schedule:
    return schedule("06:30", "17:45", zone="UTC", late=LATE, **changed)


def seen(tick: Tick) -> list[str]:
    return [f"{occurrence.due.at:%d %H:%M} {occurrence.state}" for occurrence in tick.occurrences]


def test_a_round_starts_when_it_is_due_and_not_before(calendar: WorkCalendar) -> None:
    assert seen(decide(rounds(), calendar, DAY, at("06:29"))) == []
    tick = decide(rounds(), calendar, DAY, at("06:30"))
    assert seen(tick) == ["24 06:30 started"]
    assert tick.occurrences[0].reason is None


def test_what_was_settled_is_not_due_again(calendar: WorkCalendar) -> None:
    assert seen(decide(rounds(), calendar, at("06:30"), at("06:31"))) == []


def test_a_spread_round_waits_for_its_share(calendar: WorkCalendar) -> None:
    spread = rounds(spread=timedelta(minutes=20))
    (started,) = decide(spread, calendar, DAY, at("07:00")).occurrences
    assert started.due.start > at("06:30")
    early = started.due.start - timedelta(seconds=1)
    assert seen(decide(spread, calendar, DAY, early)) == []
    assert seen(decide(spread, calendar, DAY, started.due.start)) == ["24 06:30 started"]


@pytest.mark.parametrize(
    ("missed", "state"), [(Missed.SKIP, "missed"), (Missed.ONCE, "started"), (Missed.ASK, "asks")]
)
def test_what_is_noticed_too_late_is_treated_as_the_schedule_says(
    missed: Missed, state: str, calendar: WorkCalendar
) -> None:
    subject = rounds(missed=missed)
    assert seen(decide(subject, calendar, DAY, at("07:00"))) == ["24 06:30 started"]
    tick = decide(subject, calendar, DAY, at("09:35"))
    assert seen(tick) == [f"24 06:30 {state}"]
    reason = tick.occurrences[0].reason
    assert reason is not None
    assert "3 小时 5 分钟" in reason.zh


@pytest.mark.parametrize(
    ("missed", "state"), [(Missed.SKIP, "missed"), (Missed.ONCE, "started"), (Missed.ASK, "asks")]
)
def test_after_days_of_outage_every_round_is_recorded_and_one_at_most_is_made_up_for(
    missed: Missed, state: str, calendar: WorkCalendar
) -> None:
    tick = decide(rounds(missed=missed), calendar, DAY, at("12:00", day=2))
    assert seen(tick) == [
        "24 06:30 missed",
        "24 17:45 missed",
        "25 06:30 missed",
        "25 17:45 missed",
        f"26 06:30 {state}",
    ]


@pytest.mark.parametrize("missed", Missed)
def test_a_round_that_is_due_now_makes_up_for_those_that_were_missed(
    missed: Missed, calendar: WorkCalendar
) -> None:
    tick = decide(rounds(missed=missed), calendar, DAY, at("17:50"))
    assert seen(tick) == ["24 06:30 missed", "24 17:45 started"]


def test_the_same_round_does_not_run_twice_in_a_row(calendar: WorkCalendar) -> None:
    often = schedule(zone="UTC", when=Every(timedelta(minutes=5)), late=LATE)
    tick = decide(often, calendar, DAY, at("00:12"))
    assert seen(tick) == ["24 00:05 missed", "24 00:10 started"]
    assert tick.occurrences[0].reason is not None
    assert "下一次" in tick.occurrences[0].reason.zh


@pytest.mark.parametrize(
    ("overlap", "before", "state"),
    [
        (Overlap.SKIP, Before.UNDER_WAY, "skipped"),
        (Overlap.SKIP, Before.WAITED_FOR, "skipped"),
        (Overlap.QUEUE, Before.UNDER_WAY, "queued"),
        (Overlap.QUEUE, Before.WAITED_FOR, "skipped"),
    ],
)
def test_a_run_that_is_still_under_way_is_not_joined_by_another(
    overlap: Overlap, before: Before, state: str, calendar: WorkCalendar
) -> None:
    tick = decide(rounds(overlap=overlap), calendar, DAY, at("06:30"), before)
    assert seen(tick) == [f"24 06:30 {state}"]
    assert tick.occurrences[0].reason is not None


def test_asking_does_not_wait_for_the_run_before(calendar: WorkCalendar) -> None:
    tick = decide(rounds(missed=Missed.ASK), calendar, DAY, at("09:00"), Before.UNDER_WAY)
    assert seen(tick) == ["24 06:30 asks"]


def test_a_pause_skips_what_falls_within_it(calendar: WorkCalendar) -> None:
    pause = Pause(at("06:00"))
    assert seen(decide(rounds(), calendar, DAY, at("06:31"), pause=pause)) == ["24 06:30 skipped"]
    ended = Pause(at("06:00"), until=at("17:00"))
    assert seen(decide(rounds(), calendar, DAY, at("17:50"), pause=ended)) == [
        "24 06:30 skipped",
        "24 17:45 started",
    ]


def test_nothing_starts_and_nobody_is_asked_during_a_pause(calendar: WorkCalendar) -> None:
    for missed in Missed:
        tick = decide(rounds(missed=missed), calendar, DAY, at("07:30"), pause=Pause(at("07:20")))
        assert seen(tick) == ["24 06:30 missed"]


def test_a_clock_that_was_set_back_repeats_nothing_and_says_how_far(calendar: WorkCalendar) -> None:
    tick = decide(rounds(), calendar, at("06:30"), at("05:40"))
    assert (seen(tick), tick.ahead) == ([], timedelta(minutes=50))


def test_an_outage_of_years_is_settled_in_parts_of_which_none_runs_anything_early(
    calendar: WorkCalendar,
) -> None:
    often = schedule(zone="UTC", when=Every(timedelta(minutes=1)), missed=Missed.ONCE)
    now, last, sizes, started = at("00:00", day=2), DAY, [], []
    while True:
        tick = decide(often, calendar, last, now)
        sizes.append(len(tick.occurrences))
        started += [one.due.at for one in tick.occurrences if one.state == "started"]
        last = tick.occurrences[-1].due.at
        if not tick.more:
            break
    assert sizes == [LIMIT, LIMIT, 2 * 24 * 60 - 2 * LIMIT]
    assert started == [now]
