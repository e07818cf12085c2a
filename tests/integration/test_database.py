"""What becomes of the records when the disk, the folder or the file is not as it should be."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from orchestrator.errors import StoreError, StoreTooNew
from orchestrator.language import Language
from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict
from orchestrator.records import database as records
from orchestrator.records.models import Event, HostResult, Round
from orchestrator.records.rounds import get_round, list_rounds, settle_abandoned
from tests.rounds import START, plan, recorded, seen

ROOM = "1m"
"""Of the small disk: enough for an empty database and its log, and soon full."""


@pytest.fixture(autouse=True)
def own_database() -> Iterator[None]:
    yield
    records.disconnect()


def contents(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def test_opening_makes_the_folder_and_the_tables_and_opening_again_changes_nothing(tmp_path: Path) -> None:
    state = tmp_path / "site" / "state"
    records.open_database(state)
    number = recorded(plan("db1"), seen("db1", Verdict.OK))
    records.disconnect()
    before = (state / records.FILE).read_bytes()
    records.open_database(state)
    assert get_round(number).number == number
    records.disconnect()
    assert (state / records.FILE).read_bytes() == before


def test_the_database_survives_readers_beside_writers_and_power_cuts(sqlite_database: Path) -> None:
    with connection.cursor() as cursor:
        asked = {}
        for pragma in ("journal_mode", "synchronous", "foreign_keys"):
            cursor.execute(f"PRAGMA {pragma}")
            asked[pragma] = cursor.fetchone()[0]
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_processes_that_start_together_make_one_database(tmp_path: Path) -> None:
    opening = [
        subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path / "state")], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [process.communicate()[1].decode() for process in opening] == ["", "", ""]
    assert [process.returncode for process in opening] == [0, 0, 0]


OPEN = """
import sys; from pathlib import Path
from orchestrator.records.database import open_database
open_database(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("content", [b"this is no database\n" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / records.FILE).write_bytes(content)
    with pytest.raises(StoreError) as refused:
        records.open_database(tmp_path)
    assert str(tmp_path / records.FILE) in refused.value.say(Language.ZH)
    assert refused.value.hint is not None
    assert (tmp_path / records.FILE).read_bytes() == content
    assert contents(tmp_path) == [records.FILE]


def test_a_database_of_another_program_is_not_written_into(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / records.FILE)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="no database of this program"):
        records.open_database(tmp_path)
    with closing(sqlite3.connect(tmp_path / records.FILE)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_database_damaged_in_the_middle_is_named_when_it_is_read(sqlite_database: Path) -> None:
    recorded(plan(*(f"db{place}" for place in range(20))), *(seen(f"db{p}", Verdict.OK) for p in range(20)))
    records.disconnect()
    file = sqlite_database / records.FILE
    whole = bytearray(file.read_bytes())
    whole[4096:] = b"\xde" * (len(whole) - 4096)
    file.write_bytes(whole)
    with pytest.raises(StoreError, match="damaged"):
        list_rounds()


def test_a_database_from_a_newer_version_is_refused_and_not_touched(sqlite_database: Path) -> None:
    with closing(sqlite3.connect(sqlite_database / records.FILE)) as direct, direct:
        direct.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('records', '0099_wards', '')"
        )
    records.disconnect()
    before = (sqlite_database / records.FILE).read_bytes()
    with pytest.raises(StoreTooNew, match="0099_wards") as refused:
        records.open_database(sqlite_database)
    assert "升级" in refused.value.say(Language.ZH)
    records.disconnect()
    assert (sqlite_database / records.FILE).read_bytes() == before


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The state folder of a database as an older version left it, with one event."""
    records.configure(tmp_path / records.FILE)
    MigrationExecutor(connection).migrate([("records", "0002_append_only")])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_event (at, kind, subject, data) "
            "VALUES ('2026-01-01 00:00:00', 'round_started', 'round 1', '{}')"
        )
    records.disconnect()
    return tmp_path


def test_a_database_of_an_older_version_is_brought_up_to_date(older: Path) -> None:
    records.open_database(older)
    assert Event.objects.filter(subject="round 1").count() == 1
    assert records.applied_migrations() == records.known_migrations()


def test_a_migration_that_fails_half_way_leaves_the_database_as_it_was(older: Path) -> None:
    """A table that one of the migrations makes exists already."""
    with closing(sqlite3.connect(older / records.FILE)) as direct, direct:
        direct.execute("CREATE TABLE records_segment (id integer)")
    with pytest.raises(StoreError):
        records.open_database(older)
    with closing(sqlite3.connect(older / records.FILE)) as direct:
        applied = direct.execute("SELECT name FROM django_migrations WHERE app = 'records'").fetchall()
        columns = [row[1] for row in direct.execute("PRAGMA table_info(records_event)")]
    assert applied == [("0001_initial",), ("0002_append_only",)]
    assert columns == ["sequence", "at", "kind", "subject", "data"]


def test_a_database_that_another_program_holds_is_said_to_be_held(sqlite_database: Path) -> None:
    records.configure(sqlite_database / records.FILE, patience=0.1)
    with closing(sqlite3.connect(sqlite_database / records.FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="held by another program"):
            recorded(plan("db1"))
        other.execute("ROLLBACK")
    assert recorded(plan("db1"))


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="site"):
        records.open_database(tmp_path / "site" / "state")
    assert contents(tmp_path) == ["site"]


@contextmanager
def mounted(script: str) -> Iterator[tuple[Path, list[str]]]:
    """A folder and the command that runs Python with `script`'s mount on it, seen by that process alone."""
    if shutil.which("unshare") is None or os.geteuid() != 0:
        pytest.skip("mounting a file system of our own takes root and unshare (package util-linux)")
    folder = Path(tempfile.mkdtemp(prefix="wardround-mount-"))
    try:
        yield folder, ["unshare", "-m", "sh", "-ec", f'{script}; shift; exec "$@"', "sh", str(folder)]
    finally:
        shutil.rmtree(folder)


def run(command: list[str], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    asked = [*command, sys.executable, "-c", PROLOGUE + program, *arguments]
    return subprocess.run(asked, capture_output=True, text=True, timeout=60)


PROLOGUE = """
import shutil, sys
from pathlib import Path
from orchestrator.errors import StoreError
from orchestrator.language import Language
from orchestrator.records.database import FILE, disconnect, open_database
state = Path(sys.argv[1])

def fill():
    with (state / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass

def say(error):
    print(error.say(Language.ZH)); print(error.say(Language.EN))
"""


def test_no_room_for_a_database_is_one_clear_error_and_leaves_no_file_but_what_was_there() -> None:
    program = """
(state / f"{FILE}.kept").touch()
try:
    open_database(state)
except StoreError as error:
    say(error)
print(sorted(path.name for path in state.glob("records*")) == [f"{FILE}.kept"])
"""
    with mounted('mount -t tmpfs -o size=96k none "$1"') as (folder, command):
        done = run(command, program, str(folder))
    assert "the disk is full" in done.stdout
    assert "磁盘已满" in done.stdout
    assert str(folder) in done.stdout
    assert done.stdout.endswith("True\n")
    assert done.stderr == ""


def test_a_disk_that_fills_during_a_round_keeps_what_was_recorded() -> None:
    program = """
from orchestrator.model.verdict import Verdict
from orchestrator.records.rounds import get_round, open_round, record_outcome
from tests.rounds import MASKER, START, WANG, plan, seen
open_database(state)
number = open_round(plan("db1", "db2"), WANG, START, "0.1.0")
record_outcome(number, seen("db1", Verdict.OK), MASKER)
fill()
try:
    for place in range(2000):
        record_outcome(number, seen(f"db{place + 2}", Verdict.OK), MASKER)
except StoreError as error:
    say(error)
(state / "ballast").unlink()
print(get_round(number).hosts_done == place + 1, place)
record_outcome(number, seen("late", Verdict.OK), MASKER)
print(get_round(number).hosts_done == place + 2)
"""
    with mounted(f'mount -t tmpfs -o size={ROOM} none "$1"') as (folder, command):
        done = run(command, program, str(folder))
    assert done.stderr == ""
    assert "the disk is full" in done.stdout
    assert "True" in done.stdout
    assert done.stdout.endswith("True\n")
    assert "False" not in done.stdout


def test_opening_on_a_full_disk_says_so() -> None:
    program = """
open_database(state); disconnect(); fill()
try:
    open_database(state)
    from orchestrator.records.rounds import list_rounds
    from tests.rounds import recorded, plan
    recorded(plan("db1"))
except StoreError as error:
    say(error)
"""
    with mounted(f'mount -t tmpfs -o size={ROOM} none "$1"') as (folder, command):
        done = run(command, program, str(folder))
    assert "the disk is full" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("existing", [True, False])
def test_a_read_only_folder_is_one_clear_error(sqlite_database: Path, existing: bool) -> None:
    records.disconnect()
    program = """
try:
    open_database(state)
except StoreError as error:
    say(error)
"""
    with mounted('mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"') as (folder, command):
        if existing:
            shutil.copy(sqlite_database / records.FILE, folder)
        done = run(command, program, str(folder))
        assert contents(folder) == ([records.FILE] if existing else [])
    assert "read-only" in done.stdout
    assert "只读" in done.stdout
    assert done.stderr == ""


RECORD = """
import sys; from pathlib import Path
from orchestrator.model.verdict import Verdict
from orchestrator.records.database import open_database
from orchestrator.records.lock import round_lock
from orchestrator.records.rounds import open_round, record_outcome
from tests.rounds import MASKER, START, WANG, plan, seen
state = Path(sys.argv[1])
hosts = [f"db{place}" for place in range(100000)]
open_database(state)
with round_lock(state, "morning", "w", START):
    number = open_round(plan(*hosts[:500]), WANG, START, "0.1.0")
    for host in hosts:
        record_outcome(number, seen(host, Verdict.WARN), MASKER)
        print(host, flush=True)
"""


def test_a_round_killed_in_the_middle_keeps_every_host_it_had_recorded(sqlite_database: Path) -> None:
    records.disconnect()
    process = subprocess.Popen(
        [sys.executable, "-c", RECORD, str(sqlite_database)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(30)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read().split()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL

    records.open_database(sqlite_database)
    kept = list(HostResult.objects.order_by("pk").values_list("host", flat=True))
    assert kept[: len(said)] == said
    row = Round.objects.get()
    assert row.hosts_done == row.warn == len(kept)
    assert settle_abandoned(sqlite_database, START) == (row.number,)
    assert get_round(row.number).round_state is RoundState.INTERRUPTED
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone() == ("ok",)
