"""How schedules and their due times look on a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import click
from rich import box
from rich.table import Table

from orchestrator.application.schedules import ScheduleView
from orchestrator.cli.language import language, say, speak
from orchestrator.cli.local_time import iso, local
from orchestrator.cli.summary import stdout
from orchestrator.cli.visible import one_line
from orchestrator.language import Text
from orchestrator.model.due_time import DueTime
from orchestrator.model.schedule_record import OccurrenceRecord, PauseRecord
from orchestrator.model.timetable import Schedule
from orchestrator.model.work_calendar import WEEKDAYS


def print_coming(times: Iterable[tuple[Schedule, DueTime]]) -> None:
    """A line for each due time to come."""
    for schedule, due in times:
        at = due.at.astimezone(schedule.timezone)
        parts = [
            f"{local(due.at, schedule.timezone)} {speak(WEEKDAYS[at.weekday()])}",
            schedule.name,
            one_line(schedule.title),
            schedule.runbook,
            _why(due, schedule.timezone),
        ]
        click.echo("\t".join(parts))


def coming_row(schedule: Schedule, due: DueTime) -> dict[str, object]:
    return {
        "schedule": schedule.name,
        "title": schedule.title,
        "runbook": schedule.runbook,
        "at": due.at.astimezone(schedule.timezone).isoformat(),
        "start": due.start.astimezone(schedule.timezone).isoformat(),
        "timezone": str(schedule.timezone),
        "why": due.why.say(language()),
        "provisional": due.provisional,
        "moved_from": f"{due.moved_from:%H:%M}" if due.moved_from else None,
    }


def print_schedules(views: Sequence[ScheduleView]) -> None:
    """All of a timetable; then what waits for a person, with the command that answers it."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    headings = (
        say("计划", "schedule"),
        say("下次", "next"),
        say("最近一次", "last"),
        say("状况", "how it is"),
    )
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for view in views:
        zone = view.schedule.timezone
        last = f"{local(view.last.due_at, zone)} {_outcome(view.last)}" if view.last else ""
        table.add_row(
            f"{view.schedule.name}\n{one_line(view.schedule.title)}",
            local(view.next.at, zone) if view.next else "",
            last,
            "\n".join(_conditions(view)),
        )
    stdout().print(table)
    for view in views:
        for asked in view.asks:
            click.echo(_question(asked, view.schedule.timezone))


def view_row(view: ScheduleView) -> dict[str, object]:
    zone = view.schedule.timezone
    pause = view.pause
    return {
        "schedule": view.schedule.name,
        "title": view.schedule.title,
        "runbook": view.schedule.runbook,
        "timezone": str(zone),
        "next": coming_row(view.schedule, view.next) if view.next else None,
        "ended": view.ended.message.say(language()) if view.ended else None,
        "last": occurrence_row(view.last, zone) if view.last else None,
        "paused": pause
        and {
            "since": pause.pause.since.isoformat(),
            "until": iso(pause.pause.until),
            "by": pause.by.name,
            "proof": pause.by.proof,
            "reason": pause.reason,
        },
        "asks": [occurrence_row(one, zone) for one in view.asks],
        "unseen": view.unseen.at.astimezone(zone).isoformat() if view.unseen else None,
        "ahead_seconds": view.ahead.total_seconds(),
    }


def occurrence_row(one: OccurrenceRecord, zone: ZoneInfo) -> dict[str, object]:
    return {
        "schedule": one.schedule,
        "due_at": one.due_at.astimezone(zone).isoformat(),
        "state": one.state,
        "reason": one.reason.say(language()) if one.reason else None,
        "decided_at": one.decided_at.isoformat(),
        "decided_by": one.decided_by or None,
        "run": one.run and one.run.number,
        "run_state": one.run and one.run.state,
        "round": one.run and one.run.round,
    }


def print_occurrences(found: Sequence[OccurrenceRecord], zone: ZoneInfo) -> None:
    if not found:
        click.echo(say("还没有到点过", "it was not due yet"))
    for one in found:
        by = say(f"由 {one.decided_by} 决定", f"decided by {one.decided_by}") if one.decided_by else ""
        reason = one_line(speak(one.reason)) if one.reason else ""
        click.echo("\t".join((local(one.due_at, zone), _outcome(one), reason, one_line(by))).rstrip())


def occurrence_sentence(one: OccurrenceRecord, zone: ZoneInfo) -> str:
    return f"{one.schedule} {local(one.due_at, zone)}: {_outcome(one)}"


def pause_sentence(paused: PauseRecord, zone: ZoneInfo) -> str:
    return f"{paused.schedule}: {speak(_pause(paused, zone))}"


def _conditions(view: ScheduleView) -> list[str]:
    """What is not as it should be, and what somebody wanted so."""
    zone = view.schedule.timezone
    found: list[Text] = []
    if view.pause:
        found.append(_pause(view.pause, zone))
    if view.asks:
        found.append(Text(f"{len(view.asks)} 次漏执行等待决定", f"{len(view.asks)} missed: somebody decides"))
    if view.unseen:
        at = local(view.unseen.at, zone)
        found.append(
            Text(f"{at} 已到点而无人照看", f"was due at {at}, and no worker looks after the timetable")
        )
    if view.ahead > timedelta(0):
        minutes = -(-view.ahead // timedelta(minutes=1))
        found.append(
            Text(
                f"时钟被回拨：{minutes} 分钟内不会执行",
                f"the clock was set back: nothing runs for {minutes} minutes",
            )
        )
    if view.ended:
        found.append(view.ended.message)
    return [one_line(speak(one)) for one in found]


def _pause(paused: PauseRecord, zone: ZoneInfo) -> Text:
    until = paused.pause.until
    how = (
        Text(f"暂停至 {local(until, zone)}", f"paused until {local(until, zone)}")
        if until
        else Text("暂停", "paused until somebody resumes it")
    )
    by = paused.by.label
    return Text(f"{how.zh}（{by.zh}：{paused.reason}）", f"{how.en} ({by.en}: {paused.reason})")


def _question(asked: OccurrenceRecord, zone: ZoneInfo) -> str:
    at = local(asked.due_at, zone)
    reason = f"{speak(asked.reason)}\n" if asked.reason else ""
    return say(
        f"{asked.schedule} {at} 漏执行：{reason}"
        f"  → 补：wardround schedule answer {asked.schedule} '{at}' --run；不补：--skip",
        f"{asked.schedule} of {at} was missed: {reason}"
        f"  → make up for it: wardround schedule answer {asked.schedule} '{at}' --run; or not: --skip",
    )


def _outcome(one: OccurrenceRecord) -> str:
    parts = [speak(one.state.label)]
    if one.run is not None:
        parts.append(f"#{one.run.number} {speak(one.run.state.label)}")
        if one.run.round is not None:
            parts.append(say(f"第 {one.run.round} 轮巡检", f"round {one.run.round}"))
    return say("，", ", ").join(parts)


def _why(due: DueTime, timezone: ZoneInfo) -> str:
    marks = [speak(due.why)]
    if due.start != due.at:
        start = f"{due.start.astimezone(timezone):%H:%M:%S}"
        marks.append(say(f"错峰到 {start} 启动", f"spread: starts at {start}"))
    if due.provisional:
        marks.append(say("暂定：当年节假日未公布", "provisional: the year's holidays are not announced"))
    if due.moved_from is not None:
        marks.append(
            say(
                f"当天没有 {due.moved_from:%H:%M}（夏令时），顺延",
                f"there is no {due.moved_from:%H:%M} that day (daylight saving)",
            )
        )
    return say("；", "; ").join(marks)
