"""`wardround schedule`: what runs by itself, when, what became of it, and what people decide about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from orchestrator.bootstrap import Wardround

NAME = say("计划", "NAME")


@click.group(
    name="schedule",
    help=say(
        "时间表：接下来何时执行，已到点的结果，暂停、恢复、回答。",
        "The timetable: what runs next and when, what became of the last; pause, resume, answer.",
    ),
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
    from orchestrator.cli.schedule_view import coming_row, print_coming

    coming = open_wardround(site).timetables.coming(name, count)
    if as_json:
        rows = [coming_row(schedule, due) for schedule, due in coming.times]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        print_coming(coming.times)
    if not coming.times and not coming.ended:
        click.echo(say("十年之内没有要执行的", "nothing is due in the next ten years"), err=True)
    for schedule, missing in coming.ended:
        hint = f"\n  → {speak(missing.hint)}" if missing.hint else ""
        click.echo(f"{schedule.name}: {speak(missing.message)}{hint}", err=True)
    return ExitCode.USAGE if coming.ended else ExitCode.OK


@command.command(
    name="list",
    help=say(
        "列出全部计划：下次、最近一次及其执行结果、是否暂停、等待决定的漏执行。\n\n  wardround schedule list",
        "List all schedules: next, last and what its run came to, paused or not, and missed ones that wait "
        "for a decision.\n\n  wardround schedule list",
    ),
)
@options.site()
@options.as_json()
def list_schedules(site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.schedule_view import print_schedules, view_row

    wardround = open_wardround(site)
    views = wardround.schedules.list()
    if as_json:
        click.echo(json.dumps([view_row(view) for view in views], ensure_ascii=False, indent=2))
    else:
        print_schedules(views)
    _tell_who_works()
    return ExitCode.OK


@command.command(
    name="show",
    help=say(
        "一个计划已到点的各次：启动了、跳过了还是漏了，为什么，最新的在前。\n\n"
        "  wardround schedule show morning-round --last 60",
        "What became of a schedule's due times and why, newest first.\n\n"
        "  wardround schedule show morning-round --last 60",
    ),
)
@click.argument("name", metavar=NAME)
@options.site()
@click.option(
    "--last", default=20, show_default=True, type=click.IntRange(1, 10_000), help=say("条数", "How many")
)
@options.as_json()
def show_schedule(name: str, site: Path | None, last: int, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.schedule_view import occurrence_row, print_occurrences

    wardround = open_wardround(site)
    found = wardround.schedules.past(name, last)
    zone = _zone(wardround, name)
    if as_json:
        click.echo(json.dumps([occurrence_row(one, zone) for one in found], ensure_ascii=False, indent=2))
    else:
        print_occurrences(found, zone)
    return ExitCode.OK


@command.command(
    name="pause",
    help=say(
        "暂停一个计划：期间到点的记为跳过。已在执行的不受影响。\n\n"
        "  wardround schedule pause evening-round --until 8h --reason '机房断电检修'",
        "Pause a schedule: what is due meanwhile is recorded as skipped. A run under way goes on.\n\n"
        "  wardround schedule pause evening-round --until 8h --reason 'power maintenance'",
    ),
)
@click.argument("name", metavar=NAME)
@options.site()
@click.option(
    "--until",
    metavar=say("期限", "TIME"),
    help=say(
        "8h、3d、日期或日期 时间；不写则直到恢复", "8h, 3d, a date or time; without it until it is resumed"
    ),
)
@click.option("--reason", required=True, metavar=say("理由", "TEXT"), help=say("为何暂停", "Why"))
def pause_schedule(name: str, site: Path | None, until: str | None, reason: str) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.schedule_view import pause_sentence

    wardround = open_wardround(site)
    click.echo(pause_sentence(wardround.schedules.pause(name, until, reason), wardround.site.timezone))
    return ExitCode.OK


@command.command(
    name="resume",
    help=say(
        "恢复一个暂停的计划。暂停期间的不补。\n\n  wardround schedule resume evening-round",
        "Resume a schedule. What was due while it was paused stays skipped.\n\n"
        "  wardround schedule resume evening-round",
    ),
)
@click.argument("name", metavar=NAME)
@options.site()
def resume_schedule(name: str, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    open_wardround(site).schedules.resume(name)
    click.echo(say(f"{name}: 已恢复", f"{name}: resumed"))
    return ExitCode.OK


@command.command(
    name="answer",
    help=say(
        "回答一次漏执行（missed: ask）：补或不补。时刻照 schedule list 所示写。\n\n"
        "  wardround schedule answer morning-round '2026-12-01 06:30' --run",
        "Answer whether a missed one (missed: ask) is made up for. Write its time as schedule list shows "
        "it.\n\n  wardround schedule answer morning-round '2026-12-01 06:30' --run",
    ),
)
@click.argument("name", metavar=NAME)
@click.argument("due", metavar=say("时刻", "DUE"))
@options.site()
@click.option("--run", is_flag=True, help=say("补：现在执行", "Make up for it now"))
@click.option("--skip", is_flag=True, help=say("不补", "Leave it"))
def answer_schedule(name: str, due: str, site: Path | None, run: bool, skip: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.schedule_view import occurrence_sentence

    if run is skip:
        raise click.UsageError(say("写 --run 或 --skip", "give either --run or --skip"))
    wardround = open_wardround(site)
    answered = wardround.schedules.answer(name, due, run=run)
    click.echo(occurrence_sentence(answered, _zone(wardround, name)))
    if run:
        _tell_who_works()
    return ExitCode.OK


def _zone(wardround: Wardround, name: str) -> ZoneInfo:
    """The schedule's; the site's where the timetable has it no more."""
    zones = {one.name: one.timezone for one in wardround.timetables.timetable.schedules}
    return zones.get(name, wardround.site.timezone)


def _tell_who_works() -> None:
    from orchestrator.worker.start import worker_alive

    if not worker_alive():
        click.echo(
            say(
                "没有工作进程在运行，什么都不会自动执行 → 启动 wardround worker",
                "no worker is alive, so nothing runs by itself → start wardround worker",
            ),
            err=True,
        )
