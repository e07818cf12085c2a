"""Whether what runs by itself does: the timetable can be followed, and nothing waits for an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.application.duration import say_duration
from orchestrator.application.examination.workers import START
from orchestrator.application.schedules import UNSEEN, first_unseen
from orchestrator.application.timetables import Timetables
from orchestrator.errors import InvalidDocument, NotFound
from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.due_time import due_between
from orchestrator.model.schedule_record import OccurrenceRecord, PauseRecord
from orchestrator.model.tick import OccurrenceState
from orchestrator.model.timetable import Schedule
from orchestrator.model.work_calendar import WorkCalendar
from orchestrator.records.schedule_pauses import pauses
from orchestrator.records.schedules import asking_occurrences, latest_occurrences, settled_until

AHEAD = timedelta(days=45)
"""The State Council announces a year's holidays in the November before it: there is time to mend it."""
_MISSED = OccurrenceState.MISSED
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


def examine_schedules(timetables: Timetables, timezone: ZoneInfo, now: datetime) -> Iterator[Diagnosis]:
    """What the records say of each schedule: missed, asked about, paused, not looked after, or ahead."""
    asking, settled = asking_occurrences(), settled_until()
    found = [_asks(one, timezone, now) for one in asking]
    for name, until in sorted(settled.items()):
        if until - now > UNSEEN:
            found.append(_ahead(name, until - now))
    found += [_missed(one, timezone) for one in latest_occurrences(settled).values() if one.state is _MISSED]
    found += [_paused(one, timezone) for one in pauses().values() if one.pause.covers(now)]
    with suppress(InvalidDocument):  # told of where the timetable is looked at
        found += _unseen(timetables, settled, now)
    yield from found
    if not found:
        said = Text("没有漏执行或等待决定的", "nothing was missed, and nothing waits for an answer")
        yield Diagnosis("schedule", Condition.OK, said)


def _asks(one: OccurrenceRecord, timezone: ZoneInfo, now: datetime) -> Diagnosis:
    due, lasted = one.due_at.astimezone(timezone), say_duration(now - one.decided_at)
    command = f"wardround schedule answer {one.schedule} {due.isoformat(timespec='minutes')} --run|--skip"
    return Diagnosis(
        "schedule",
        Condition.WARN,
        Text(
            f"{one.schedule} {due:%Y-%m-%d %H:%M} 漏执行，等待决定已 {lasted.zh}",
            f"{one.schedule} missed {due:%Y-%m-%d %H:%M} and has waited for an answer for {lasted.en}",
        ),
        Text(f"补或不补：{command}", f"make up for it or not: {command}"),
        one.schedule,
    )


def _ahead(name: str, by: timedelta) -> Diagnosis:
    lasted = say_duration(by)
    return Diagnosis(
        "schedule",
        Condition.CRIT,
        Text(
            f"{name} 的记录已到 {lasted.zh}之后，此前不会执行：时钟被拨回，或曾经偏快",
            f"the records of {name} reach {lasted.en} ahead, and nothing of it runs until then: "
            "the clock was set back, or was fast",
        ),
        Text(
            "检查对时：chronyc tracking；急需时手工执行 wardround round run",
            "see what keeps time: chronyc tracking; what can't wait: wardround round run",
        ),
        name,
    )


def _missed(one: OccurrenceRecord, timezone: ZoneInfo) -> Diagnosis:
    due, why = one.due_at.astimezone(timezone), one.reason or Text("", "")
    return Diagnosis(
        "schedule",
        Condition.WARN,
        Text(
            f"{one.schedule} 最近一次 {due:%Y-%m-%d %H:%M} 漏执行：{why.zh}",
            f"{one.schedule} missed its last time, {due:%Y-%m-%d %H:%M}: {why.en}",
        ),
        Text(
            f"查看 wardround schedule show {one.schedule}；需要就手工执行",
            f"see wardround schedule show {one.schedule}, and run it by hand where it is needed",
        ),
        one.schedule,
    )


def _paused(one: PauseRecord, timezone: ZoneInfo) -> Diagnosis:
    until = one.pause.until
    end = f"{until.astimezone(timezone):%Y-%m-%d %H:%M}" if until else ""
    return Diagnosis(
        "schedule",
        # One that ends by itself is what somebody wants; one without an end is forgotten.
        Condition.OK if until else Condition.WARN,
        Text(
            f"{one.schedule} 已暂停{f'到 {end}' if end else ''}（{one.by.name}：{one.reason}）",
            f"{one.schedule} is paused{f' until {end}' if end else ''} ({one.by.name}: {one.reason})",
        ),
        None if until else _same(f"wardround schedule resume {one.schedule}"),
        one.schedule,
    )


def _unseen(timetables: Timetables, settled: Mapping[str, datetime], now: datetime) -> Iterator[Diagnosis]:
    """Times that have passed and have no record: whoever should look after them does not."""
    for schedule in timetables.timetable.schedules:
        first = first_unseen(schedule, timetables.calendar, settled.get(schedule.name, now), now)
        if first is None:
            continue
        at = first.at.astimezone(schedule.timezone)
        yield Diagnosis(
            "schedule",
            Condition.CRIT,
            Text(
                f"{schedule.name} {at:%Y-%m-%d %H:%M} 到时而没有记录：没有工作进程照看时间表",
                f"{schedule.name} was due at {at:%Y-%m-%d %H:%M} and has no record: "
                "no worker looks after the timetable",
            ),
            START,
            schedule.name,
        )


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


def _same(command: str) -> Text:
    return Text(command, command)
