"""The doctor on sites that are ill, on both databases: each illness is found, named and given its cure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from psycopg.sql import SQL, Identifier

from orchestrator.application.doctor import Doctor
from orchestrator.application.timetables import Timetables
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.effect import Effect
from orchestrator.model.lease import Lease, Life
from orchestrator.model.run import (
    Decision,
    Intent,
    RunRequest,
    RunState,
    TaskOutcome,
    TaskState,
    Wait,
)
from orchestrator.model.runbook import Kind
from orchestrator.model.schedule_record import PauseRecord
from orchestrator.model.server import Server
from orchestrator.model.site import Site
from orchestrator.model.tick import OccurrenceState, Pause
from orchestrator.records import database as records
from orchestrator.records.backup import Occasion, backup_file, make_backup
from orchestrator.records.events import append_events
from orchestrator.records.journal import Entered, write_journal
from orchestrator.records.leases import beat, bury, drop_lease, take_lease
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.schedule_occurrence import ScheduleOccurrence
from orchestrator.records.postings import mark_handed, new_postings
from orchestrator.records.process import this_life
from orchestrator.records.rulings import rule
from orchestrator.records.runs import (
    finish_run,
    get_run,
    make_run_wait,
    request_cancel,
    request_run,
    take_run,
)
from orchestrator.records.schedule_pauses import pause_schedule
from orchestrator.records.schedules import watch_schedules
from orchestrator.settings import content_root
from tests.postgres import execute

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
ELSEWHERE = Life("other-machine", 4711, "boot 1 99")
WANG = Actor("wang", Proof.SESSION)


@pytest.fixture
def site(database: Path) -> Site:
    """A site that is well, once on each database."""
    return _well(database)


@pytest.fixture
def file_site(sqlite_database: Path) -> Site:
    """The same for what has nothing to do with the database."""
    return _well(sqlite_database)


@pytest.fixture
def gone() -> Life:
    """A process of this machine that has ended."""
    with subprocess.Popen(["sleep", "60"]) as process:
        started = (Path("/proc") / str(process.pid) / "stat").read_text().rpartition(")")[2].split()[19]
        process.kill()
    mark = this_life().mark.rpartition(" ")[0]
    return Life(os.uname().nodename, process.pid, f"{mark} {started}")


def _well(database: Path) -> Site:
    """Its files have the right modes, and it was backed up an hour ago."""
    root = database.parent
    database.chmod(0o750)
    known_hosts = root / "known_hosts"
    known_hosts.touch(0o644)
    place = records.place()
    occasion = Occasion("1", "示范医院", "asked", NOW - timedelta(hours=1))
    make_backup(backup_file(database, occasion), occasion)
    return Site(
        root=root,
        hospital=Text("示范医院", "demo hospital"),
        inventory=(),
        runbooks=(root / "runbooks",),
        systems=None,
        thresholds=None,
        accepted=(),
        known_hosts=known_hosts,
        state=database,
        vault_password_file=None,
        timezone=ZoneInfo("Asia/Shanghai"),
        concurrency=1,
        connect_timeout=1.0,
        host_timeout=1.0,
        database=place if isinstance(place, Server) else None,
    )


def _examine(
    site: Site, now: datetime = NOW, wait: Callable[[float], None] = lambda _: None
) -> list[Diagnosis]:
    def clock() -> datetime:
        return now

    return list(Doctor(site, Timetables(site, clock), clock, wait).examine())


def _ill(found: list[Diagnosis]) -> list[tuple[str, Condition]]:
    """What is not well. The clock of a real server is not the one of these tests."""
    return [
        (one.name, one.condition)
        for one in found
        if one.condition is not Condition.OK and one.name != "clock"
    ]


def _named(found: list[Diagnosis], name: str) -> Diagnosis:
    (one,) = [one for one in found if one.name == name]
    return one


def _request(key: str = "k", at: datetime = NOW) -> int:
    return request_run(RunRequest("emergency/restart", Kind.EMERGENCY, WANG, key), at)


def _taken(executor: str, key: str = "k", at: datetime = NOW) -> int:
    number = _request(key, at)
    assert take_run(number, executor, at)
    mark_handed([one.number for one in new_postings()])
    return number


def _worker(life: Life | None = None, at: datetime = NOW) -> Lease:
    return take_lease("ward", life or this_life(), at)


def test_a_site_that_is_well_is_told_so_in_every_point(site: Site) -> None:
    _worker()
    found = _examine(site)
    assert _ill(found) == []
    assert {one.name for one in found} == {
        *("files", "disk", "backup", "database", "log", "clock", "future", "worker", "runs")
    }
    assert all(one.cure is None for one in found if one.condition is Condition.OK)


def test_a_run_whose_worker_died_is_stuck_and_its_number_is_in_the_cure(site: Site, gone: Life) -> None:
    number = _taken(_worker(gone).executor)
    found = _examine(site)
    assert _ill(found) == [("worker", Condition.CRIT), ("stuck-run", Condition.CRIT)]
    stuck = _named(found, "stuck-run")
    assert stuck.cure is not None
    assert f"wardround run resume {number}" in stuck.cure.en
    assert "ward#" in stuck.said.zh
    assert "has died" in _named(found, "worker").said.en


def test_a_run_that_is_being_cancelled_by_nobody_is_stuck_too(site: Site) -> None:
    number = _taken("ward#99")
    request_cancel(number, WANG, NOW)
    assert _named(_examine(site), "stuck-run").subject == str(number)


def test_a_run_in_the_hands_of_a_living_worker_is_left_in_peace(site: Site) -> None:
    _taken(_worker().executor)
    assert _ill(_examine(site)) == []


def test_runs_that_are_queued_without_a_worker_are_counted_with_their_age(site: Site) -> None:
    first = _request("a", NOW - timedelta(hours=3))
    second = _request("b", NOW - timedelta(minutes=5))
    _request("c", NOW)
    queued = _named(_examine(site), "queued-run")
    assert queued.condition is Condition.CRIT
    assert (
        queued.said.en
        == f"2 runs are queued and no worker is alive, the oldest for 3 hours: {first}, {second}"
    )


def test_a_run_that_was_asked_for_just_now_is_on_its_way(file_site: Site) -> None:
    _request()
    assert _ill(_examine(file_site)) == []


def _lost(site: Site, ago: timedelta = timedelta(hours=2)) -> int:
    """A run that does not know what came of `backup` on his-db01, and waits for a ruling."""
    number = _taken(_worker().executor)
    intent = Intent("his-db01", "backup", 1, Effect.ONCE, "t" * 32, "s" * 32)
    lost = TaskOutcome("his-db01", "backup", 1, TaskState.UNKNOWN)
    write_journal(number, 1, [intent], NOW - ago)
    write_journal(number, 1, [lost], NOW - ago)
    make_run_wait(number, 1, Wait.RULING, Text("待裁定", "to be ruled on"), NOW - ago)
    return number


def _rule(number: int, decision: Decision, by: str) -> None:
    rule(number, "his-db01", "backup", decision, Actor(by, Proof.SESSION), "seen", NOW)


def test_an_unknown_outcome_comes_with_the_command_that_rules_on_it(site: Site) -> None:
    number = _lost(site)
    found = _examine(site)
    assert _ill(found) == [("unknown-outcome", Condition.CRIT)]
    unknown = _named(found, "unknown-outcome")
    assert unknown.cure is not None
    assert f"wardround run rule {number} his-db01 backup --decision done|retry|abort" in unknown.cure.zh
    assert "2 hours" in unknown.said.en


def test_two_rulings_that_differ_are_told_with_who_gave_them_and_that_a_third_decides(site: Site) -> None:
    number = _lost(site)
    _rule(number, Decision.DONE, "wang")
    assert _named(_examine(site), "unknown-outcome").said.en.endswith(
        '; wang ruled "take it for done"; another person has to rule the same'
    )
    _rule(number, Decision.ABORT, "li")
    said = _named(_examine(site), "unknown-outcome").said
    assert said.en.endswith(
        '; wang ruled "take it for done", li ruled "go no further on this host", '
        "and they disagree: a third person decides"
    )
    assert said.zh.endswith("；wang 裁定“视为已完成”，li 裁定“在该主机上中止”，意见不一：由第三人裁定")
    _rule(number, Decision.DONE, "zhao")
    assert _ill(_examine(site)) == []


def test_what_nobody_knows_of_a_run_that_is_over_is_told_until_it_is_ruled_on(site: Site) -> None:
    number = _lost(site)
    finish_run(number, 1, RunState.UNKNOWN, Text("结果未知", "unknown"), NOW - timedelta(hours=1), {})
    found = _examine(site)
    assert _ill(found) == [("unknown-outcome", Condition.WARN)]
    unknown = _named(found, "unknown-outcome")
    assert unknown.said.en == (
        f"run {number} is over, and nobody has found out what came of backup on his-db01 2 hours ago"
    )
    assert unknown.cure is not None
    assert f"wardround run rule {number} his-db01 backup --decision" in unknown.cure.en
    for by in ("wang", "li"):
        _rule(number, Decision.DONE, by)
    assert _ill(_examine(site)) == []
    assert get_run(number).state is RunState.UNKNOWN


def test_a_lost_look_of_a_run_that_is_over_needs_nobody(file_site: Site) -> None:
    number = _taken(_worker().executor)
    looked = Intent("his-db01", "look", 1, Effect.READ, "t" * 32, "")
    write_journal(number, 1, [Entered(looked, TaskOutcome("his-db01", "look", 1, TaskState.UNKNOWN))], NOW)
    finish_run(number, 1, RunState.UNKNOWN, None, NOW, {})
    assert _ill(_examine(file_site)) == []


def test_a_wait_for_a_host_is_counted_from_its_first_look(site: Site) -> None:
    number = _taken(_worker().executor, at=NOW - timedelta(hours=5))
    for hours in (5, 3, 1):
        at = NOW - timedelta(hours=hours)
        until = NOW + timedelta(seconds=30)
        make_run_wait(number, 4 - (hours + 1) // 2, Wait.HOST, Text("db1 不可达", "db1 is away"), at, until)
        if hours > 1:
            assert take_run(number, "ward#1", at)
    waiting = _named(_examine(site), "waiting-run")
    assert (waiting.condition, waiting.said.en) == (
        Condition.WARN,
        f"run {number} has waited for 5 hours: db1 is away",
    )


def test_a_pause_that_lasts_is_no_illness(site: Site) -> None:
    number = _taken(_worker().executor)
    make_run_wait(number, 1, Wait.TIME, Text("暂停", "pause"), NOW, NOW + timedelta(hours=8))
    assert _ill(_examine(site)) == []


def test_a_leg_that_is_due_and_does_not_begin_is_named(site: Site) -> None:
    _worker()
    number = _request(at=NOW - timedelta(minutes=20))
    found = _examine(site)
    assert _ill(found) == [("undelivered", Condition.WARN)]
    assert (
        _named(found, "undelivered").said.en
        == f"run {number} was due 20 minutes ago, and no worker has begun with it"
    )


def test_of_many_runs_that_wait_the_first_are_named_and_the_rest_counted(file_site: Site) -> None:
    executor = _worker().executor
    for key in range(23):
        number = _taken(executor, str(key))
        make_run_wait(number, 1, Wait.OTHER_RUN, Text("被占用", "held"), NOW)
    waiting = [one.said.en for one in _examine(file_site) if one.name == "waiting-run"]
    assert len(waiting) == 21
    assert waiting[-1] == "3 more runs like these"


def test_a_worker_elsewhere_that_does_not_move_between_two_looks_is_silent(site: Site) -> None:
    _worker(ELSEWHERE, NOW - timedelta(minutes=10))
    waits: list[float] = []
    found = _examine(site, wait=waits.append)
    assert _ill(found) == [("worker", Condition.CRIT)]
    assert "10 minutes" in _named(found, "worker").said.en
    assert len(waits) == 1


def test_a_worker_that_moves_is_alive_and_its_clock_is_what_is_wrong(site: Site) -> None:
    lease = _worker(ELSEWHERE, NOW + timedelta(hours=1))
    found = _examine(site, wait=lambda _: _require(beat(lease, NOW + timedelta(hours=1))))
    wrong = [one for one in found if one.name == "clock" and one.subject == "ward"]
    assert [one.said.en for one in wrong] == [
        "the clock of other-machine, where a worker runs, is 60 minutes ahead of ours"
    ]
    assert [one.condition for one in found if one.name == "worker"] == [Condition.OK]


def test_a_worker_that_gives_its_lease_back_between_two_looks_was_no_illness(file_site: Site) -> None:
    lease = _worker(ELSEWHERE, NOW - timedelta(minutes=1))
    assert _ill(_examine(file_site, wait=lambda _: drop_lease(lease))) == []


def test_a_worker_that_was_buried_is_told_until_its_runs_are_handed_on(file_site: Site) -> None:
    assert bury(_worker(ELSEWHERE))
    assert _ill(_examine(file_site)) == [("worker", Condition.WARN)]


def test_events_that_lie_in_the_future_tell_of_a_wrong_clock(site: Site) -> None:
    append_events(NOW + timedelta(hours=1), WANG, [(EventKind.LOGGED_IN, "wang", {})])
    future = _named(_examine(site), "future")
    assert future.condition is Condition.CRIT
    assert "60 minutes ahead" in future.said.en


def test_the_servers_clock_is_held_against_ours(site: Site) -> None:
    (clock,) = [one for one in _examine(site, datetime.now(UTC)) if one.name == "clock"]
    assert clock.condition is Condition.OK
    (clock,) = [
        one for one in _examine(site, datetime.now(UTC) + timedelta(minutes=125)) if one.name == "clock"
    ]
    if site.database is None:
        assert clock.condition is Condition.OK
    else:
        assert (clock.condition, clock.said.en) == (
            Condition.CRIT,
            "the database server's clock is 2 hours behind ours",
        )


def test_a_log_whose_end_is_missing_is_found(site: Site) -> None:
    append_events(NOW, WANG, [(EventKind.LOGGED_IN, "wang", {})])
    (site.state / "audit" / "head.json").unlink()
    log = _named(_examine(site), "log")
    assert log.condition is Condition.CRIT
    assert log.cure is not None


@pytest.mark.parametrize(
    ("age", "condition"),
    [
        (timedelta(hours=25), Condition.OK),
        (timedelta(hours=27), Condition.WARN),
        (timedelta(days=9), Condition.CRIT),
    ],
)
def test_a_backup_grows_old(file_site: Site, age: timedelta, condition: Condition) -> None:
    backup = _named(_examine(file_site, NOW - timedelta(hours=1) + age), "backup")
    assert backup.condition is condition


def test_a_backup_that_can_not_be_read_is_none(file_site: Site) -> None:
    (backup,) = (file_site.state / "backups").glob("*.zip")
    backup.write_bytes(b"torn")
    found = [one for one in _examine(file_site) if one.name == "backup"]
    assert [one.condition for one in found] == [Condition.WARN, Condition.WARN]
    assert {one.said.en for one in found} == {"there is no backup", f"{backup} is damaged, or no backup"}


def test_a_database_that_takes_no_writes_is_told_and_the_rest_is_unknown(site: Site) -> None:
    if site.database is None:
        path = site.state / records.FILE
        records.disconnect()
        path.write_bytes(b"this is no database at all" * 100)
    else:
        name = Identifier(site.database.name)
        execute(site.database, SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        records.disconnect()
    found = _examine(site)
    assert _ill(found) == [("database", Condition.CRIT), ("records", Condition.UNKNOWN)]


def test_a_database_that_an_upgrade_has_not_reached_is_told_and_left_alone(site: Site) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE name = '0008_runs'")
    found = _examine(site)
    assert _ill(found) == [("database", Condition.CRIT), ("records", Condition.UNKNOWN)]
    assert "0008_runs" in _named(found, "database").said.en
    assert "0008_runs" not in records.applied_migrations()


def test_a_database_of_a_newer_version_is_told(site: Site) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('records', '9999_later', %s)", [NOW]
        )
    assert "9999_later" in _named(_examine(site), "database").said.en


def test_a_site_without_records_is_told_how_they_are_made_and_nothing_is_made(file_site: Site) -> None:
    new = replace(file_site, state=file_site.root / "var", database=None)
    found = _examine(new)
    assert _ill(found) == [("backup", Condition.WARN), ("database", Condition.WARN)]
    assert not new.state.exists()


def test_a_server_that_does_not_answer_is_told(file_site: Site) -> None:
    away = replace(file_site, database=Server("wardround", "127.0.0.1", 1, "ward"))
    found = _examine(away)
    assert ("database", Condition.CRIT) in _ill(found)
    assert ("records", Condition.UNKNOWN) in _ill(found)


def test_secrets_that_others_may_read_and_trust_that_others_may_write_are_named(file_site: Site) -> None:
    password, key = file_site.root / "vault", file_site.state / "site.key"
    for path in (password, key):
        path.touch()
        path.chmod(0o640)
    file_site.known_hosts.chmod(0o666)
    file_site.state.chmod(0o755)
    found = _examine(replace(file_site, vault_password_file=password))
    wrong = {Path(one.subject).name: one.condition for one in found if one.name == "files"}
    assert wrong == {
        "vault": Condition.CRIT,
        "site.key": Condition.CRIT,
        "known_hosts": Condition.CRIT,
        "state": Condition.WARN,
    }


def test_a_password_program_may_be_run_by_its_group(file_site: Site) -> None:
    program = file_site.root / "vault.sh"
    program.touch()
    program.chmod(0o750)
    assert _ill(_examine(replace(file_site, vault_password_file=program))) == []


def test_a_password_file_that_is_not_there_is_named(file_site: Site) -> None:
    found = _examine(replace(file_site, vault_password_file=file_site.root / "vault"))
    assert _ill(found) == [("files", Condition.CRIT)]


def test_a_password_that_systemd_hands_to_the_unit_alone_is_not_looked_for(file_site: Site) -> None:
    handed = Path("/run/credentials/wardround-worker.service/vault-password")
    assert _ill(_examine(replace(file_site, vault_password_file=handed))) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_files_that_a_command_of_another_account_left_are_named_with_both_accounts(file_site: Site) -> None:
    lost = file_site.state / "store" / "ab"
    lost.mkdir(parents=True)
    (file_site.state / "engine.sqlite3").touch()
    for path in (lost, file_site.state / "engine.sqlite3"):
        os.chown(path, 65534, 65534)
    found = _examine(file_site)
    assert _ill(found) == [("files", Condition.CRIT)]
    wrong = _named(found, "files")
    assert wrong.said.en == (
        f"the state folder {file_site.state} belongs to root, and 2 files in it to nobody: "
        "root may fail at engine.sqlite3, store/ab"
    )
    assert wrong.cure is not None
    assert f"chown -R --reference={file_site.state} {file_site.state}" in wrong.cure.zh


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is missing")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_state_folder_of_another_account_is_told_with_its_owner_and_the_cure(tmp_path: Path) -> None:
    site, command = tmp_path / "site", Path(sys.executable).with_name("wardround")
    subprocess.run([command, "init", site], check=True, capture_output=True, timeout=60)
    (site / "var").mkdir(mode=0o750)
    os.chown(site / "var", 65534, 65534)
    # Root without its capabilities is an account like any other.
    told = subprocess.run(
        ["setpriv", "--bounding-set=-all", "--inh-caps=-all", command, "--lang", "en", "doctor"],
        cwd=site,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 3, told
    assert (
        f"{site / 'var'} belongs to nobody, and this account, root, may not read and write it" in told.stdout
    )
    assert f"chown -R root: {site / 'var'}" in told.stdout
    assert "Traceback" not in told.stderr


TIMETABLE = """\
schedules:
  - name: morning
    title: 早巡检
    runbook: morning
    at: "07:30"
    days: {days}
"""


def _with_timetable(site: Site, text: str) -> Site:
    path = site.root / "timetable.yml"
    path.write_text(text, "utf-8")
    folder = site.root / "runbooks" / "inspection"
    folder.mkdir(parents=True)
    (folder / "morning.yml").touch()
    return replace(site, timetable=path, calendars=(content_root() / "inventories" / "calendars",))


def test_a_timetable_without_a_worker_does_not_run(file_site: Site) -> None:
    found = _examine(_with_timetable(file_site, TIMETABLE.format(days="every_day")))
    assert _ill(found) == [("worker", Condition.CRIT)]


def test_a_missed_time_that_waits_for_an_answer_comes_with_the_command_that_gives_it(site: Site) -> None:
    _worker()
    _occurrence("morning", OccurrenceState.ASKS, NOW - timedelta(hours=8))
    asks = _named(_examine(_with_timetable(site, TIMETABLE.format(days="every_day"))), "schedule")
    assert (asks.condition, asks.said.en) == (
        Condition.WARN,
        "morning missed 2026-11-24 07:30 and has waited for an answer for 7 hours",
    )
    assert asks.cure is not None
    assert "wardround schedule answer morning 2026-11-24T07:30+08:00 --run|--skip" in asks.cure.zh


def test_a_schedule_that_missed_its_last_time_is_named(site: Site) -> None:
    _worker()
    _occurrence("morning", OccurrenceState.MISSED, NOW - timedelta(hours=8))
    missed = _named(_examine(_with_timetable(site, TIMETABLE.format(days="every_day"))), "schedule")
    assert missed.said.en == "morning missed its last time, 2026-11-24 07:30: too late"


def test_a_schedule_whose_records_lie_in_the_future_does_not_run_and_is_named(site: Site) -> None:
    _worker()
    watch_schedules(["morning"], (), NOW + timedelta(hours=1))
    ahead = _named(_examine(_with_timetable(site, TIMETABLE.format(days="every_day"))), "schedule")
    assert ahead.condition is Condition.CRIT
    assert "60 minutes ahead" in ahead.said.en


def test_a_time_that_passed_without_a_record_is_named(site: Site) -> None:
    _worker()
    watch_schedules(["morning"], (), NOW - timedelta(days=1))
    unseen = _named(_examine(_with_timetable(site, TIMETABLE.format(days="every_day"))), "schedule")
    assert unseen.condition is Condition.CRIT
    assert "was due at 2026-11-24 07:30 and has no record" in unseen.said.en


@pytest.mark.parametrize(
    ("until", "condition"), [(None, Condition.WARN), (NOW + timedelta(hours=2), Condition.OK)]
)
def test_a_pause_without_an_end_is_told(site: Site, until: datetime | None, condition: Condition) -> None:
    _worker()
    pause_schedule(PauseRecord("morning", Pause(NOW - timedelta(days=3), until), WANG, "机房搬迁"), NOW)
    paused = _named(_examine(_with_timetable(site, TIMETABLE.format(days="every_day"))), "schedule")
    assert paused.condition is condition
    assert "机房搬迁" in paused.said.zh


def _occurrence(name: str, state: OccurrenceState, due_at: datetime) -> None:
    watch_schedules([name], (), NOW)
    ScheduleOccurrence.objects.create(
        schedule=name,
        due_at=due_at,
        state=state,
        reason=["太晚", "too late"],
        decided_at=due_at + timedelta(minutes=20),
    )


def test_a_timetable_with_an_error_is_told(file_site: Site) -> None:
    _worker()
    found = _examine(_with_timetable(file_site, TIMETABLE.format(days="some_days")))
    assert _ill(found) == [("timetable", Condition.CRIT)]


def test_a_calendar_that_ends_soon_or_is_provisional_is_told_before_it_matters(file_site: Site) -> None:
    timed = _with_timetable(file_site, TIMETABLE.format(days="work_days"))
    calendar = "calendar"
    assert _named(_examine(timed), calendar).said.en.startswith(
        "morning follows provisional holidays of 2027"
    )
    later = datetime(2027, 12, 1, tzinfo=UTC)
    assert "2028" in _named(_examine(timed, later), calendar).said.en


def test_the_worst_comes_first(file_site: Site) -> None:
    file_site.known_hosts.unlink()
    _request(at=NOW - timedelta(hours=1))
    order = [one.condition for one in _examine(file_site)]
    assert order == sorted(order, key=list(Condition).index)
    assert order[0] is Condition.CRIT


def _require(moved: bool) -> None:
    assert moved


def test_a_state_folder_that_is_gone_is_told_and_not_stumbled_over(site: Site) -> None:
    records.disconnect()
    shutil.rmtree(site.state)
    found = _examine(site)
    assert [one.condition for one in found if one.name == "disk"] == [Condition.OK]
    assert ("backup", Condition.WARN) in _ill(found)
    assert not [one for one in found if one.condition is Condition.UNKNOWN]


def test_backups_that_cannot_be_looked_at_are_unknown_and_not_none(site: Site) -> None:
    folder = site.state / "backups"
    for backup in folder.iterdir():
        backup.unlink()
    folder.rmdir()
    folder.touch()
    assert [one.condition for one in _examine(site) if one.name == "backup"] == [Condition.UNKNOWN]
