"""A timetable is looked after: each due time comes to one record, and at most one run."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.model.actor import Proof
from orchestrator.model.run import RunState
from orchestrator.records.database import disconnect
from orchestrator.records.models import Event, Run, ScheduleWatch
from orchestrator.records.models import ScheduleOccurrence as Row
from orchestrator.records.models.event import EventKind
from orchestrator.records.runs import run_request
from tests.timetables import Place, Wall, end_runs, states

START = datetime(2026, 3, 2, 0, tzinfo=UTC)
ONE = """\
schedules:
  - {{name: round, runbook: inspection/morning, at: "06:30", timezone: UTC{more}}}
"""
pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def wall() -> Wall:
    return Wall(START)


def _place(tmp_path: Path, wall: Wall, more: str = "") -> Place:
    return Place(tmp_path / "site", wall, ONE.format(more=more))


def test_a_due_time_asks_for_a_run_that_names_schedule_and_time(tmp_path: Path, wall: Wall) -> None:
    worker = _place(tmp_path, wall, ', limit: "his"').scheduler()
    worker.tick()
    assert states() == {}
    wall.now = START + timedelta(hours=6, minutes=30)
    worker.tick()
    worker.tick()
    (run,) = Run.objects.all()
    assert states() == {"03-02 06:30": "started"}
    request = run_request(run.pk)
    assert (request.actor.name, request.actor.proof) == ("schedule:round", Proof.PROGRAM)
    assert (request.runbook, request.limit, request.schedule) == ("inspection/morning", "his", "round")
    assert request.due_at == wall.now
    assert run.postings.count() == 1
    (told,) = Event.objects.filter(kind=EventKind.RUN_REQUESTED)
    assert told.actor == "schedule:round"


@pytest.mark.parametrize(
    ("policy", "state", "runs"), [("skip", "missed", 0), ("once", "started", 1), ("ask", "asks", 0)]
)
def test_what_was_due_while_no_worker_lived_is_settled_by_its_policy_when_one_begins(
    policy: str, state: str, runs: int, tmp_path: Path, wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    place = _place(tmp_path, wall, f", missed: {policy}")
    place.scheduler().tick()
    wall.now = START + timedelta(days=2, hours=9)
    with caplog.at_level(logging.WARNING):
        place.scheduler().tick()
    assert states() == {"03-02 06:30": "missed", "03-03 06:30": "missed", "03-04 06:30": state}
    assert Run.objects.count() == runs
    assert Event.objects.filter(kind=EventKind.SCHEDULE_MISSED).count() == (2 if policy == "ask" else 1)
    assert "漏执行" in caplog.text


def test_of_two_workers_who_look_at_the_same_moment_one_starts_it(tmp_path: Path, wall: Wall) -> None:
    place = _place(tmp_path, wall)
    workers = [place.scheduler() for _ in range(2)]
    for worker in workers:
        worker.tick()
    wall.now = START + timedelta(hours=6, minutes=30)
    meet = threading.Barrier(2)
    wrong: list[BaseException] = []

    def look(number: int) -> None:
        try:
            meet.wait(30)
            workers[number].tick()
        except BaseException as error:
            wrong.append(error)
        finally:
            disconnect()

    threads = [threading.Thread(target=look, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert states() == {"03-02 06:30": "started"}
    assert Run.objects.count() == 1


def test_while_the_run_before_is_under_way_the_next_one_is_skipped_or_waits(
    tmp_path: Path, wall: Wall
) -> None:
    place = _place(tmp_path, wall)
    worker = place.scheduler()
    worker.tick()
    wall.now = START + timedelta(hours=6, minutes=30)
    worker.tick()
    place.write(ONE.format(more=", overlap: skip"))
    wall.go_on(days=1)
    worker.tick()
    assert states()["03-03 06:30"] == "skipped"
    place.write(ONE.format(more=", overlap: queue"))
    worker.tick()
    wall.go_on(days=1)
    worker.tick()
    wall.go_on(days=1)
    worker.tick()
    assert list(states().values()) == ["started", "skipped", "queued", "skipped"]
    assert Run.objects.count() == 1
    end_runs()
    worker.tick()
    assert list(states().values()) == ["started", "skipped", "started", "skipped"]
    assert Run.objects.count() == 2
    assert Run.objects.latest("pk").due_at == START + timedelta(days=2, hours=6, minutes=30)


def test_what_waits_is_let_go_when_the_timetable_has_it_no_more(tmp_path: Path, wall: Wall) -> None:
    place = _place(tmp_path, wall, ", overlap: queue")
    worker = place.scheduler()
    worker.tick()
    for _ in range(2):
        wall.now = (wall.now + timedelta(days=1)).replace(hour=6, minute=30)
        worker.tick()
    assert list(states().values()) == ["missed", "started", "queued"]
    place.write("schedules: []\n")
    worker.tick()
    worker.tick()
    assert list(states().values()) == ["missed", "started", "skipped"]
    assert not ScheduleWatch.objects.exists()


def test_a_schedule_that_comes_back_is_not_made_up_for(tmp_path: Path, wall: Wall) -> None:
    place = _place(tmp_path, wall, ", missed: once")
    worker = place.scheduler()
    worker.tick()
    place.write("schedules: []\n")
    worker.tick()
    wall.go_on(days=3)
    place.write(ONE.format(more=", missed: once"))
    worker.tick()
    assert states() == {}
    wall.now = START + timedelta(days=3, hours=6, minutes=31)
    worker.tick()
    assert states() == {"03-05 06:30": "started"}


def test_a_time_that_is_written_anew_was_not_due_before(tmp_path: Path, wall: Wall) -> None:
    place = _place(tmp_path, wall, ", missed: once")
    worker = place.scheduler()
    worker.tick()
    wall.now = START + timedelta(hours=5)
    place.write(ONE.format(more=", missed: once").replace("06:30", "02:00"))
    worker.tick()
    assert states() == {}
    wall.now = START + timedelta(hours=26)
    worker.tick()
    assert states() == {"03-03 02:00": "started"}


def test_a_timetable_that_is_broken_keeps_the_last_good_one_and_is_told_once(
    tmp_path: Path, wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    place = _place(tmp_path, wall)
    worker = place.scheduler()
    worker.tick()
    place.write("schedules:\n  - {name: round, runbook: no-such, at: '25:00'}\n")
    with caplog.at_level(logging.ERROR):
        for _ in range(40):
            worker.tick()
    (record,) = caplog.records
    assert "timetable.yml:2" in record.getMessage()
    assert "the last good one holds" in record.getMessage()
    wall.now = START + timedelta(hours=6, minutes=30)
    worker.tick()
    assert states() == {"03-02 06:30": "started"}


def test_a_timetable_that_was_broken_from_the_start_is_taken_up_when_what_it_names_comes(
    tmp_path: Path, wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(tmp_path / "site", wall, ONE.format(more="").replace("morning", "ours"))
    worker = place.scheduler()
    with caplog.at_level(logging.ERROR):
        worker.tick()
    assert "nothing runs" in caplog.text
    place.write_runbook("ours")
    for _ in range(20):
        worker.tick()
    wall.now = START + timedelta(hours=6, minutes=30)
    worker.tick()
    assert states() == {"03-02 06:30": "started"}


def test_a_runbook_that_is_gone_when_it_is_due_is_a_missed_one_with_its_reason(
    tmp_path: Path, wall: Wall
) -> None:
    place = _place(tmp_path, wall)
    runbook = place.write_runbook("ours")
    place.write(ONE.format(more="").replace("morning", "ours"))
    worker = place.scheduler()
    worker.tick()
    runbook.unlink()
    wall.now = START + timedelta(hours=6, minutes=30)
    worker.tick()
    (row,) = Row.objects.all()
    assert row.state == "missed"
    assert row.reason is not None
    assert "no runbook" in row.reason[1]
    assert Run.objects.count() == 0


def test_a_calendar_that_ends_stops_its_schedule_alone(
    tmp_path: Path, wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    wall.now = datetime(2027, 12, 31, 0, tzinfo=UTC)
    desk = '  - {name: desk, runbook: inspection/morning, at: "06:30", timezone: UTC, days: work_days}\n'
    place = Place(tmp_path / "site", wall, ONE.format(more="") + desk)
    worker = place.scheduler()
    with caplog.at_level(logging.ERROR):
        worker.tick()
        for _ in range(3):
            wall.now = (wall.now + timedelta(days=1)).replace(hour=6, minute=30)
            worker.tick()
            end_runs()
    assert len([state for state in states().values() if state == "started"]) == 3
    assert "2028" in caplog.text
    assert all(due < "2028" for due in states("desk"))


def test_a_clock_that_is_set_back_repeats_nothing(tmp_path: Path, wall: Wall) -> None:
    place = _place(tmp_path, wall)
    worker = place.scheduler()
    worker.tick()
    wall.now = START + timedelta(hours=6, minutes=30)
    worker.tick()
    end_runs()
    wall.go_on(hours=-1)
    for _ in range(3):
        place.scheduler().tick()
        worker.tick()
        wall.go_on(minutes=30)
    assert states() == {"03-02 06:30": "started"}
    assert Run.objects.count() == 1
    assert Run.objects.get().state == RunState.SUCCEEDED


def test_a_schedule_that_a_restored_backup_does_not_know_is_looked_after_anew(
    tmp_path: Path, wall: Wall
) -> None:
    worker = _place(tmp_path, wall).scheduler()
    worker.tick()
    ScheduleWatch.objects.all().delete()
    wall.now = START + timedelta(hours=6, minutes=30)
    worker.tick()
    wall.go_on(days=1)
    worker.tick()
    assert states() == {"03-03 06:30": "started"}


def test_a_thousand_missed_ones_are_rows_of_their_own_and_one_event(tmp_path: Path, wall: Wall) -> None:
    place = Place(
        tmp_path / "site",
        wall,
        "schedules:\n  - {name: round, runbook: inspection/morning, every: 1m, timezone: UTC}\n",
    )
    place.scheduler().tick()
    wall.go_on(days=1)
    place.scheduler().tick()
    assert Row.objects.count() == 1440
    assert Row.objects.filter(state="started").count() == 1
    assert Event.objects.filter(kind=EventKind.SCHEDULE_MISSED).count() == 2
