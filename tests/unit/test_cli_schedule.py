"""`wardround schedule next`: the next times, on a site as `wardround init` makes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.cli.language import choose_language
from tests.schedules import midnight

NEW_YEAR = midnight("2026-12-31", "Asia/Shanghai")
WORKING = """\
schedules:
  - {name: desk, title: 驻点交班, runbook: inspection/morning, at: "08:00", days: work_days}
  - {name: night, runbook: morning, at: "02:30", timezone: Europe/Berlin}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("WARDROUND_LANG", raising=False)
    monkeypatch.delitem(sys.modules, "orchestrator.cli.schedule", raising=False)
    choose_language([])
    folder = tmp_path / "site"
    assert main.run(["init", str(folder)]) == 0
    monkeypatch.setenv("WARDROUND_SITE", str(folder))
    yield folder
    choose_language([])


def at(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.bootstrap.system_clock", lambda: now)


def test_a_new_site_has_two_rounds_a_day(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(midnight("2026-11-24", "Asia/Shanghai"), monkeypatch)
    assert main.run(["lint"]) == 0
    capsys.readouterr()
    assert main.run(["schedule", "next", "--count", "3"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[:4] for line in lines] == [
        ["2026-11-24 06:30 周二", "morning-round", "早巡检", "inspection/morning"],
        ["2026-11-24 17:45 周二", "evening-round", "晚巡检", "inspection/evening"],
        ["2026-11-25 06:30 周三", "morning-round", "早巡检", "inspection/morning"],
    ]
    assert all("每天；错峰到" in line[4] for line in lines)


def test_a_day_of_a_year_that_is_not_announced_is_marked(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "timetable.yml").write_text(WORKING, encoding="utf-8")
    at(NEW_YEAR, monkeypatch)
    assert main.run(["schedule", "next", "desk", "-n", "2"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("2026-12-31 08:00 周四\tdesk\t驻点交班")
    assert first.endswith("工作日")
    assert second.startswith("2027-01-04 08:00 周一")
    assert second.endswith("工作日；暂定：当年节假日未公布")


def test_a_time_that_daylight_saving_leaves_out_is_told(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "timetable.yml").write_text(WORKING, encoding="utf-8")
    at(midnight("2026-03-29", "Europe/Berlin"), monkeypatch)
    assert main.run(["schedule", "next", "night", "-n", "1", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {
        "schedule": "night",
        "title": "night",
        "runbook": "morning",
        "at": "2026-03-29T03:00:00+02:00",
        "start": "2026-03-29T03:00:00+02:00",
        "timezone": "Europe/Berlin",
        "why": "每天",
        "provisional": False,
        "moved_from": "02:30",
    }


def test_a_calendar_that_ends_is_told_beside_what_was_found(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "timetable.yml").write_text(WORKING, encoding="utf-8")
    at(datetime(2027, 12, 30, 12, tzinfo=UTC), monkeypatch)
    assert main.run(["schedule", "next", "desk"]) == 2
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1
    assert "没有 2028 年的工作日历" in told.err
    assert "2028.yml" in told.err


def test_a_site_without_a_timetable_and_a_name_that_is_not_there_are_one_clear_error(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["schedule", "next", "mornin-round"]) == 2
    assert "时间表里没有 mornin-round" in (told := capsys.readouterr().err)
    assert "morning-round" in told
    (site / "timetable.yml").unlink()
    assert main.run(["schedule", "next"]) == 2
    assert "没有时间表" in capsys.readouterr().err
