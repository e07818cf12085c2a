"""Whether what runs by itself will: the timetable can be read, and its calendar goes far enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from orchestrator.application.timetables import Timetables
from orchestrator.errors import InvalidDocument, NotFound
from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.due_time import due_between
from orchestrator.model.timetable import Schedule
from orchestrator.model.work_calendar import WorkCalendar

AHEAD = timedelta(days=45)
"""The State Council announces a year's holidays in the November before it: there is time to mend it."""
_LINT = Text("执行 wardround lint 查看全部问题", "see all of it with wardround lint")


def examine_timetable(timetables: Timetables, now: datetime) -> Iterator[Diagnosis]:
    """Whether each schedule can be followed for the next weeks, and on dates that are official."""
    try:
        schedules, calendar = timetables.timetable.schedules, timetables.calendar
    except InvalidDocument as error:
        first = error.diagnostics[0]
        said = Text(
            f"时间表或日历有错误：{first.position}：{first.message.zh}",
            f"{first.position}: {first.message.en}",
        )
        yield Diagnosis("timetable", Condition.CRIT, said, _LINT)
        return
    wrong = [found for one in schedules if (found := _examine(one, calendar, now))]
    yield from wrong
    if not wrong:
        said = Text(
            f"时间表中 {len(schedules)} 项均可执行", f"all {len(schedules)} schedules can be followed"
        )
        yield Diagnosis("timetable", Condition.OK, said)


def _examine(schedule: Schedule, calendar: WorkCalendar, now: datetime) -> Diagnosis | None:
    provisional = None
    try:
        for due in due_between(schedule, calendar, now, now + AHEAD):
            if due.provisional and provisional is None:
                provisional = due.at.astimezone(schedule.timezone)
    except NotFound as error:
        said = Text(
            f"{schedule.name} 在 {AHEAD.days} 天内将无法执行：{error.message.zh}",
            f"{schedule.name} can't be followed for the next {AHEAD.days} days: {error.message.en}",
        )
        return Diagnosis("calendar", Condition.WARN, said, error.hint, schedule.name)
    if provisional is None:
        return None
    year = provisional.year
    return Diagnosis(
        "calendar",
        Condition.WARN,
        Text(
            f"{schedule.name} 从 {provisional:%Y-%m-%d} 起按暂定的 {year} 年节假日执行",
            f"{schedule.name} follows provisional holidays of {year} from {provisional:%Y-%m-%d} on",
        ),
        Text(
            f"官方公布后更新 calendars/{year}.yml，并写 status: official",
            f"once they are announced, bring calendars/{year}.yml up to date with status: official",
        ),
        schedule.name,
    )
