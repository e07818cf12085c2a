"""What `wardround db` does with a site's database, as a user asks for it."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from orchestrator.application.sites import open_site
from orchestrator.cli.main import run
from orchestrator.errors import StoreError
from orchestrator.model.person import Role
from orchestrator.model.server import Server
from orchestrator.model.verdict import Verdict
from orchestrator.records import database as records
from orchestrator.records.backup import Occasion, make_backup
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.lock import round_lock
from orchestrator.records.models import Account, Event, Round, Session
from orchestrator.records.second_factor import new_secret, seal
from orchestrator.settings import session_folder
from tests.people import Cast
from tests.rounds import START, plan, recorded, seen

SITE = """
hospital: {zh: 示范县人民医院, en: Demo County Hospital}
single_user: true
"""


@pytest.fixture
def site(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A site whose database is open, and where the command finds it."""
    root = database.parent
    (root / "inventory").mkdir()
    text = SITE + f"state: {database.name}\n"
    where = records.place()
    if isinstance(where, Server):
        text += f"database: {where}\n"
        password = root / "password"
        shutil.copy(str(where.password_file), password)
        password.chmod(0o600)
        text += "database_password_file: password\n"
    (root / "wardround.yml").write_text(text)
    monkeypatch.setenv("WARDROUND_SITE", str(root))
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "home"))
    yield root
    records.disconnect()


def test_a_backup_is_made_listed_and_restored_and_each_is_an_event(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(plan("db1"), seen("db1", Verdict.CRIT))
    assert run(["db", "backup"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.parent == site / "state/backups"
    assert path.stat().st_mode & 0o777 == 0o600
    recorded(plan("db1"), day=1)
    assert run(["--lang", "en", "db", "restore", str(path), "--yes"]) == 0
    kept = Path(capsys.readouterr().out.strip())
    assert Round.objects.count() == 1
    event = Event.objects.get(kind="database_restored")
    assert event.subject == path.name
    assert verify_log().broken is None
    assert run(["db", "backups", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {one["path"]: one["reason"] for one in listed} == {
        str(kept): "before-restore",
        str(path): "asked",
    }
    recorded(plan("db1"), day=2)
    assert run(["db", "restore", str(kept), "--yes"]) == 0
    assert Round.objects.count() == 2
    recorded(plan("db1"), day=3)
    assert Event.objects.order_by("-sequence")[0].sequence > event.sequence + 2
    assert verify_log().broken is None


@pytest.fixture
def enrolled(site: Path) -> Path:
    """A backup of a site whose people have second factors."""
    people = Cast(open_site(site, site), site / "sessions")
    people.account("an", Role.SECURITY_ADMIN)
    people.account("wang", Role.SUPERVISOR)
    for account in Account.objects.all():
        account.second_factor = seal(new_secret(), account.pk, site / "state")
        account.save()
    people.log_in("wang")
    assert run(["db", "backup", str(site / "kept.zip")]) == 0
    return site / "kept.zip"


@pytest.mark.parametrize("key", [b"\1" * 32, None])
def test_a_backup_of_another_site_key_asks_for_that_key_before_anything_is_touched(
    site: Path, enrolled: Path, key: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "state/site.key").unlink()
    if key:
        (site / "state/site.key").write_bytes(key)
    before = Event.objects.count()
    assert run(["--lang", "en", "db", "restore", str(enrolled), "--yes"]) == 2
    said = capsys.readouterr().err
    assert "another site key" in said
    assert "wardround user reset-totp" in said
    assert (Event.objects.count(), list((site / "state").glob("backups/*"))) == (before, [])
    assert (site / "state/site.key").exists() == bool(key)


def test_without_the_key_security_administrators_enrol_anew_and_everybody_logs_in_again(
    site: Path, enrolled: Path
) -> None:
    system = Cast(open_site(site, site), session_folder())
    system.account("sun", Role.SYSTEM_ADMIN)
    system.log_in("sun")
    (site / "state/site.key").write_bytes(b"\1" * 32)
    assert run(["db", "restore", str(enrolled), "--yes", "--other-key"]) == 0
    left = Account.objects.exclude(second_factor=None).values_list("name", flat=True)
    assert list(left) == ["wang"]
    assert not Session.objects.exists()
    assert json.loads(Event.objects.get(kind="database_restored").data)["enrol_anew"] == ["an"]
    assert verify_log().broken is None


def test_a_backup_holds_no_key_and_is_restored_where_the_key_is_the_same(site: Path, enrolled: Path) -> None:
    key = (site / "state/site.key").read_bytes()
    with zipfile.ZipFile(enrolled) as archive:
        assert not [name for name in archive.namelist() if key in archive.read(name)]
    system = Cast(open_site(site, site), session_folder())
    system.account("sun", Role.SYSTEM_ADMIN)
    system.log_in("sun")
    assert run(["db", "restore", str(enrolled), "--yes"]) == 0
    assert Account.objects.exclude(second_factor=None).count() == 2


def test_a_backup_is_not_written_over_another_file(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "kept.zip").write_text("mine")
    assert run(["--lang", "en", "db", "backup", str(site / "kept.zip")]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (site / "kept.zip").read_text() == "mine"


def test_a_backup_makes_no_folder_where_a_disk_should_be_mounted(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", "en", "db", "backup", str(site / "nas" / "kept.zip")]) == 2
    assert f"there is no folder {site / 'nas'}" in capsys.readouterr().err
    assert not (site / "nas").exists()


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [("n\n", 1, "nothing was restored"), ("\n", 1, "nothing was restored"), ("", 2, "nobody answered")],
)
def test_what_is_not_confirmed_is_not_restored_and_said_so(
    site: Path,
    answer: str,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(["db", "backup", str(site / "kept.zip")]) == 0
    recorded(plan("db1"))
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert run(["--lang", "en", "db", "restore", str(site / "kept.zip")]) == code
    assert said in capsys.readouterr().err
    assert Round.objects.count() == 1


def test_the_question_tells_the_time_of_the_site(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(site / "kept.zip", Occasion("0.1.0", "示范", "asked", START))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(["--lang", "en", "db", "restore", str(site / "kept.zip")]) == 1
    assert "2026-11-24 15:30, " in capsys.readouterr().err


def test_nothing_is_restored_while_a_round_runs(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "backup", str(site / "kept.zip")]) == 0
    recorded(plan("db1"))
    with round_lock(site / "state", "morning", "王工", START):
        assert run(["--lang", "en", "db", "restore", str(site / "kept.zip"), "--yes"]) == 2
    assert "a round is under way" in capsys.readouterr().err
    assert Round.objects.count() == 1


def test_nobody_who_is_not_logged_in_restores_anything(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["db", "backup", str(site / "kept.zip")]) == 0
    recorded(plan("db1"))
    path = site / "wardround.yml"
    path.write_text(path.read_text().replace("single_user: true", "single_user: false"))
    assert run(["--lang", "en", "db", "restore", str(site / "kept.zip"), "--yes"]) == 2
    assert "log in first" in capsys.readouterr().err
    assert Round.objects.count() == 1


def test_a_damaged_or_foreign_file_is_one_clear_error(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "letter.zip").write_text("hello")
    for name, phrase in (("letter.zip", "no backup"), ("gone.zip", "there is no backup")):
        assert run(["--lang", "en", "db", "restore", str(site / name), "--yes"]) == 2
        told = capsys.readouterr().err
        assert phrase in told
        assert "Traceback" not in told


def test_a_sound_database_with_a_young_backup_is_well(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(plan("db1"), seen("db1", Verdict.OK))
    assert run(["db", "check", "--json"]) == 1
    state = json.loads(capsys.readouterr().out)
    assert [part["name"] for part in state["parts"] if not part["well"]] == ["backup"]
    assert run(["db", "backup"]) == 0
    capsys.readouterr()
    assert run(["db", "check"]) == 0
    assert "✗" not in capsys.readouterr().out


def test_a_row_that_refers_to_nothing_is_found(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number = recorded(plan("db1"), seen("db1", Verdict.OK))
    if connection.vendor == "sqlite":
        records.disconnect()
        with closing(sqlite3.connect(site / "state" / records.FILE)) as direct, direct:
            direct.execute("DELETE FROM records_round WHERE id = ?", (number,))
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("DELETE FROM records_round WHERE id = %s", (number,))
    assert run(["--lang", "en", "db", "check"]) == 1
    assert "missing" in capsys.readouterr().out


def test_tidying_removes_what_is_old_once(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = START - timedelta(days=3000)
    recorded(plan("db1"), seen("db1", Verdict.OK, old), day=-3000)
    assert run(["db", "tidy", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rounds"] == 1
    assert Event.objects.filter(kind="database_tidied").count() == 1
    assert run(["db", "tidy", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out).values()) == {0}
    assert Event.objects.filter(kind="database_tidied").count() == 1


def older(site: Path) -> None:
    """Take the site's database back to what an older version left."""
    where = records.place()
    if isinstance(where, Path):
        records.disconnect()
        where.unlink()
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    MigrationExecutor(connection).migrate([("records", "0002_append_only")])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_event (at, kind, subject, data) "
            "VALUES ('2026-01-01 00:00:00', 'round_started', 'round 1', '{}')"
        )
    records.disconnect()


def test_an_upgrade_keeps_a_copy_first_and_says_where(
    site: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    older(site)
    assert run(["round", "list"]) == 0
    (copy,) = (site / "state/backups").glob("*-before-upgrade.zip")
    assert str(copy) in caplog.text
    assert Event.objects.filter(subject="round 1").count() == 1
    assert run(["round", "list"]) == 0
    assert len(list((site / "state/backups").iterdir())) == 1


def test_without_a_copy_there_is_no_upgrade(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older(site)
    (site / "state/backups").write_text("in the way")
    assert run(["round", "list"]) == StoreError.exit_code
    assert records.applied_migrations() == {"0001_initial", "0002_append_only"}


def test_a_check_of_a_site_whose_state_folder_is_gone_says_what_there_is_room_for(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records.disconnect()
    shutil.rmtree(site / "state")
    code = run(["--lang", "en", "db", "check", "--json"])
    told = capsys.readouterr()
    parts = {one["name"]: one for one in json.loads(told.out)["parts"]}
    assert (code, told.err) == (1, "")
    assert parts["space"]["well"]
    assert [name for name, one in parts.items() if not one["well"]] == ["backup"]
