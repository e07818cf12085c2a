"""Pausing, resuming and answering: decisions of people who may, and what a worker makes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from orchestrator.application.schedules import Schedules
from orchestrator.bootstrap import all_checks
from orchestrator.errors import Busy, Forbidden, InputError, NotFound, Unauthenticated
from orchestrator.model.actor import Proof
from orchestrator.model.person import Permission, Role
from orchestrator.model.run import RunState
from orchestrator.model.tick import OccurrenceState
from orchestrator.records.models import Event, Run, SchedulePause
from orchestrator.records.models.event import EventKind
from orchestrator.records.vouching import forged_rows
from tests.people import OUTSIDER, REQUESTER, Cast
from tests.timetables import Place, Wall, end_runs, states

START = datetime(2026, 3, 2, 0, tzinfo=UTC)
HALF_PAST_SIX = timedelta(hours=6, minutes=30)
TIMETABLE = """\
schedules:
  - {name: round, runbook: inspection/morning, at: "06:30", timezone: Asia/Shanghai, missed: ask}
"""
DUE = START + timedelta(days=1) - timedelta(hours=1, minutes=30)
"""06:30 in Shanghai, on March 3rd."""
pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def wall() -> Wall:
    return Wall(START)


@pytest.fixture
def place(tmp_path: Path, wall: Wall) -> Place:
    made = Place(tmp_path / "site", wall, TIMETABLE)
    site = made.root / "wardround.yml"
    site.write_text(site.read_text().replace("single_user: true", ""))
    return made


@pytest.fixture
def cast(place: Place, tmp_path: Path) -> Cast:
    # Their session does not age: what a test does in days they do at one sitting.
    cast = Cast(place.site, tmp_path / "sessions", lambda: START).enter((REQUESTER, OUTSIDER))
    cast.authorise(REQUESTER, Permission.MANAGE_SCHEDULES)
    cast.log_in(REQUESTER)
    return cast


@pytest.fixture
def schedules(place: Place, cast: Cast, wall: Wall) -> Schedules:
    return Schedules(place.site, all_checks(), place.timetables, cast.people, wall)


def _missed(place: Place, wall: Wall) -> None:
    place.scheduler().tick()
    wall.now = DUE + timedelta(hours=3)
    place.scheduler().tick()
    assert states() == {"03-02 22:30": "asks"}


def test_what_is_due_while_a_schedule_is_paused_is_skipped_and_stays_so(
    place: Place, schedules: Schedules, wall: Wall
) -> None:
    worker = place.scheduler()
    worker.tick()
    paused = schedules.pause("round", "3d", "power maintenance")
    assert (paused.by.name, paused.by.proof) == (REQUESTER, Proof.SESSION)
    wall.now = DUE
    worker.tick()
    assert states() == {"03-02 22:30": "skipped"}
    (view,) = schedules.list()
    assert view.pause is not None
    assert view.pause.reason == "power maintenance"
    assert view.last is not None
    assert view.last.state is OccurrenceState.SKIPPED
    schedules.resume("round")
    worker.tick()
    wall.now = DUE + timedelta(days=1)
    worker.tick()
    assert states() == {"03-02 22:30": "skipped", "03-03 22:30": "started"}
    told = Event.objects.filter(kind__in=(EventKind.SCHEDULE_PAUSED, EventKind.SCHEDULE_RESUMED))
    assert [one.actor for one in told] == [REQUESTER, REQUESTER]


def test_a_pause_that_has_an_end_ends_by_itself_and_its_due_times_are_no_missed_ones(
    place: Place, schedules: Schedules, wall: Wall
) -> None:
    place.scheduler().tick()
    schedules.pause("round", "2026-03-03", "power maintenance")
    wall.now = DUE + timedelta(days=1)
    place.scheduler().tick()
    assert states() == {"03-02 22:30": "skipped", "03-03 22:30": "started"}
    (view,) = schedules.list()
    assert view.pause is None
    with pytest.raises(InputError, match="not paused"):
        schedules.resume("round")


def test_paused_again_the_new_end_counts_and_the_first_beginning(schedules: Schedules, wall: Wall) -> None:
    schedules.pause("round", "1d", "one")
    wall.go_on(hours=1)
    second = schedules.pause("round", None, "two")
    assert (second.pause.since, second.pause.until) == (START, None)
    assert SchedulePause.objects.get().reason == "two"


def test_what_waits_for_the_run_before_is_skipped_when_the_schedule_is_paused(
    place: Place, schedules: Schedules, wall: Wall
) -> None:
    place.write(TIMETABLE.replace("missed: ask", "overlap: queue"))
    worker = place.scheduler()
    worker.tick()
    for _ in range(2):
        wall.now = DUE if wall.now == START else wall.now + timedelta(days=1)
        worker.tick()
    schedules.pause("round", None, "broken")
    end_runs()
    worker.tick()
    assert list(states().values()) == ["started", "skipped"]
    assert Run.objects.count() == 1


def test_a_missed_one_that_is_to_run_runs_once_as_its_schedule(
    place: Place, schedules: Schedules, wall: Wall
) -> None:
    _missed(place, wall)
    (view,) = schedules.list()
    assert [one.due_at for one in view.asks] == [DUE]
    answered = schedules.answer("round", "2026-03-03 06:30", run=True)
    assert (answered.state, answered.decided_by) == (OccurrenceState.STARTED, REQUESTER)
    run = Run.objects.get()
    assert (run.actor, run.due_at, run.state) == ("schedule:round", DUE, RunState.QUEUED)
    assert Event.objects.get(kind=EventKind.SCHEDULE_ANSWERED).actor == REQUESTER
    with pytest.raises(InputError, match="does not wait"):
        schedules.answer("round", "2026-03-03 06:30", run=True)
    assert Run.objects.count() == 1
    assert not schedules.list()[0].asks


def test_a_missed_one_that_is_declined_runs_never(place: Place, schedules: Schedules, wall: Wall) -> None:
    _missed(place, wall)
    answered = schedules.answer("round", DUE.isoformat(), run=False)
    assert answered.state is OccurrenceState.DECLINED
    place.scheduler().tick()
    assert states() == {"03-02 22:30": "declined"}
    assert Run.objects.count() == 0


def test_a_missed_one_is_not_made_up_for_while_the_run_before_is_under_way(
    place: Place, schedules: Schedules, wall: Wall
) -> None:
    _missed(place, wall)
    wall.now = DUE + timedelta(days=1)
    place.scheduler().tick()
    assert list(states().values()) == ["asks", "started"]
    with pytest.raises(Busy):
        schedules.answer("round", "2026-03-03 06:30", run=True)
    assert list(states().values()) == ["asks", "started"]
    end_runs()
    schedules.answer("round", "2026-03-03 06:30", run=True)
    assert list(states().values()) == ["started", "started"]


@pytest.mark.parametrize(
    "decide",
    [
        lambda one: one.pause("round", None, "why"),
        lambda one: one.resume("round"),
        lambda one: one.answer("round", "2026-03-03 06:30", run=True),
        lambda one: one.answer("round", "2026-03-03 06:30", run=False),
    ],
    ids=["pause", "resume", "run", "skip"],
)
def test_who_may_not_decide_changes_nothing(
    decide: Callable[[Schedules], object], place: Place, schedules: Schedules, cast: Cast, wall: Wall
) -> None:
    _missed(place, wall)
    cast.log_in(OUTSIDER)
    with pytest.raises(Forbidden):
        decide(schedules)
    cast.account("engineer", Role.ENGINEER)
    cast.log_in("engineer")
    with pytest.raises(Forbidden):
        decide(schedules)
    cast.log_out()
    with pytest.raises(Unauthenticated):
        decide(schedules)
    assert states() == {"03-02 22:30": "asks"}
    assert not SchedulePause.objects.exists()
    assert not Run.objects.exists()


def test_a_name_that_is_not_there_and_a_pause_without_reason_are_refused(schedules: Schedules) -> None:
    with pytest.raises(NotFound, match="no schedule roud"):
        schedules.pause("roud", None, "why")
    with pytest.raises(InputError, match="reason"):
        schedules.pause("round", None, " ")
    with pytest.raises(InputError, match="passed"):
        schedules.pause("round", "2020-01-01", "why")
    with pytest.raises(NotFound):
        schedules.answer("round", "2026-03-03 06:31", run=False)
    assert not SchedulePause.objects.exists()


def test_what_a_worker_goes_on_with_can_be_paused_while_the_file_is_broken(
    place: Place, cast: Cast, wall: Wall
) -> None:
    worker = place.scheduler()
    worker.tick()
    place.write("schedules: nonsense\n")
    Schedules(place.site, all_checks(), place.timetables, cast.people, wall).pause("round", None, "broken")
    wall.now = DUE
    worker.tick()
    assert states() == {"03-02 22:30": "skipped"}


def test_the_list_tells_that_nobody_looks_and_that_the_clock_was_set_back(
    place: Place, schedules: Schedules, wall: Wall
) -> None:
    place.scheduler().tick()
    wall.now = DUE + timedelta(hours=1)
    assert (unseen := schedules.list()[0].unseen) is not None
    assert unseen.at == DUE
    place.scheduler().tick()
    assert schedules.list()[0].unseen is None
    wall.now = DUE - timedelta(hours=1)
    assert schedules.list()[0].ahead == timedelta(hours=1)


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def named() -> list[str]:
    return [row.subject for row in forged_rows()]


def test_a_pause_that_somebody_put_into_the_database_silences_no_round_and_is_named(
    place: Place, schedules: Schedules, wall: Wall
) -> None:
    worker = place.scheduler()
    worker.tick()
    SchedulePause.objects.create(schedule="round", since=START, by=REQUESTER, proof="session", reason="why")
    wall.now = DUE
    worker.tick()
    assert states() == {"03-02 22:30": "started"}
    assert (named(), schedules.list()[0].pause) == (["pause round"], None)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE records_schedulepause SET until = NULL",
        "UPDATE records_schedulepause SET until = '2027-01-01 00:00:00+00:00'",
        "UPDATE records_schedulepause SET since = '2026-01-01 00:00:00+00:00', until = NULL",
    ],
)
def test_a_pause_that_is_over_is_not_made_to_last(
    place: Place, schedules: Schedules, wall: Wall, change: str
) -> None:
    worker = place.scheduler()
    worker.tick()
    schedules.pause("round", None, "power maintenance")
    wall.go_on(hours=1)
    schedules.resume("round")
    assert named() == []
    sql(change)
    wall.now = DUE
    worker.tick()
    assert states() == {"03-02 22:30": "started"}
    assert named() == ["pause round"]


def test_a_pause_that_is_removed_from_the_database_is_named(schedules: Schedules) -> None:
    schedules.pause("round", None, "power maintenance")
    SchedulePause.objects.all().delete()
    (row,) = forged_rows()
    assert (row.subject, row.missing) == ("pause round", True)


def test_a_forged_pause_is_replaced_by_one_that_is_asked_for_and_ended_by_resuming(
    schedules: Schedules, wall: Wall
) -> None:
    SchedulePause.objects.create(schedule="round", since=START, by="mallory", proof="session", reason="x")
    wall.go_on(hours=1)
    asked = schedules.pause("round", None, "power maintenance")
    assert (asked.pause.since, named()) == (wall.now, [])
    sql("UPDATE records_schedulepause SET reason = 'another'")
    wall.go_on(hours=1)
    schedules.resume("round")
    assert schedules.list()[0].pause is None
