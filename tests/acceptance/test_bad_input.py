"""Bad input: each gives one clear error with its place and its cure, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.cli.main import run
from orchestrator.records import database

COMMAND = Path(sys.executable).with_name("wardround")
PLACE = re.compile(r"^\S+?:\d+:\d+: ", re.MULTILINE)
RUNBOOK = """\
- name: 早巡检
  kind: inspection
  hosts: all
  tasks:
    - name: 可用内存
      id: memory
      check:
        memory_available: {}
        warn: "< 1"
        crit: "< 0"
"""
INVENTORY = "all:\n  hosts:\n    here: {ansible_connection: local}\n"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small file system")


@dataclass(frozen=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class SiteFolder:
    """A site made by `wardround init`, with one host: this machine."""

    root: Path
    capture: pytest.CaptureFixture[str]

    @property
    def runbook(self) -> Path:
        return self.root / "runbooks" / "inspection" / "morning.yml"

    @property
    def inventory(self) -> Path:
        return self.root / "inventory" / "hosts.yml"

    def wardround(self, *arguments: str) -> Told:
        """Run the command in this process, in English."""
        self.capture.readouterr()
        code = run(["--lang", "en", *arguments])
        told = self.capture.readouterr()
        return Told(code, told.out, told.err)

    def round(self, *more: str) -> Told:
        return self.wardround("round", "run", "morning", "--site", str(self.root), *more)

    def rounds(self) -> list[dict[str, object]]:
        told = self.wardround("round", "list", "--json", "--site", str(self.root))
        listed: list[dict[str, object]] = json.loads(told.out)
        return listed

    def refuses(self, *phrases: str, place: bool = True) -> Told:
        """Run the round: refused with these words and exit code 2, before anything was recorded."""
        told = self.round()
        assert told.code == 2, told
        assert not told.out
        assert "Traceback" not in told.err
        for phrase in phrases:
            assert phrase in told.err
        assert bool(PLACE.search(told.err)) is place, told.err
        assert self.rounds() == []
        assert not list(self.root.glob("var/reports/*"))
        return told


@pytest.fixture
def site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SiteFolder]:
    monkeypatch.delenv("WARDROUND_SITE", raising=False)
    root = tmp_path / "site"
    assert run(["--lang", "en", "init", str(root)]) == 0
    folder = SiteFolder(root, capsys)
    folder.inventory.write_text(INVENTORY)
    folder.runbook.write_text(RUNBOOK)
    (root / "var").mkdir()
    shutil.copy(empty_database, root / "var" / database.FILE)
    yield folder
    database.disconnect()


def test_a_round_over_this_machine_is_all_well(site: SiteFolder) -> None:
    told = site.round()
    assert told.code == 0, told
    assert [line["state"] for line in site.rounds()] == ["completed"]


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        pytest.param(b"- name: x\n  kind: [inspection\n", "", id="malformed"),
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"# nothing but a comment\n", "empty", id="a comment alone"),
        pytest.param(b"\x00\x01\x02\xff\xfe" * 40, "not UTF-8", id="binary"),
        pytest.param(b"\x1f\x8b\x08\x00" + b"\x00" * 60, "no text file", id="gzip"),
        pytest.param(RUNBOOK.encode("gbk"), "GBK", id="GBK"),
        pytest.param(RUNBOOK.encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(b"[" * 5000 + b"]" * 5000, "deep", id="deeply nested"),
        pytest.param(b"- a\n" * 2_000_000, "1048576 are allowed", id="huge"),
        pytest.param(b"&a [*a, *a]\n", "", id="an alias of itself"),
        pytest.param(b"--- 1\n--- 2\n", "", id="two documents"),
        pytest.param(b"- !!python/object/apply:os.system [id]\n", "", id="a tag"),
        pytest.param(b"\tname: x\n", "", id="a tab"),
        pytest.param(b"42\n", "", id="a number"),
        pytest.param(b"{}\n", "", id="a mapping"),
    ],
)
def test_a_file_that_is_no_runbook_is_refused_where_it_stops_being_one(
    site: SiteFolder, content: bytes, phrase: str
) -> None:
    site.runbook.write_bytes(content)
    told = site.refuses("morning.yml:", phrase)
    assert told.err.count("\n") <= 20


def test_a_named_pipe_in_place_of_a_runbook_holds_nothing_up(site: SiteFolder) -> None:
    site.runbook.unlink()
    os.mkfifo(site.runbook)
    site.refuses("morning.yml:", "empty")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(RUNBOOK.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + RUNBOOK.encode(), id="BOM"),
    ],
)
def test_what_windows_editors_write_is_read(site: SiteFolder, content: bytes) -> None:
    site.runbook.write_bytes(content)
    assert site.wardround("lint", str(site.runbook)).code == 0


@pytest.mark.parametrize(
    ("old", "new", "place", "phrases"),
    [
        pytest.param("hosts:", "hots:", "3:3", ("hots", "hosts"), id="misspelt key"),
        pytest.param("        warn:", "        wran:", "9:9", ("wran", "warn"), id="misspelt task key"),
        pytest.param("  hosts: all", "  hosts: all\n  hosts: web", "4:3", ("hosts",), id="duplicate key"),
        pytest.param("  hosts: all", "  hosts: all\n  zebra: 1", "4:3", ("zebra",), id="unknown key"),
        pytest.param("memory_available", "memory_availble", "8:9", ("memory_available",), id="unknown check"),
        pytest.param("memory_available", "no_such.plugin", "8:9", ("no_such",), id="plugin"),
        pytest.param('"< 1"', '"< lots"', "9:15", ("lots",), id="threshold that is no number"),
        pytest.param('"< 1"', "[]", "9:15", (), id="threshold that is a list"),
        pytest.param('"< 1"', '"< nan"', "9:15", ("nan",), id="threshold that is not a number"),
        pytest.param('"< 1"', "no", "9:15", ("quote",), id="a word that YAML 1.1 and 1.2 read differently"),
        pytest.param("  hosts: all", '  hosts: "{{ x"', "3:10", (), id="Jinja error"),
        pytest.param(
            "memory_available: {}",
            'tcp_probe: {port: "{{ 1 +"}',
            "8:27",
            ("Jinja",),
            id="Jinja error in a parameter",
        ),
        pytest.param("kind: inspection", "kind: inspektion", "2:9", ("inspection",), id="misspelt kind"),
    ],
)
def test_a_mistake_in_a_runbook_is_named_with_its_place(
    site: SiteFolder, old: str, new: str, place: str, phrases: tuple[str, ...]
) -> None:
    assert old in RUNBOOK
    site.runbook.write_text(RUNBOOK.replace(old, new, 1))
    site.refuses(f"morning.yml:{place}: ", *phrases)


def test_all_mistakes_of_a_runbook_come_at_once(site: SiteFolder) -> None:
    site.runbook.write_text(
        RUNBOOK.replace("hosts", "hots").replace("id: memory", "id: Memory!").replace("< 0", "< x")
    )
    site.refuses("morning.yml:3:3: ", "morning.yml:6:11: ", "morning.yml:10:15: ")


def test_a_variable_that_nobody_defined_is_named_with_its_place(site: SiteFolder) -> None:
    site.runbook.write_text(RUNBOOK.replace("memory_available: {}", 'tcp_probe: {port: "{{ his_port }}"}'))
    site.refuses("morning.yml:8:", "his_port")


def test_a_template_that_fails_is_named_with_its_place(site: SiteFolder) -> None:
    site.runbook.write_text(RUNBOOK.replace("memory_available: {}", 'tcp_probe: {port: "{{ 1 // 0 }}"}'))
    site.refuses("morning.yml:8:")


@pytest.mark.parametrize("hosts", ["no_such_host", "no_such_group", "all:!here"])
def test_hosts_that_the_inventory_does_not_have_are_refused(site: SiteFolder, hosts: str) -> None:
    site.runbook.write_text(RUNBOOK.replace("hosts: all", f'hosts: "{hosts}"'))
    told = site.round()
    assert told.code == 2, told
    assert "Traceback" not in told.err
    assert hosts in told.err
    assert site.rounds() == []


def test_a_limit_that_matches_no_host_is_refused(site: SiteFolder) -> None:
    told = site.round("--limit", "no_such")
    assert told.code == 2
    assert "no_such" in told.err
    assert site.rounds() == []


@pytest.mark.parametrize(
    "name", ["midnight", "../morning", "inspection/../inspection/morning", "/etc/passwd", ""]
)
def test_a_runbook_is_found_by_its_name_alone(site: SiteFolder, name: str) -> None:
    told = site.wardround("round", "run", name, "--site", str(site.root))
    assert told.code == 2, told
    assert "Traceback" not in told.err
    assert site.rounds() == []


def test_a_system_that_names_an_unknown_dependency_is_refused(site: SiteFolder) -> None:
    systems = site.root / "systems.yml"
    systems.write_text(systems.read_text().replace("p_app]", "p_ap]", 1))
    told = site.wardround("lint", "--site", str(site.root))
    assert told.code == 2, told
    assert "systems.yml:" in told.out + told.err
    site.refuses("systems.yml:", "p_ap", "p_app")


def test_a_system_on_a_host_that_the_inventory_does_not_have_is_refused(site: SiteFolder) -> None:
    systems = site.root / "systems.yml"
    systems.write_text("platform:\n  - {id: p_app, zh: 应用, en: App, tier: T1, hosts: [his-ap01]}\n")
    site.refuses("systems.yml:2:", "his-ap01")


def test_a_threshold_file_with_a_limit_that_is_no_number_is_refused(site: SiteFolder) -> None:
    (site.root / "thresholds.yml").write_text(
        'thresholds:\n  filesystem_usage:\n    used_pct: {warn: "> lots", source: 会议纪要}\n'
    )
    site.refuses("thresholds.yml:3:", "lots")


def test_a_site_file_with_mistakes_is_refused_with_all_of_them(site: SiteFolder) -> None:
    path = site.root / "wardround.yml"
    path.write_text("hospital: {zh: 某县人民医院, en: County}\ntimezone: Asia/Shangai\nconcurency: 5\n")
    told = site.round()
    assert told.code == 2
    assert "wardround.yml:2:11: " in told.err
    assert "wardround.yml:3:1: " in told.err
    assert "concurrency" in told.err


def test_a_broken_inventory_is_refused(site: SiteFolder) -> None:
    site.inventory.write_text("all:\n  hosts: [\n")
    told = site.round()
    assert told.code == 2, told
    assert "hosts.yml" in told.err
    assert "Traceback" not in told.err
    assert site.rounds() == []


def test_a_vaulted_value_without_its_password_is_refused(site: SiteFolder) -> None:
    _vault(site, "right password")
    told = site.round()
    assert told.code == 2, told
    assert "vault_password_file" in told.err
    assert site.rounds() == []


def test_a_vaulted_value_with_another_password_is_refused(site: SiteFolder) -> None:
    _vault(site, "right password")
    _name_vault_password(site, "wrong password")
    told = site.round()
    assert told.code == 2, told
    assert "vault" in told.err.lower()
    assert "Traceback" not in told.err
    assert site.rounds() == []


def test_a_missing_vault_password_file_is_refused(site: SiteFolder) -> None:
    _vault(site, "right password")
    _name_vault_password(site, "right password").unlink()
    told = site.round()
    assert told.code == 2, told
    assert "vault_password_file" in told.err
    assert "does not exist" in told.err


def test_a_missing_key_file_is_named(site: SiteFolder) -> None:
    site.inventory.write_text(
        "all:\n  hosts:\n    db: {ansible_host: 127.0.0.1, ansible_ssh_private_key_file: /no/such/key}\n"
    )
    told = site.round()
    assert "/no/such/key" in told.out + told.err
    assert "Traceback" not in told.err
    assert told.code in (2, 3), told


def test_a_database_from_a_newer_version_is_left_alone(site: SiteFolder) -> None:
    path = site.root / "var" / database.FILE
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "insert into django_migrations(app, name, applied) values ('records', '0999_later', '2030-01-01')"
        )
    told = site.round()
    assert told.code == 4, told
    assert "newer version" in told.err
    assert "upgrade" in told.err
    assert "Traceback" not in told.err


def test_a_file_that_is_no_database_is_left_alone(site: SiteFolder) -> None:
    path = site.root / "var" / database.FILE
    path.write_bytes(b"no database at all\n" * 100)
    told = site.round()
    assert told.code == 4, told
    assert database.FILE in told.err
    assert path.read_bytes().startswith(b"no database")


def test_a_second_round_of_the_same_name_is_refused_while_the_first_runs(site: SiteFolder) -> None:
    locks = site.root / "var" / "locks"
    locks.mkdir()
    with (locks / "morning.lock").open("a+") as held:
        held.write('{"pid": 4711, "actor": "王工", "started": "2026-11-24T07:30:00+08:00"}')
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        told = site.round()
    assert told.code == 2, told
    assert "王工" in told.err
    assert "4711" in told.err
    assert site.rounds() == []


@needs_root
@pytest.mark.skipif(not shutil.which("unshare"), reason="unshare (util-linux) is missing")
@pytest.mark.parametrize("options", ["size=4k", "ro"])
def test_a_state_folder_that_takes_nothing_is_one_error_and_no_round(
    site: SiteFolder, options: str, tmp_path: Path
) -> None:
    shutil.rmtree(site.root / "var")
    (site.root / "var").mkdir()
    script = f'mount -t tmpfs -o {options} none "$1" && shift && exec "$@"'
    told = subprocess.run(
        [
            *("unshare", "-m", "sh", "-c", script, "sh", str(site.root / "var")),
            *(str(COMMAND), "--lang", "en", "round", "run", "morning", "--site", str(site.root)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.returncode == 4, told
    assert "Traceback" not in told.stderr
    assert len(told.stderr.splitlines()) <= 3, told.stderr
    assert re.search("read-only|full", told.stderr), told.stderr


def test_ctrl_c_in_mid_round_ends_it_as_cancelled_with_what_was_collected(site: SiteFolder) -> None:
    mark = site.root / "asked"
    site.inventory.write_text(INVENTORY + "    there: {ansible_connection: local}\n")
    command = f"test -e {mark} && sleep 60; touch {mark}"
    site.runbook.write_text(
        RUNBOOK + f"    - name: 慢\n      id: slow\n      timeout: 90\n      check: {{run: '{command}'}}\n"
    )
    (site.root / "wardround.yml").write_text(
        "hospital: {zh: 某县人民医院, en: County}\nconcurrency: 1\nsingle_user: true\n"
    )
    accepted = site.wardround(
        *["runbook", "accept", "morning", "--reason", "只写标记", "--yes", "--site"],
        str(site.root),
    )
    assert accepted.code == 0, accepted
    process = subprocess.Popen(
        [COMMAND, "--lang", "en", "round", "run", "morning", "--site", site.root],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait(lambda: _hosts_done(site) == 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    shown = json.loads(site.wardround("round", "show", "--json", "--site", str(site.root)).out)
    assert shown["round"]["state"] == "cancelled"
    assert shown["counts"]["not_run"] >= 1
    assert shown["counts"]["ok"] >= 1


def test_a_runbook_of_another_kind_is_no_round_and_says_what_starts_it(site: SiteFolder) -> None:
    folder = site.root / "runbooks" / "emergency"
    folder.mkdir()
    (folder / "night.yml").write_text(RUNBOOK.replace("kind: inspection", "kind: emergency", 1))
    told = site.wardround("round", "run", "night", "--site", str(site.root))
    assert (told.code, told.out) == (2, ""), told
    assert "is no inspection" in told.err
    assert "wardround run start night" in told.err


def test_a_runbook_whose_kind_contradicts_its_folder_is_told_where_it_says_so(site: SiteFolder) -> None:
    site.runbook.write_text(RUNBOOK.replace("kind: inspection", "kind: emergency", 1))
    site.refuses("the file lies in the folder inspection, and its kind is emergency")


def test_a_stop_signal_before_the_round_begins_is_told_without_a_traceback(site: SiteFolder) -> None:
    inventory = site.root / "inventory" / "slow.sh"
    started = site.root / "started"
    inventory.write_text(f"#!/bin/sh\ntouch {started}\nsleep 20\necho '{{}}'\n")
    inventory.chmod(0o755)
    process = subprocess.Popen(
        [COMMAND, "--lang", "en", "round", "run", "morning", "--site", site.root, "-i", inventory],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait(started.exists)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip()) == (130, "cancelled")


def test_a_report_is_written_to_a_pipe_and_does_not_replace_it(site: SiteFolder) -> None:
    assert site.round().code == 0
    pipe = site.root / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    told = site.wardround("report", "--format", "json", "--site", str(site.root), "-o", str(pipe))
    assert told.code == 0, told
    assert os.read(reader, 1) == b"{"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_report_makes_no_folder_for_a_slip_of_the_hand(site: SiteFolder) -> None:
    assert site.round().code == 0
    target = site.root / "repotrs" / "morning.html"
    told = site.wardround("report", "--site", str(site.root), "-o", str(target))
    assert (told.code, told.out) == (2, "")
    assert f"there is no folder {target.parent}" in told.err
    assert not target.parent.exists()
    assert site.wardround("report", "--site", str(site.root)).code == 0


def _hosts_done(site: SiteFolder) -> int:
    rounds = f"file:{site.root / 'var' / database.FILE}?mode=ro"
    with contextlib.closing(sqlite3.connect(rounds, uri=True)) as connection:
        done = connection.execute("select max(hosts_done) from records_round").fetchone()[0]
    return int(done or 0)


def _wait(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _vault(site: SiteFolder, password: str) -> None:
    """A host variable that only `password` opens."""
    key = site.root.parent / "key"
    key.write_text(password)
    encrypted = subprocess.run(
        [
            *(str(COMMAND.with_name("ansible-vault")), "encrypt_string"),
            *("--vault-password-file", str(key), "--name", "ansible_become_password", "s3cret!"),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ).stdout
    folder = site.root / "inventory" / "group_vars" / "all"
    (folder / "secret.yml").write_text(encrypted)


def _name_vault_password(site: SiteFolder, password: str) -> Path:
    path = site.root.parent / "vault.password"
    path.write_text(password)
    path.chmod(0o600)
    with (site.root / "wardround.yml").open("a") as file:
        file.write("vault_password_file: ../vault.password\n")
    return path
