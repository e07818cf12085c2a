"""The timetable while the database's server is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.model.server import Server
from orchestrator.records.database import disconnect
from orchestrator.records.models import ScheduleWatch
from tests.postgres import execute
from tests.timetables import Place, Wall, states

START = datetime(2026, 3, 2, 0, tzinfo=UTC)
TIMETABLE = """\
schedules:
  - {name: round, runbook: inspection/morning, at: "06:30", timezone: UTC}
"""


def test_connections_that_the_server_closes_are_made_anew_and_it_is_told_once(
    server_database: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wall = Wall(START)
    worker = Place(tmp_path / "site", wall, TIMETABLE).scheduler()
    worker.start()
    try:
        _until(ScheduleWatch.objects.exists)
        execute(
            server_database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        disconnect()
        wall.now = START + timedelta(hours=6, minutes=30)
        _until(lambda: states() == {"03-02 06:30": "started"})
    finally:
        worker.stop()
    assert len([one for one in caplog.records if "nobody looks" in one.getMessage()]) == 1


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
