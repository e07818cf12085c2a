"""A timetable is read with every default filled in, or answered with all that is wrong in it."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from orchestrator.documents.findings import Findings
from orchestrator.documents.node import plain
from orchestrator.documents.schema import timetable_schema
from orchestrator.documents.timetable import ScheduleModel, read_timetable
from orchestrator.documents.yaml import require_yaml
from orchestrator.errors import Diagnostic
from orchestrator.model.timetable import (
    Clocks,
    DayWord,
    Every,
    Missed,
    MonthDays,
    Overlap,
    Schedule,
    Timetable,
    Weekday,
    YearDates,
)
from tests.documents.reading import hint, places, refused

SITE = ZoneInfo("Asia/Shanghai")
RUNBOOKS = ("inspection/morning", "inspection/evening", "routine/tidy", "emergency/tidy")


def read(text: str) -> Timetable:
    return read_timetable("t.yml", text.encode(), SITE, RUNBOOKS)


def wrong(text: str) -> list[Diagnostic]:
    return refused(lambda: read(text))


def one(*lines: str) -> str:
    """A timetable of one schedule, whose own lines begin at line 4, column 5."""
    return "\n    ".join(["schedules:\n  - name: a", "runbook: inspection/morning", *lines]) + "\n"


def only(*lines: str) -> Schedule:
    (schedule,) = read(one(*lines)).schedules
    return schedule


def test_the_least_that_a_schedule_needs() -> None:
    schedule = only('at: "06:30"')
    assert schedule == Schedule(
        name="a",
        title="a",
        runbook="inspection/morning",
        when=Clocks((time(6, 30),)),
        days=DayWord.EVERY_DAY,
        timezone=SITE,
        late=timedelta(minutes=15),
        missed=Missed.SKIP,
        overlap=Overlap.SKIP,
    )


def test_all_that_a_schedule_can_say() -> None:
    schedule = only(
        "title: 早巡检",
        'at: ["17:45", "06:30"]',
        "days: [mon, sun]",
        "timezone: Europe/Berlin",
        'limit: "his:!his-db01"',
        "spread: 10m",
        "late: 2h",
        "missed: once",
        "overlap: queue",
        'from: "2026-12-01"',
        'until: "2027-11-30"',
    )
    assert schedule.title == "早巡检"
    assert schedule.when == Clocks((time(6, 30), time(17, 45)))
    assert schedule.days == frozenset({Weekday.MON, Weekday.SUN})
    assert (schedule.timezone.key, schedule.limit) == ("Europe/Berlin", "his:!his-db01")
    assert (schedule.spread, schedule.late) == (timedelta(minutes=10), timedelta(hours=2))
    assert (schedule.missed, schedule.overlap) == (Missed.ONCE, Overlap.QUEUE)
    assert (schedule.first, schedule.last) == (date(2026, 12, 1), date(2027, 11, 30))


def test_the_other_forms_of_days_and_times() -> None:
    assert only('at: "06:30"', "days: work_days").days is DayWord.WORK_DAYS
    assert only('at: "06:30"', "month_days: [1, last]").days == MonthDays(frozenset({1}), last=True)
    assert only('at: "06:30"', 'dates: ["12-31", "02-29"]').days == YearDates(frozenset({(12, 31), (2, 29)}))
    assert only("every: 15m").when == Every(timedelta(minutes=15))
    hours = only("every: 2h", 'between: ["08:00", "18:00"]').when
    assert hours == Every(timedelta(hours=2), time(8), time(18))


def test_no_schedules_at_all_is_a_timetable() -> None:
    assert read("schedules: []\n").schedules == ()


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('at: "25:00"', "4:9 impossible-time"),
        ('at: "24:00"', "4:9 impossible-time"),
        ('at: "6:30"', "4:9 impossible-time"),
        ("at: 06:30", "4:9 ambiguous-scalar"),
        ('at: ["06:30", "06:60"]', "4:19 impossible-time"),
        ('at: ["06:30", "06:30"]', "4:9 duplicate-time"),
        ("at: []", "4:9 invalid-value"),
        ("at: 630", "4:9 wrong-type"),
        ("every: 15", "4:12 invalid-value"),
        ("every: 15 minutes", "4:12 invalid-value"),
        ("every: 30s", "4:12 invalid-value"),
        ("every: 2d", "4:12 invalid-value"),
        ('every: 1h\n    between: ["18:00", "08:00"]', "5:14 impossible-span"),
        ('every: 1h\n    between: ["18:00"]', "5:14 invalid-value"),
        ('at: "06:30"\n    between: ["08:00", "18:00"]', "5:14 unknown-key"),
        ('at: "06:30"\n    every: 1h', "5:12 contradiction"),
        ("title: x", "2:11 missing-key"),
        ('at: "06:30"\n    days: workdays', "5:11 unknown-value"),
        ('at: "06:30"\n    days: [mon, tues]', "5:17 unknown-value"),
        ('at: "06:30"\n    days: every_day\n    month_days: [1]', "6:17 contradiction"),
        ('at: "06:30"\n    month_days: [0]', "5:18 invalid-value"),
        ('at: "06:30"\n    month_days: [32]', "5:18 invalid-value"),
        ('at: "06:30"\n    month_days: [first]', "5:18 unknown-value"),
        ('at: "06:30"\n    dates: ["02-30"]', "5:13 impossible-date"),
        ('at: "06:30"\n    from: "2026-02-29"', "5:11 impossible-date"),
        ('at: "06:30"\n    from: 2026-02-28', "5:11 ambiguous-scalar"),
        ('at: "06:30"\n    from: "2026-03-01"\n    until: "2026-02-28"', "6:12 impossible-span"),
        ('at: "06:30"\n    timezone: Asia/Shangai', "5:15 unknown-timezone"),
        ('at: ["06:30", "06:40"]\n    spread: 10m', "5:13 spread-too-long"),
        ('at: ["00:05", "23:55"]\n    spread: 10m', "5:13 spread-too-long"),
        ("every: 10m\n    spread: 10m", "5:13 spread-too-long"),
        ('at: "06:30"\n    missed: twice', "5:13 unknown-value"),
        ('at: "06:30"\n    overlap: allow', "5:14 unknown-value"),
        ('at: "06:30"\n    cron: "* * * * *"', "5:5 unknown-key"),
        ('at: "06:30"\n    limit: ""', "5:12 invalid-value"),
    ],
)
def test_a_mistake_is_one_error_at_its_place(line: str, place: str) -> None:
    assert places(wrong(one(line))) == [place]


def test_an_error_says_how_to_mend_it() -> None:
    assert hint(wrong(one('at: "24:00"'))) == '从 "00:00" 到 "23:59"'
    assert hint(wrong(one('at: "06:30"', "days: workdays"))) == "是不是 work_days？"
    assert hint(wrong(one('at: "06:30"', "spread: 1d"))) == "须短于 1440 分钟"
    assert hint(wrong(one("every: 15 minutes"))) == "写成 90s、15m、2h 或 1d"


def test_a_runbook_must_be_there_and_be_one() -> None:
    text = "schedules:\n  - {{name: a, at: '06:30', runbook: {}}}\n"
    assert read(text.format("morning")).schedules[0].runbook == "morning"
    (unknown,) = wrong(text.format("mornign"))
    assert (unknown.rule, unknown.hint and unknown.hint.zh) == ("unknown-runbook", "是不是 morning？")
    (unknown,) = wrong(text.format("inspection/evenin"))
    assert unknown.hint is not None
    assert unknown.hint.zh == "是不是 inspection/evening？"
    (ambiguous,) = wrong(text.format("tidy"))
    assert ambiguous.rule == "ambiguous-runbook"
    assert ambiguous.hint is not None
    assert "emergency/tidy" in ambiguous.hint.zh


def test_all_errors_come_at_once_one_schedules_hiding_no_others() -> None:
    text = """\
schedules:
  - name: Morning
    runbook: inspection/morning
    at: "25:00"
  - name: b
    runbook: inspection/gone
    every: 10m
    spread: 1h
  - name: b
    runbook: inspection/morning
    at: "06:30"
    from: "2026-13-01"
"""
    assert sorted(places(wrong(text))) == [
        "12:11 impossible-date",
        "2:11 invalid-value",
        "4:9 impossible-time",
        "6:14 unknown-runbook",
        "8:13 spread-too-long",
        "9:11 duplicate-schedule",
    ]


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    made = timetable_schema()
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def _fits(schema: Draft202012Validator, text: str) -> bool:
    return schema.is_valid(plain(require_yaml("t.yml", text.encode(), Findings("t.yml"))))


@pytest.mark.parametrize(
    "lines",
    [
        ('at: "06:30"',),
        ('at: ["06:30", "17:45"]', "days: work_days"),
        ("every: 2h", 'between: ["08:00", "18:00"]', "days: [mon]"),
        ('at: "06:30"', "month_days: [1, last]", "spread: 10m", "late: 1h", "missed: ask"),
        ('at: "06:30"', 'dates: ["12-31"]', 'from: "2026-12-01"', 'until: "2027-11-30"', "overlap: queue"),
    ],
)
def test_what_we_accept_an_editor_accepts(lines: tuple[str, ...], schema: Draft202012Validator) -> None:
    assert only(*lines).name == "a"
    assert _fits(schema, one(*lines))


@pytest.mark.parametrize(
    "line", ["at: 630", "days: work_days", 'at: "6:30"', 'at: "06:30"\n    cron: x', "every: 15 minutes"]
)
def test_what_we_refuse_an_editor_marks(line: str, schema: Draft202012Validator) -> None:
    assert wrong(one(line))
    assert not _fits(schema, one(line))


REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "timetable.md").read_text(encoding="utf-8")


def test_the_reference_names_every_key_and_no_other() -> None:
    section = REFERENCE.partition("## Days")[0]
    named = {
        key.strip("` ")
        for line in section.splitlines()
        if line.startswith("| `")
        for key in line.split("|")[1].split(",")
    }
    assert named == {field.alias or name for name, field in ScheduleModel.model_fields.items()}


def test_the_references_example_is_a_timetable() -> None:
    example = REFERENCE.partition("```yaml\n")[2].partition("```")[0]
    runbooks = ("inspection/morning", "routine/handover")
    assert len(read_timetable("t.yml", example.encode(), SITE, runbooks).schedules) == 2
