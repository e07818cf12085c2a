"""Checks of files, sockets and processes, against real ones."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.errors import CannotTell
from orchestrator.model.threshold import Value
from orchestrator_plugins.checks import (
    backup_file,
    backup_job,
    directory_quota,
    listening_ports,
    log_pattern,
    process_running,
)
from tests.checks.local_ask import LocalAsk

ODD = "药品 $(id) 'a\n9999999999 1 b%s"


@pytest.fixture
def fresh(here: LocalAsk) -> LocalAsk:
    """`here` asks each command once; a test that changes things between needs to ask again."""
    here.forget()
    return here


def _backups(ask: LocalAsk, folder: Path, glob: str = "*") -> Mapping[str, Value]:
    parameters = backup_file.Parameters(directory=str(folder), glob=glob)
    return {seen.metric: seen.value for seen in backup_file.observe(ask, parameters)}


def _write(path: Path, size: int, hours_old: float) -> None:
    path.write_bytes(b"x" * size)
    changed = time.time() - 3600 * hours_old
    os.utime(path, (changed, changed))


def test_the_newest_backup_is_found_among_odd_names(fresh: LocalAsk, open_path: Path) -> None:
    folder = open_path / ODD
    folder.mkdir()
    _write(folder / "old", 100, 60)
    _write(folder / "older", 120, 90)
    _write(folder / f"new{ODD}", 55, 30)
    _write(folder / ".hidden", 80, 40)
    assert _backups(fresh, folder) == {"files": 4, "age_h": 30.0, "size_deviation_pct": 45.0}


def test_only_the_folder_itself_is_searched(fresh: LocalAsk, open_path: Path) -> None:
    (open_path / "sub").mkdir()
    _write(open_path / "sub" / "his.dmp", 10, 1)
    assert _backups(fresh, open_path, "*.dmp") == {"files": 0}


def test_a_backup_behind_a_link_counts_by_what_it_links_to(fresh: LocalAsk, open_path: Path) -> None:
    (open_path / "disk").mkdir()
    _write(open_path / "disk" / "real", 10, 5)
    (open_path / "latest.dmp").symlink_to("disk/real")
    (open_path / "broken.dmp").symlink_to("nowhere")
    assert _backups(fresh, open_path, "*.dmp") == {"files": 1, "age_h": 5.0}


def test_a_missing_folder_is_no_backup(fresh: LocalAsk, open_path: Path) -> None:
    assert _backups(fresh, open_path / "gone") == {"files": 0}


def test_a_job_that_left_no_log_has_failed(fresh: LocalAsk, open_path: Path) -> None:
    parameters = backup_job.Parameters(path=str(open_path / "job.log"))
    assert [seen.value for seen in backup_job.observe(fresh, parameters)] == ["failed"]


def test_the_last_word_of_a_job_decides(fresh: LocalAsk, open_path: Path) -> None:
    log = open_path / ODD
    log.write_text("backup failed\n@@@ lines\nbackup completed\n", encoding="utf-8")
    assert [seen.value for seen in backup_job.observe(fresh, backup_job.Parameters(path=str(log)))] == [
        "success"
    ]


def _matches(ask: LocalAsk, log: Path, pattern: str, **more: object) -> Value:
    parameters = log_pattern.Parameters.model_validate({"path": str(log), "pattern": pattern, **more})
    (seen,) = log_pattern.observe(ask, parameters)
    return seen.value


def test_a_pattern_is_data_and_never_shell(fresh: LocalAsk, open_path: Path) -> None:
    trap = open_path / "trap"
    log = open_path / ODD
    log.write_text(f"one '; touch {trap}; echo \n-e two\n@@@ status 0\n100% three\n", encoding="utf-8")
    assert _matches(fresh, log, f"'; touch {trap}; echo ") == 1
    assert _matches(fresh, log, "-e two") == 1
    assert _matches(fresh, log, "^@@@ (status|lines) [0-9]$") == 1
    assert _matches(fresh, log, "100% t|$(touch trap)|%s") == 1
    assert not trap.exists()


def test_lines_are_dated_by_their_stamps(fresh: LocalAsk, open_path: Path) -> None:
    now = time.time()
    stamps = [
        time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now - 60 * minutes)) for minutes in (90, 20, 1)
    ]
    log = open_path / "his.log"
    log.write_text("".join(f"{stamp} ERROR\n" for stamp in stamps))
    assert _matches(fresh, log, "ERROR") == 3
    assert _matches(fresh, log, "ERROR", minutes=30) == 2


def test_only_the_end_of_a_huge_log_is_read(fresh: LocalAsk, open_path: Path) -> None:
    log = open_path / "huge.log"
    log.write_bytes(b"ERROR early\n" + b"\0binary \xff line\n" * 200_000 + b"ERROR late\n")
    assert _matches(fresh, log, "^ERROR") == 1


def test_a_folder_is_no_log(fresh: LocalAsk, open_path: Path) -> None:
    with pytest.raises(CannotTell):
        _matches(fresh, open_path, "ERROR")


def test_a_chinese_pattern_finds_its_line_in_a_gb18030_log(open_path: Path) -> None:
    log = open_path / "pacs.log"
    log.write_bytes("影像上传错误\n正常\n".encode("gb18030"))
    ask = LocalAsk()
    assert _matches(ask, log, "错误", encoding="gb18030") == 1
    assert _matches(ask, log, "错误") == 0


def test_a_directory_is_held_against_its_allowance(fresh: LocalAsk, open_path: Path) -> None:
    folder = open_path / ODD
    folder.mkdir()
    _write(folder / "image.dcm", 2 * 1024 * 1024, 0)
    (seen,) = directory_quota.observe(fresh, directory_quota.Parameters(path=str(folder), limit_mib=4))
    assert isinstance(seen.value, float)
    assert 50 <= seen.value < 52


def test_a_listening_port_is_seen_and_a_free_one_missed(fresh: LocalAsk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        ports = [server.getsockname()[1], silent.getsockname()[1]]
        seen = list(
            listening_ports.observe(fresh, listening_ports.Parameters.model_validate({"ports": ports}))
        )
    assert [observation.value for observation in seen] == ["listening", "missing"]


def test_a_process_is_counted_by_its_arguments_and_we_are_not(fresh: LocalAsk) -> None:
    mark = f"wardround-{os.getpid()}-mark"
    parameters = process_running.Parameters.model_validate({"pattern": mark})
    # The shell that asks carries the mark in its own command line, as a batch of commands would.
    fresh.precede(f": {mark}; ")
    with subprocess.Popen(["sh", "-c", f"read x; : {mark}"], stdin=subprocess.PIPE) as process:
        (running,) = process_running.observe(fresh, parameters)
        process.communicate(b"\n")
    fresh.forget()
    (gone,) = process_running.observe(fresh, parameters)
    fresh.precede("")
    assert (running.value, gone.value) == (1, 0)
