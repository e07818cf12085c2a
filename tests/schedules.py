"""Schedules and calendars for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.documents.work_calendar import calendar_files, read_work_calendar
from orchestrator.model.due_time import DueTime, due_between
from orchestrator.model.timetable import Clocks, DayWord, Schedule
from orchestrator.model.work_calendar import WorkCalendar
from orchestrator.settings import content_root


def shipped_calendar() -> WorkCalendar:
    """The years that come with the product."""
    return read_work_calendar(calendar_files([content_root() / "inventories" / "calendars"]))


def schedule(*clocks: str, zone: str = "Asia/Shanghai", **changed: Any) -> Schedule:
    """One that is due every day at `clocks`, but for what is changed."""
    given: dict[str, Any] = {
        "name": "round",
        "title": "round",
        "runbook": "inspection/morning",
        "when": Clocks(tuple(map(time.fromisoformat, clocks))),
        "days": DayWord.EVERY_DAY,
        "timezone": ZoneInfo(zone),
    }
    return Schedule(**{**given, **changed})


def midnight(on: str, zone: str = "UTC") -> datetime:
    """The first moment of a day in `zone`."""
    return datetime.combine(date.fromisoformat(on), time(0), ZoneInfo(zone)).astimezone(UTC)


def due_on(subject: Schedule, calendar: WorkCalendar, first: str, last: str | None = None) -> list[DueTime]:
    """All due times of the days from `first` to `last`, both included."""
    zone = str(subject.timezone)
    end = (date.fromisoformat(last or first) + timedelta(days=1)).isoformat()
    before = timedelta(microseconds=1)
    return list(due_between(subject, calendar, midnight(first, zone) - before, midnight(end, zone) - before))
