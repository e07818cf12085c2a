"""The past and the days to come, as a user asks for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.bootstrap import new_site, open_wardround
from orchestrator.cli.main import run
from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict
from orchestrator.records import database as records
from orchestrator.records.rounds import close_round, open_round, record_outcomes
from tests.rounds import MASKER, WANG, lost, outcome, plan, result, seen, value

pytestmark = pytest.mark.acceptance

ROUNDS = 30


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Fifteen days of two rounds each; db1's disk fills, and web1 is lost in the last round."""
    root = tmp_path_factory.mktemp("site") / "hospital"
    new_site(root)
    wardround = open_wardround(root)
    assert wardround.trends is not None
    now = datetime.now(UTC)
    for ago in range(ROUNDS, -1, -1):
        at = now - timedelta(hours=12 * ago, minutes=5)
        number = open_round(plan("db1", "web1"), WANG, at, "0.1.0")
        used = 93 - 0.4 * ago
        disk = value(Verdict.WARN if used >= 85 else Verdict.OK, seen=used)
        web = lost("web1", at) if ago == 0 else seen("web1", Verdict.OK, at)
        record_outcomes(number, (outcome("db1", result("disk", disk), at=at), web), MASKER)
        close_round(number, RoundState.COMPLETED, at + timedelta(minutes=1))
    yield root
    records.disconnect()


def say(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> str:
    assert run([str(word) for word in words]) == code
    said = capsys.readouterr()
    return said.out or said.err


def test_a_trend_is_drawn_with_its_limits_and_its_forecast(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = say(capsys, "--lang", "en", "trend", "db1", "disk", "-S", site)
    assert shown.startswith("db1 任务 disk used_pct /data  93%")
    assert shown.count("*") >= 20
    assert "\x1b" not in shown
    assert re.search(r"Reaches its critical limit 95\.12% (between|on) .+ \((with)?in .*days?\)", shown)
    assert "warning >= 85  critical >= 95.1235" in shown


def test_a_check_is_found_by_its_name_and_a_trend_is_given_as_json(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = json.loads(
        say(
            capsys,
            "trend",
            "db1",
            "filesystem_usage",
            "-S",
            site,
            "--days",
            5,
            "--subject",
            "/data",
            "--json",
        )
    )
    assert (one["host"], one["task"], one["metric"], one["subject"]) == ("db1", "disk", "used_pct", "/data")
    assert 9 <= len(one["points"]) <= 11
    assert one["forecast"]["earliest"] < one["forecast"]["latest"] or one["forecast"]["latest"]
    assert one["forecast"]["samples"] >= 7


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("db2", "disk"), "db1"),
        (("db1", "dsk"), "disk"),
        (("db1", "disk", "--subject", "/dat"), "/data"),
        (("db1", "disk", "--metric", "used"), "used_pct"),
    ],
)
def test_what_was_never_measured_is_answered_with_what_was(
    site: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], meant: str
) -> None:
    said = say(capsys, "--lang", "en", "trend", *words, "-S", site, code=2)
    assert f"did you mean: {meant}" in said


def test_what_fills_up_within_a_week_is_said_below_the_round(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = say(capsys, "--lang", "en", "round", "show", "-S", site, code=3)
    assert re.search(r"! db1 任务 disk /data: Reaches its critical limit", shown)


def test_two_rounds_are_compared_and_what_was_not_seen_is_said(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = ROUNDS + 1
    shown = say(capsys, "--lang", "en", "round", "compare", 1, last, "-S", site)
    assert "New (1)\n  db1 任务 disk used_pct /data: 81% ok → 93% warning" in shown
    assert "Hosts that B could not check: web1" in shown
    (listed, *_) = json.loads(say(capsys, "round", "list", "-S", site, "--json"))
    began = datetime.fromisoformat(listed["started_at"])
    assert began.utcoffset() == timedelta(hours=8)
    assert f"B #{last} morning {began:%Y-%m-%d %H:%M} " in shown
    back = json.loads(say(capsys, "round", "compare", last, 1, "-S", site, "--json"))
    assert [pair["host"] for pair in back["cleared"]] == ["db1"]
    assert (back["lost_before"], back["lost_after"]) == (["web1"], [])
    assert "there is no round 99" in say(
        capsys, "--lang", "en", "round", "compare", 1, 99, "-S", site, code=2
    )


def test_the_calendar_counts_each_morning_and_evening(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    month = json.loads(say(capsys, "round", "calendar", "-S", site, "--json"))
    assert sum(month["counts"].values()) == len(month["half_days"])
    rounds = [one for half in month["half_days"] for one in half["rounds"]]
    assert rounds[-1]["number"] == ROUNDS + 1
    assert rounds[-1]["done"] < rounds[-1]["due"]
    shown = say(capsys, "--lang", "en", "round", "calendar", "-S", site)
    assert "! missing" in shown.splitlines()[-1]
    assert f"#{ROUNDS + 1} morning" in shown


@pytest.mark.parametrize("month", ["2026-13", "november", "2026"])
def test_what_is_no_month_is_refused(site: Path, capsys: pytest.CaptureFixture[str], month: str) -> None:
    assert f"{month} is no month" in say(
        capsys, "--lang", "en", "round", "calendar", month, "-S", site, code=2
    )
