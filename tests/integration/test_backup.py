"""A database written to a file and put back, on each product and from one to the other."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from orchestrator.errors import InputError, NotFound, OrchestratorError, StoreError, StoreTooNew
from orchestrator.model.server import Server
from orchestrator.model.verdict import Verdict
from orchestrator.records import database as records
from orchestrator.records.backup import Occasion, backup_file, list_backups, make_backup, prune
from orchestrator.records.chain_tail import settle
from orchestrator.records.models import Event
from orchestrator.records.restore import require_restorable, restore
from orchestrator.records.restored_event import record_restore
from orchestrator.records.rounds import list_rounds
from orchestrator.records.table import Kind, read_tables
from tests.rounds import WANG, lost, plan, recorded, seen

AT = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
ASKED = Occasion("0.1.0", "示范县人民医院", "asked", AT)


def fill() -> None:
    recorded(plan("db1", "db2"), seen("db1", Verdict.CRIT), lost("db2"))
    recorded(plan("db1", "db2"), seen("db1", Verdict.OK), seen("db2", Verdict.WARN), day=1)


def everything() -> dict[str, list[object]]:
    """All rows of all tables."""
    models = apps.get_app_config("records").get_models()
    return {model._meta.db_table: list(model._default_manager.order_by("pk").values()) for model in models}


def put_back(path: Path) -> None:
    restore(path, require_restorable(path), lambda: None)


def test_what_is_restored_is_what_was_kept_and_goes_on_from_there(database: Path, tmp_path: Path) -> None:
    fill()
    before = everything()
    manifest = make_backup(tmp_path / "kept.zip", ASKED)
    assert manifest.hospital == "示范县人民医院"
    assert manifest.rows > 10
    assert manifest.anchor.startswith(f"{Event.objects.count()}@")
    assert (tmp_path / "kept.zip").stat().st_mode & 0o777 == 0o600
    recorded(plan("db1"), seen("db1", Verdict.CRIT), day=2)
    put_back(tmp_path / "kept.zip")
    assert everything() == before
    manifest = require_restorable(tmp_path / "kept.zip")
    restore(tmp_path / "kept.zip", manifest, lambda: record_restore(AT, WANG, "kept.zip", {}))
    settle()
    assert recorded(plan("db1"), seen("db1", Verdict.OK), day=3) == 3
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_backup_of_one_product_is_restored_onto_the_other(
    sqlite_database: Path, postgres: Server, server_database: Server, tmp_path: Path
) -> None:
    for first, second in (
        (sqlite_database / records.FILE, server_database),
        (server_database, sqlite_database / records.FILE),
    ):
        records.configure(first)
        fill()
        before = everything()
        make_backup(tmp_path / "kept.zip", ASKED)
        records.configure(second)
        put_back(tmp_path / "kept.zip")
        assert everything() == before
    records.configure(server_database)


def test_every_kind_of_column_is_known_to_the_backup(database: Path) -> None:
    plain = {
        *("BigAutoField", "AutoField", "CharField", "TextField", "FloatField", "IntegerField", "SlugField"),
        *(
            "BigIntegerField",
            "PositiveBigIntegerField",
            "PositiveIntegerField",
            "PositiveSmallIntegerField",
            "SmallIntegerField",
        ),
    }
    known = {(table.name, column.name): column.kind for table in read_tables() for column in table.columns}
    for model in apps.get_app_config("records").get_models():
        for field in model._meta.concrete_fields:
            target = getattr(field, "target_field", field)
            kind = known[model._meta.db_table, str(field.column)]
            assert kind is not Kind.PLAIN or target.get_internal_type() in plain, field


def test_a_backup_of_an_older_version_is_brought_up_to_date(database: Path, tmp_path: Path) -> None:
    old = tmp_path / "old" / records.FILE
    old.parent.mkdir()
    here = records.place()
    records.configure(old)
    MigrationExecutor(connection).migrate([("records", "0002_append_only")])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_event (at, kind, subject, data) "
            "VALUES ('2026-01-01 00:00:00', 'round_started', 'round 1', '{}')"
        )
    make_backup(tmp_path / "old.zip", ASKED)
    records.configure(here)
    put_back(tmp_path / "old.zip")
    assert Event.objects.filter(subject="round 1").count() == 1
    assert records.applied_migrations() == records.known_migrations()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 3, len(content) // 3 + 200):  # longer than any header within
        content[place] ^= 0xFF
    path.write_bytes(content)


def foreign_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "hello")


def no_zip(path: Path) -> None:
    path.write_text("CREATE TABLE t (a int);\n")


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(content))


def forged(path: Path) -> None:
    rewritten(path, lambda content: content.replace(b"db1", b"db9"))


def newer(path: Path) -> None:
    rewritten(path, lambda content: content.replace(b"0001_initial", b"0099_wards"))


def another_format(path: Path) -> None:
    rewritten(path, lambda content: content.replace(b'"format": 1', b'"format": 2'))


def gone(path: Path) -> None:
    path.unlink()


def stowaway(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("run.sh", "rm -r /")


def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr("manifest.json", archive.read("manifest.json"))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (cut, InputError),
        (flip, InputError),
        (foreign_zip, InputError),
        (no_zip, InputError),
        (forged, InputError),
        (newer, StoreTooNew),
        (another_format, StoreTooNew),
        (gone, NotFound),
        (stowaway, InputError),
        (twice, InputError),
    ],
)
def test_a_file_that_can_not_be_restored_is_refused_before_anything_is_touched(
    sqlite_database: Path, tmp_path: Path, spoil: Callable[[Path], None], error: type[OrchestratorError]
) -> None:
    fill()
    path = tmp_path / "kept.zip"
    make_backup(path, ASKED)
    recorded(plan("db1"), day=2)
    spoil(path)
    with pytest.raises(error, match=r"kept\.zip"):
        put_back(path)
    assert len(list_rounds()) == 3


def test_a_member_that_no_backup_wrote_is_named(sqlite_database: Path, tmp_path: Path) -> None:
    make_backup(tmp_path / "kept.zip", ASKED)
    stowaway(tmp_path / "kept.zip")
    with pytest.raises(InputError, match=r"'run\.sh'"):
        require_restorable(tmp_path / "kept.zip")


def test_what_fails_after_loading_leaves_the_records_as_they_were(database: Path, tmp_path: Path) -> None:
    fill()
    make_backup(tmp_path / "kept.zip", ASKED)
    recorded(plan("db1"), day=2)
    before = everything()

    def fail() -> None:
        raise StoreError(records._too_new([]).message)

    with pytest.raises(StoreError):
        restore(tmp_path / "kept.zip", require_restorable(tmp_path / "kept.zip"), fail)
    assert everything() == before


def test_a_backup_is_of_one_moment_while_a_round_goes_on(database: Path, tmp_path: Path) -> None:
    fill()
    from orchestrator.records import backup

    snapshot = backup._snapshot()
    with snapshot as read:
        table = next(table for table in read_tables() if table.name == "records_round")
        first = b"".join(read(table))
        recorded(plan("db9"), day=4)
        assert b"".join(read(table)) == first
    assert len(list_rounds()) == 3


def test_backups_are_listed_newest_first_and_pruned_by_reason(sqlite_database: Path) -> None:
    state = sqlite_database
    for hour in range(4):
        occasion = Occasion("0.1.0", "h", "before-upgrade", AT.replace(hour=hour))
        make_backup(backup_file(state, occasion), occasion)
    make_backup(backup_file(state, ASKED), ASKED)
    no_zip(state / "backups" / "letter.zip")
    prune(state, "before-upgrade", 2)
    kept = [
        (one.manifest.reason, one.manifest.at.hour) if one.manifest else None for one in list_backups(state)
    ]
    assert kept == [None, ("asked", 7), ("before-upgrade", 3), ("before-upgrade", 2)]


RESTORE = """
import sys; from pathlib import Path
from orchestrator.model.server import Server
from orchestrator.records.database import configure, FILE
from orchestrator.records.restore import require_restorable, restore
from orchestrator.records.restored_event import record_restore
archive, moment, *where = sys.argv[1:]
if len(where) > 1:
    configure(Server(where[0], where[1], int(where[2]), "ward", {}, Path(where[3])))
else:
    configure(Path(where[0]))
def wait():
    print("loaded", flush=True); sys.stdin.read()
import orchestrator.records.restore as module
if moment == "copied":
    copy = module._copy_over
    def copied(*paths):
        copy(*paths); wait()
    module._copy_over = copied
restore(Path(archive), require_restorable(Path(archive)), wait if moment == "loaded" else lambda: None)
"""


@pytest.mark.parametrize("moment", ["loaded", "copied"])
def test_a_restore_killed_in_the_middle_leaves_the_old_or_the_new_records(
    database: Path, tmp_path: Path, moment: str
) -> None:
    fill()
    kept = everything()
    make_backup(tmp_path / "kept.zip", ASKED)
    recorded(plan("db1"), day=2)
    before = everything()
    where = records.place()
    if isinstance(where, Server):
        if moment == "copied":
            return  # on a server there is nothing but its one transaction
        arguments = [where.name, where.host, str(where.port), str(where.password_file)]
    else:
        arguments = [str(where)]
    records.disconnect()
    process = subprocess.Popen(
        [sys.executable, "-c", RESTORE, str(tmp_path / "kept.zip"), moment, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "loaded\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert everything() == (before if moment == "loaded" else kept)
    put_back(tmp_path / "kept.zip")
    assert everything() == kept


def test_no_room_for_a_backup_leaves_no_part_of_one(sqlite_database: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("a file system of our own takes unshare (package util-linux)")
    program = """
import sys; from datetime import UTC, datetime; from pathlib import Path
from orchestrator.errors import StoreError
from orchestrator.records.backup import Occasion, make_backup
from orchestrator.records.database import configure
configure(Path(sys.argv[2]))
try:
    make_backup(Path(sys.argv[1]) / "kept.zip", Occasion("0.1.0", "h", "asked", datetime.now(UTC)))
except StoreError as error:
    print(error)
print(list(Path(sys.argv[1]).iterdir()))
"""
    fill()
    folder = sqlite_database / "small"
    folder.mkdir()
    script = 'mount -t tmpfs -o size=4k none "$1"; shift; exec "$@"'
    done = subprocess.run(
        [
            *("unshare", "-m", "sh", "-ec", script, "sh", str(folder), sys.executable, "-c", program),
            *(str(folder), str(sqlite_database / records.FILE)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "mount" in done.stderr:
        pytest.skip("mounting a file system of our own takes root")
    assert done.stderr == ""
    assert "the disk is full" in done.stdout
    assert done.stdout.endswith("[]\n")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    records.disconnect()
