"""The doctor as a person calls it: words, exit codes, JSON, and a worker that was really killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("wardround")
PATIENCE = 100.0

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not COMMAND.exists(), reason="needs the installed wardround command"),
]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A new site, with records, a backup and a file of trusted keys: all is well but that nobody works."""
    root = tmp_path / "site"
    assert _run("init", str(root)).returncode == 0
    (root / "known_hosts").touch(0o644)
    assert _run("db", "backup", "--site", str(root)).returncode == 0
    return root


@pytest.fixture
def worker(site: Path) -> Iterator[subprocess.Popen[str]]:
    """A living worker of the site."""
    with subprocess.Popen(
        [COMMAND, "--lang", "en", "worker", "--site", site, "--name", "ward"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert "is ready" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done


def _examine(site: Path) -> tuple[int, list[dict[str, Any]]]:
    done = _run("--lang", "en", "doctor", "--json", "--site", str(site))
    return done.returncode, json.loads(done.stdout)


def test_all_is_well_while_a_worker_lives_and_a_person_is_needed_when_it_was_killed(
    site: Path, worker: subprocess.Popen[str]
) -> None:
    code, found = _examine(site)
    assert [one for one in found if one["condition"] != "ok"] == []
    assert code == 0
    worker.send_signal(signal.SIGKILL)
    worker.wait(PATIENCE)
    code, found = _examine(site)
    assert code == 1
    died, nobody = found[0], found[1]
    assert (died["name"], died["subject"], died["condition"]) == ("worker", "ward", "crit")
    assert "has died" in died["said"]
    assert "systemctl start wardround-worker" in died["cure"]
    assert nobody["said"] == "no worker is alive: nothing in the timetable starts"


def test_what_a_person_reads_is_chinese_with_the_cure_below_the_illness(site: Path) -> None:
    done = _run("doctor", "--site", str(site))
    assert done.returncode == 1
    first, second = done.stdout.splitlines()[:2]
    assert first == "✗ 异常\tworker\t没有工作进程，时间表不会执行"
    assert second.startswith("  → 启动工作进程：systemctl start wardround-worker")


def test_what_could_not_be_looked_at_outranks_what_was_seen(site: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (site / "var" / f"records.sqlite3{suffix}").unlink(missing_ok=True)
    (site / "var" / "records.sqlite3").write_bytes(b"no database" * 1000)
    code, found = _examine(site)
    assert code == 3
    assert [one["condition"] for one in found if one["name"] in ("database", "records")] == [
        "crit",
        "unknown",
    ]


def test_looking_changes_nothing(site: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*") if path.suffix != ".sqlite3-shm"}
    _examine(site)
    after = {path: path.stat().st_mtime_ns for path in site.rglob("*") if path.suffix != ".sqlite3-shm"}
    assert {path for path in after if path.is_file()} - set(before) <= {
        site / "var" / "records.sqlite3-wal",
    }
    files = [path for path in before if path.is_file()]
    assert [path for path in files if after.get(path) != before[path]] == []
