"""The installed worker by itself: it starts what is due, is killed, and tells what it has missed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.due_time import upcoming
from orchestrator.records import database as records
from orchestrator.records.schedules import watch_schedules
from tests.schedules import schedule, shipped_calendar

COMMAND = Path(sys.executable).with_name("wardround")
PATIENCE = 120.0
RUNBOOK = """\
- name: here
  kind: inspection
  hosts: all
  tasks:
    - {name: load, id: load, check: {cpu_load: {}}}
    - {name: uptime, id: uptime, check: {uptime: {}}}
"""
SPREAD = timedelta(minutes=20)
CALENDAR = shipped_calendar()

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not COMMAND.exists(), reason="needs the installed wardround command"),
]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    subprocess.run([COMMAND, "init", folder], check=True, capture_output=True, timeout=PATIENCE)
    (folder / "inventory" / "hosts.yml").write_text(
        "all: {hosts: {here: {ansible_connection: local}}}\n", encoding="utf-8"
    )
    runbook = folder / "runbooks" / "inspection" / "here.yml"
    runbook.parent.mkdir(parents=True, exist_ok=True)
    runbook.write_text(RUNBOOK, encoding="utf-8")
    return folder


def test_what_was_due_while_the_worker_was_killed_is_told_and_nothing_runs_twice(site: Path) -> None:
    soon, later = timedelta(seconds=4), timedelta(seconds=30)
    due = datetime.now(UTC).replace(second=0, microsecond=0)
    names = {
        "due": _name("due", due, soon),
        **{policy: _name(policy, due, later) for policy in ("skip", "once", "ask")},
    }
    _write_timetable(site, names, due)
    _first_seen_an_hour_ago(site, list(names.values()))
    with _worker(site) as worker:
        _until(lambda: _of(site, names["due"]))
        worker.kill()  # as a power cut would, in the middle of the round
    killed = datetime.now(UTC)
    missed = max(_start(names[policy], due) for policy in ("skip", "once", "ask"))
    assert killed < missed, "too slow a machine: what was to be missed was due before the worker was killed"
    _until(lambda: datetime.now(UTC) > missed + timedelta(seconds=3))
    with _worker(site):
        _until(lambda: _of(site, names["ask"]))
        _until(lambda: len(_ended(site)) == 2)
    found = {key: _of(site, name) for key, name in names.items()}
    assert {key: [one["state"] for one in rows] for key, rows in found.items()} == {
        "due": ["started"],
        "skip": ["missed"],
        "once": ["started"],
        "ask": ["asks"],
    }
    assert [one["run_state"] for one in (*found["due"], *found["once"])] == ["succeeded", "succeeded"]
    assert all(one["round"] for one in (*found["due"], *found["once"]))
    runs = json.loads(_said(site, "run", "list", "--json"))
    assert sorted(run["schedule"] for run in runs) == sorted((names["due"], names["once"]))
    assert {run["actor"] for run in runs} == {f"schedule:{run['schedule']}" for run in runs}
    listed = _said(site, "schedule", "list")
    assert f"wardround schedule answer {names['ask']}" in " ".join(listed.split())
    told = {one["kind"] for one in json.loads(_said(site, "audit", "list", "--json"))}
    assert "schedule_missed" in told


def _name(stem: str, due: datetime, after: timedelta) -> str:
    """One that starts that much after now: a schedule's name decides where in the spread that is."""
    aim = datetime.now(UTC) + after
    names = (f"{stem}-{number}" for number in count())
    return next(name for name in names if abs(_start(name, due) - aim) < timedelta(seconds=3))


def _start(name: str, due: datetime) -> datetime:
    subject = schedule(f"{due:%H:%M}", zone="UTC", name=name, spread=SPREAD)
    return upcoming(subject, CALENDAR, due - timedelta(seconds=1), 1).times[0].start


def _write_timetable(site: Path, names: dict[str, str], due: datetime) -> None:
    common = f'runbook: inspection/here, at: "{due:%H:%M}", timezone: UTC, spread: 20m'
    lines = [f"  - {{name: {names['due']}, {common}}}"]
    lines += [
        f"  - {{name: {names[policy]}, {common}, late: 1s, missed: {policy}}}"
        for policy in ("skip", "once", "ask")
    ]
    (site / "timetable.yml").write_text("\n".join(["schedules:", *lines, ""]), encoding="utf-8")


def _first_seen_an_hour_ago(site: Path, names: list[str]) -> None:
    """By a worker before: what nobody has seen yet was not due."""
    try:
        records.open_database(site / "var")
        watch_schedules(names, (), datetime.now(UTC) - timedelta(hours=1))
    finally:
        records.disconnect()


@contextmanager
def _worker(site: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([COMMAND, "worker", "--site", site], stderr=subprocess.DEVNULL) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def _of(site: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(_said(site, "schedule", "show", name, "--json"))
    return rows


def _ended(site: Path) -> list[dict[str, Any]]:
    runs = json.loads(_said(site, "run", "list", "--json"))
    return [run for run in runs if run["state"] == "succeeded"]


def _said(site: Path, *arguments: str) -> str:
    environment = {**os.environ, "WARDROUND_LANG": "en"}
    done = subprocess.run(
        [COMMAND, *arguments, "--site", site],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.stdout


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)  # each look is a command of its own
