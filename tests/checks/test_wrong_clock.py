"""Hosts whose clock is wrong, asked by a real shell with a `date` of its own: no verdict comes from it."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import CannotTell
from orchestrator.model.observation import Observation
from orchestrator.model.question import SqlAnswer
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from orchestrator.testing import CannedAsk
from orchestrator_plugins.checks import (
    mariadb_long_transactions,
    postgres_archiver,
    postgres_long_transactions,
    postgres_replication_lag,
)
from tests.checks.local_ask import LocalAsk

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))
NOW = datetime.now(UTC).replace(microsecond=0)
RIGHT, IN_1970 = int(NOW.timestamp()), 600
FUTURE = int(datetime(2099, 1, 1, tzinfo=UTC).timestamp())
PAST_ALL_CALENDARS = 10**17
WRONG = (IN_1970, FUTURE, PAST_ALL_CALENDARS)
HOUR = 3600

LOGINS = "root  ssh:notty  192.0.2.8  {0} - {0}  (00:00)"
"""What `lastb -F` says, but for the name, whose place is given by columns."""


class Machine:
    """This machine, with the clock and the logs that a test gives it."""

    def __init__(self, folder: Path) -> None:
        self.tools = folder / "tools"
        self.tools.mkdir()
        self._folder = folder

    def ask(self, clock: int) -> LocalAsk:
        self._tool("date", f"echo '{clock} +0800'")
        return LocalAsk(environment={"PATH": f"{self.tools}:{os.environ['PATH']}"})

    def backup(self, changed: int) -> dict[str, str]:
        """Every check of a file's age is given the same file."""
        file = self._folder / "his" / "mariadb_backup_info"
        file.parent.mkdir(exist_ok=True)
        file.write_text("backup completed\n")
        os.utime(file, (changed, changed))
        return {"directory": str(file.parent), "path": str(file)}

    def log(self, *seconds: int | None) -> str:
        """A line for each time; None is a line that carries none."""
        file = self._folder / "his.log"
        file.write_text("".join(f"{_stamp(second)}ERROR\n" for second in seconds))
        return str(file)

    def failed_logins(self, *seconds: int) -> None:
        """In the order of writing; `lastb` begins with the latest."""
        lines = [LOGINS.format(f"{_local(second):%a %b %d %H:%M:%S %Y}") for second in reversed(seconds)]
        self._tool(
            "lastb",
            "cat <<'END'\n" + "\n".join(["        " + line for line in lines]) + "\n\nbtmp begins\nEND",
        )

    def password_expires(self, seconds: int) -> None:
        day = f"{_local(seconds):%b %d, %Y}"
        self._tool("chage", f"echo 'Password expires : {day}'; echo 'Account expires : never'")

    def _tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def _local(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) + timedelta(hours=8)


def _stamp(seconds: int | None) -> str:
    return "" if seconds is None else f"{_local(seconds):%Y-%m-%d %H:%M:%S} "


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def _seen(name: str, ask: LocalAsk, **parameters: Any) -> dict[str, Observation]:
    plugin = REGISTRY.get(name)
    return {seen.metric: seen for seen in plugin.observe(ask, plugin.Parameters(**parameters))}


def _refusal(name: str, ask: LocalAsk, **parameters: Any) -> str:
    with pytest.raises(CannotTell) as raised:
        _seen(name, ask, **parameters)
    return raised.value.message.en


AGES = {
    "backup_file": ("age_h", "directory"),
    "mariadb_backup": ("age_h", "directory"),
    "backup_job": ("result", "path"),
}


@pytest.mark.parametrize("name", AGES)
def test_a_clock_that_is_minutes_off_does_no_harm(name: str, machine: Machine) -> None:
    metric, parameter = AGES[name]
    clock = RIGHT - 50 * 60
    place = machine.backup(clock - 5 * HOUR)[parameter]
    assert _seen(name, machine.ask(clock), **{parameter: place})[metric].value in (5.0, "success")


@pytest.mark.parametrize("clock", WRONG)
@pytest.mark.parametrize("name", AGES)
def test_no_age_is_told_by_a_clock_that_means_nothing(name: str, clock: int, machine: Machine) -> None:
    parameter = AGES[name][1]
    # Written an hour ago by that very clock: it may have been set since, and nobody would know.
    place = machine.backup(min(clock, FUTURE) - HOUR)[parameter]
    said = _refusal(name, machine.ask(clock), **{parameter: place})
    assert "clock says" in said or "can't be read" in said


@pytest.mark.parametrize("name", AGES)
def test_a_file_from_the_future_has_no_age(name: str, machine: Machine) -> None:
    parameter = AGES[name][1]
    place = machine.backup(RIGHT + 5 * HOUR)[parameter]
    assert "future" in _refusal(name, machine.ask(RIGHT), **{parameter: place})


@pytest.mark.parametrize("name", AGES)
def test_a_file_written_before_the_clock_was_set_has_no_age(name: str, machine: Machine) -> None:
    parameter = AGES[name][1]
    place = machine.backup(IN_1970)[parameter]
    assert "wrong when the file was written" in _refusal(name, machine.ask(RIGHT), **{parameter: place})


def _log(machine: Machine, clock: int, *seconds: int | None) -> dict[str, Any]:
    return {"ask": machine.ask(clock), "path": machine.log(*seconds), "pattern": "ERROR", "minutes": 60}


@pytest.mark.parametrize("clock", WRONG)
def test_lines_are_not_dated_by_a_clock_that_means_nothing(clock: int, machine: Machine) -> None:
    said = _refusal("log_pattern", **_log(machine, clock, RIGHT - 60))
    assert "clock says" in said or "can't be read" in said


def test_a_log_without_a_match_needs_no_clock(machine: Machine) -> None:
    assert _seen("log_pattern", **_log(machine, IN_1970))["matches"].value == 0


def test_lines_from_the_future_are_not_called_recent(machine: Machine) -> None:
    assert "future" in _refusal("log_pattern", **_log(machine, RIGHT, RIGHT + 2 * HOUR))


def test_lines_whose_times_jump_back_are_not_called_old(machine: Machine) -> None:
    times = (RIGHT - 600, RIGHT - 20 * HOUR, RIGHT - 19 * HOUR)
    assert "jump back" in _refusal("log_pattern", **_log(machine, RIGHT, *times))


def test_a_line_written_before_the_clock_was_set_counts_like_one_without_a_time(machine: Machine) -> None:
    before, after = (IN_1970, RIGHT - 3 * HOUR, RIGHT - 60), (RIGHT - 3 * HOUR, IN_1970, RIGHT - 60)
    assert _seen("log_pattern", **_log(machine, RIGHT, *before))["matches"].value == 1
    assert _seen("log_pattern", **_log(machine, RIGHT, *after))["matches"].value == 2


@pytest.mark.parametrize("clock", WRONG)
def test_requests_are_not_dated_by_a_clock_that_means_nothing(clock: int, machine: Machine) -> None:
    log = machine.tools / "access.log"
    log.write_text(f'192.0.2.9 - - [{_local(RIGHT):%d/%b/%Y:%H:%M:%S} +0800] "GET / HTTP/1.1" 200 1\n')
    assert _seen("nginx_requests", machine.ask(RIGHT), path=str(log))["requests"].value == 1
    said = _refusal("nginx_requests", machine.ask(clock), path=str(log))
    assert "clock says" in said or "can't be read" in said


@pytest.mark.parametrize("clock", WRONG)
def test_failed_logins_are_not_dated_by_a_clock_that_means_nothing(clock: int, machine: Machine) -> None:
    machine.failed_logins(RIGHT - 60)
    assert _seen("failed_logins", machine.ask(RIGHT))["failed"].value == 1
    said = _refusal("failed_logins", machine.ask(clock))
    assert "clock says" in said or "can't be read" in said


def test_failed_logins_from_the_future_are_not_counted_as_todays(machine: Machine) -> None:
    machine.failed_logins(RIGHT + 9 * HOUR)
    assert "future" in _refusal("failed_logins", machine.ask(RIGHT))


def test_failed_logins_from_before_the_clock_was_set_count_unless_a_later_one_is_too_old(
    machine: Machine,
) -> None:
    machine.failed_logins(IN_1970, RIGHT - 30 * HOUR, IN_1970, RIGHT - HOUR)
    assert _seen("failed_logins", machine.ask(RIGHT))["failed"].value == 2


@pytest.mark.parametrize("clock", WRONG)
def test_a_password_is_not_called_valid_by_a_clock_that_means_nothing(clock: int, machine: Machine) -> None:
    machine.password_expires(RIGHT + 10 * 24 * HOUR)
    assert _seen("password_expiry", machine.ask(RIGHT), users=["root"])["days_left"].value == 10
    said = _refusal("password_expiry", machine.ask(clock), users=["root"])
    assert "clock says" in said or "can't be read" in said


@pytest.mark.parametrize("clock", WRONG)
def test_the_offset_of_such_a_clock_is_told_without_a_time_service(clock: int, machine: Machine) -> None:
    seen = _seen("clock_offset", machine.ask(clock))["offset_s"]
    assert isinstance(seen.value, float)
    assert seen.value == pytest.approx(abs(clock - time.time()), abs=120)


@pytest.mark.parametrize("clock", WRONG)
def test_how_long_a_host_is_up_does_not_hang_on_its_clock(clock: int, machine: Machine) -> None:
    right = _seen("uptime", machine.ask(RIGHT))["uptime_h"].value
    assert _seen("uptime", machine.ask(clock))["uptime_h"].value == pytest.approx(right, abs=0.2)


SET_BACK: dict[str, dict[str, tuple[object, ...]]] = {
    "mariadb_long_transactions": {mariadb_long_transactions.STATEMENT: (-5 * HOUR, 1, 1, 0)},
    "postgres_long_transactions": {postgres_long_transactions.STATEMENT: (-300.0, "7 his idle", 0, 1)},
    "postgres_archiver": {postgres_archiver.STATEMENT: ("on", 0, "0001", None, False, -5.0)},
    "postgres_replication_lag": {
        "select pg_is_in_recovery()": (True,),
        postgres_replication_lag.OWN_LAG: (-5.0 * HOUR,),
    },
}


@pytest.mark.parametrize("name", SET_BACK)
def test_a_database_whose_clock_was_set_back_has_no_short_times(name: str) -> None:
    plugin = REGISTRY.get(name)
    ask = CannedAsk(sql={said: SqlAnswer((), (row,), 0.0) for said, row in SET_BACK[name].items()})
    with pytest.raises(CannotTell, match="clock"):
        list(plugin.observe(ask, plugin.Parameters.model_validate({"url": "postgresql://db"})))
