"""`wardround schedule`: what runs by itself, and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import language, say, speak
from orchestrator.cli.local_time import local
from orchestrator.cli.visible import one_line
from orchestrator.model.work_calendar import WEEKDAYS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from orchestrator.model.due_time import DueTime
    from orchestrator.model.timetable import Schedule


@click.group(
    name="schedule", help=say("时间表：接下来何时执行。", "The timetable: what runs next, and when.")
)
def command() -> None: ...


@command.command(
    name="next",
    help=say(
        "接下来的执行时刻，以及为什么是这些天；“暂定”表示当年的节假日尚未公布。\n\n"
        "  wardround schedule next\n\n  wardround schedule next morning-round --count 30",
        "The next times, and why they are on these days; 'provisional' where the year's holidays are not "
        "announced yet.\n\n"
        "  wardround schedule next\n\n  wardround schedule next morning-round --count 30",
    ),
)
@click.argument("name", required=False)
@options.site()
@click.option(
    "--count",
    "-n",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help=say("最多多少次", "How many at most"),
)
@options.as_json()
def next_times(name: str | None, site: Path | None, count: int, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    coming = open_wardround(site).timetables.coming(name, count)
    if as_json:
        rows = [_row(schedule, due) for schedule, due in coming.times]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for schedule, due in coming.times:
            click.echo(_line(schedule, due))
    if not coming.times and not coming.ended:
        click.echo(say("十年之内没有要执行的", "nothing is due in the next ten years"), err=True)
    for schedule, missing in coming.ended:
        hint = f"\n  → {speak(missing.hint)}" if missing.hint else ""
        click.echo(f"{schedule.name}: {speak(missing.message)}{hint}", err=True)
    return ExitCode.USAGE if coming.ended else ExitCode.OK


def _line(schedule: Schedule, due: DueTime) -> str:
    at = due.at.astimezone(schedule.timezone)
    parts = [
        f"{local(due.at, schedule.timezone)} {speak(WEEKDAYS[at.weekday()])}",
        schedule.name,
        one_line(schedule.title),
        schedule.runbook,
        _why(due, schedule.timezone),
    ]
    return "\t".join(parts)


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


def _row(schedule: Schedule, due: DueTime) -> dict[str, object]:
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
