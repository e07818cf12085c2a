"""Trends and forecasts of a round are worked out once, and told the same ever after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.language import Text
from orchestrator.model.check import Metric
from orchestrator.model.report import ReportItem, RoundReport
from orchestrator.model.round import RoundState
from orchestrator.model.site import Retention
from orchestrator.model.system import Catalogue
from orchestrator.model.verdict import Verdict
from orchestrator.records.backup import Occasion, make_backup
from orchestrator.records.models import KeptForecasts, Round, Sample, Series
from orchestrator.records.restore import require_restorable, restore
from orchestrator.records.retention import tidy
from orchestrator.records.rounds import settle_interrupted
from orchestrator.reporting.round_report import build_report
from tests.rounds import START, outcome, plan, recorded, result, value

pytestmark = pytest.mark.usefixtures("database")
DAYS = 40


@pytest.fixture
def filling() -> int:
    """The last of rounds in which /data fills up, /var varies at random, and /new was seen once."""
    return [fill(day) for day in range(DAYS)][-1]


def fill(day: int, state: RoundState | None = RoundState.COMPLETED) -> int:
    at = START + timedelta(days=day)
    seen = [
        value(Verdict.OK, "/data", seen=40.0 + day + day * 7 % 3 / 10),
        value(Verdict.OK, "/var", seen=float(day * 7919 % 50)),
    ]
    if day == DAYS - 1:
        seen.append(value(Verdict.OK, "/new", seen=1.0))
    return recorded(plan("db1"), outcome("db1", result("disk", *seen), at=at), state=state, day=day)


def report(number: int, *, capacity: bool = True, day: int = DAYS) -> RoundReport:
    metric = Metric("used_pct", Text("使用率", "used"), capacity=capacity)
    now = START + timedelta(days=day)
    return build_report(number, Text("", ""), Catalogue(()), "UTC", now, lambda *_: metric)


def outlooks(number: int, day: int = DAYS) -> dict[str, tuple[object, object]]:
    return {item.subject: (item.trend, item.forecast) for item in report(number, day=day).items if item.value}


def item(number: int, subject: str = "/data") -> ReportItem:
    return next(one for one in report(number).items if one.subject == subject)


def test_a_kept_outlook_is_the_one_that_was_worked_out(filling: int) -> None:
    first = report(filling)
    assert KeptForecasts.objects.get().round_id == filling
    assert report(filling) == first
    told = {one.subject: one.forecast for one in first.items if one.forecast}
    assert told["/data"].earliest is not None
    assert told["/data"].after_days
    assert told["/var"].reason is not None
    assert told["/new"].samples == 1


def test_a_later_report_reads_no_samples(filling: int) -> None:
    report(filling)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        report(filling)
    assert not [
        one["sql"] for one in asked if "records_sample" in one["sql"] or "records_series" in one["sql"]
    ]


def test_what_was_told_stays_when_the_numbers_are_gone(filling: int) -> None:
    told = outlooks(filling)
    Sample.objects.all().delete()
    Series.objects.all().delete()
    assert outlooks(filling) == told
    KeptForecasts.objects.all().delete()
    assert outlooks(filling) != told


def test_nothing_is_kept_of_a_round_that_still_runs() -> None:
    running = fill(0, state=None)
    report(running)
    assert not KeptForecasts.objects.exists()


def test_an_interrupted_round_is_told_as_of_what_it_saw_last(filling: int) -> None:
    cut_short = fill(DAYS, state=None)
    settle_interrupted("morning", START + timedelta(days=DAYS, hours=1))
    for day in range(DAYS + 1, DAYS + 5):
        fill(day)
    told = item(cut_short)
    assert told.trend[-1].at == START + timedelta(days=DAYS)
    assert KeptForecasts.objects.get().round_id == cut_short
    assert outlooks(cut_short, day=300) == outlooks(cut_short)


def test_what_cannot_be_made_out_is_worked_out_anew(filling: int) -> None:
    told = outlooks(filling)
    KeptForecasts.objects.update(content=b"of another version")
    assert outlooks(filling) == told
    assert outlooks(filling) == told


def test_a_value_that_became_one_of_capacity_later_is_told_too(filling: int) -> None:
    assert report(filling, capacity=False).items[0].trend == ()
    assert item(filling).forecast is not None


def test_retention_removes_them_with_the_details(filling: int) -> None:
    report(filling)
    tidy(Retention(rounds=100), ZoneInfo("UTC"), START + timedelta(days=200), Path("/nonexistent"))
    assert not KeptForecasts.objects.exists()
    assert report(filling, day=200).items == ()
    assert not KeptForecasts.objects.exists()


def test_a_backup_brings_them_back(filling: int, tmp_path: Path) -> None:
    told = outlooks(filling)
    Sample.objects.all().delete()
    path = tmp_path / "backup.zip"
    make_backup(path, Occasion("0.1.0", "医院", "asked", START))
    KeptForecasts.objects.all().delete()
    restore(path, require_restorable(path), lambda: None)
    assert outlooks(filling) == told


@pytest.fixture
def read_only(filling: int) -> Iterator[int]:
    """The database takes no write, as a standby's does."""
    on, off = (
        ("PRAGMA query_only = 1", "PRAGMA query_only = 0")
        if connection.vendor == "sqlite"
        else ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
    )
    with connection.cursor() as cursor:
        cursor.execute(on)
        yield filling
        cursor.execute(off)


def test_a_report_can_be_read_where_nothing_can_be_written(read_only: int) -> None:
    assert item(read_only).forecast is not None
    assert not KeptForecasts.objects.exists()
    assert Round.objects.exists()
