"""`wardround round compare` and `wardround round calendar`: rounds beside one another."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak, tell
from orchestrator.cli.local_time import local
from orchestrator.cli.visible import one_line
from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.comparison import Comparison, Pair, compare
from orchestrator.model.completion import Completion, HalfDay, Month

if TYPE_CHECKING:
    from orchestrator.model.report import ReportItem, RoundReport

MARKS = {
    Completion.COMPLETED: "●",
    Completion.INCOMPLETE: "◎",
    Completion.BROKEN: "×",
    Completion.MISSING: "!",
    Completion.OPEN: "○",
    Completion.NOT_DUE: "·",
}
SORTS = (
    ("new", Text("新增", "New")),
    ("worse", Text("加重", "Worse")),
    ("better", Text("减轻", "Better")),
    ("cleared", Text("消除", "Cleared")),
    ("unseen_before", Text("有异常，但前一轮没有看到", "Wrong now, and not looked at before")),
    (
        "unseen_after",
        Text("前一轮有异常，这一轮没有看到（可能仍在）", "Wrong before, not looked at now (may still be)"),
    ),
    ("moved", Text("变化最大的值", "Values that moved most")),
)


@click.command(
    name="compare",
    help=say(
        "比较两轮巡检：A 在前，B 在后。\n\n  wardround round compare 41 42",
        "Compare two rounds: A is the earlier, B the later one.\n\n  wardround round compare 41 42",
    ),
)
@click.argument("before", metavar="A", type=click.IntRange(1))
@click.argument("after", metavar="B", type=click.IntRange(1))
@options.site()
@options.as_json()
def compare_rounds(before: int, after: int, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    reports = open_wardround(site).reports
    found = compare(reports.build(before), reports.build(after))
    if as_json:
        click.echo(json.dumps(_comparison(found), ensure_ascii=False, indent=2))
    else:
        _show_comparison(found)
    return ExitCode.OK


@click.command(
    name="calendar",
    help=say(
        "一个月的巡检日历：每天早、晚各一轮，漏检可见。不写月份则为本月。\n\n"
        "  wardround round calendar 2026-11",
        "A month's calendar of completion: one round each morning and evening, missing ones shown. Without "
        "a month: this one.\n\n  wardround round calendar 2026-11",
    ),
)
@click.argument("month", required=False, metavar="[YYYY-MM]")
@options.site()
@options.as_json()
def calendar(month: str | None, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    first = None if month is None else _first_of(month)
    trends = open_wardround(site).trends
    found = trends.month(first or trends.now.date().replace(day=1), tell)
    if as_json:
        click.echo(json.dumps(_calendar(found), ensure_ascii=False, indent=2))
    else:
        _show_calendar(found)
    return ExitCode.OK


def _first_of(month: str) -> date:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        first = None
    if first is None or not 1970 <= first.year < 9999:
        raise InputError(
            Text(f"{month} 不是月份", f"{month} is no month"),
            Text("写成 2026-11 这样", "write it as 2026-11"),
        )
    return first


def _show_comparison(found: Comparison) -> None:
    for letter, report in (("A", found.before), ("B", found.after)):
        cover = report.coverage
        began = local(report.started_at, ZoneInfo(report.timezone))
        click.echo(
            f"{letter} #{report.round} {report.runbook} {began} {speak(report.state.label)}  "
            + say("完成/应检", "done/due")
            + f" {cover.done}/{cover.due} ({cover.percent})"
        )
    for name, title in SORTS:
        pairs: tuple[Pair, ...] = getattr(found, name)
        if pairs:
            click.echo(f"\n{speak(title)} ({len(pairs)})")
            for pair in pairs:
                click.echo(f"  {_line(pair)}")
    click.echo(
        "\n" + say(f"无变化的异常 {len(found.same)} 项", f"Findings without change: {len(found.same)}")
    )
    for letter, hosts in (("A", found.lost_before), ("B", found.lost_after)):
        if hosts:
            said = say(f"{letter} 未能检查的主机", f"Hosts that {letter} could not check")
            click.echo(f"{said}: {', '.join(hosts)}")
    for letter, hosts in (("A", found.hosts_only_before), ("B", found.hosts_only_after)):
        if hosts:
            click.echo(say(f"只有 {letter} 有的主机", f"Hosts of {letter} alone") + f": {', '.join(hosts)}")


def _line(pair: Pair) -> str:
    item = pair.item
    name = one_line(f"{item.host} {item.title} {item.metric} {item.subject}")
    return f"{name}: {_side(pair.before)} → {_side(pair.after)}"


def _side(item: ReportItem | None) -> str:
    if item is None:
        return say("未看到", "not looked at")
    value = f"{item.value:g}" if isinstance(item.value, int | float) else item.value or ""
    return one_line(f"{value}{item.unit if item.value is not None else ''} {speak(item.verdict.label)}")


def _comparison(found: Comparison) -> dict[str, object]:
    sorts = [name for name, _ in SORTS] + ["same"]
    return {
        "before": _round(found.before),
        "after": _round(found.after),
        **{name: [_pair(pair) for pair in getattr(found, name)] for name in sorts},
        "hosts_only_before": list(found.hosts_only_before),
        "hosts_only_after": list(found.hosts_only_after),
        "lost_before": list(found.lost_before),
        "lost_after": list(found.lost_after),
    }


def _round(report: RoundReport) -> dict[str, object]:
    return {
        "number": report.round,
        "runbook": report.runbook,
        "state": str(report.state),
        "started_at": report.started_at.isoformat(),
        "due": report.coverage.due,
        "done": report.coverage.done,
    }


def _pair(pair: Pair) -> dict[str, object]:
    item = pair.item
    sides = {
        name: None if one is None else {"verdict": str(one.verdict), "value": one.value}
        for name, one in (("before", pair.before), ("after", pair.after))
    }
    return {
        "host": item.host,
        "task": item.id,
        "metric": item.metric,
        "subject": item.subject,
        "unit": item.unit,
        **sides,
    }


def _show_calendar(month: Month) -> None:
    click.echo(f"{month.first:%Y-%m}  {say('早', 'am')} {say('晚', 'pm')}")
    for morning, evening in zip(month.half_days[::2], month.half_days[1::2], strict=True):
        notes = [note for half in (morning, evening) if (note := _half_note(half))]
        weekday = say("一二三四五六日"[morning.day.weekday()], f"{morning.day:%a}")
        marks = f"{MARKS[morning.completion]}  {MARKS[evening.completion]}"
        click.echo(f"{morning.day:%m-%d} {weekday}  {marks}  {'  '.join(notes)}".rstrip())
    shown = [one for one in Completion if one is not Completion.NOT_DUE]
    click.echo("  ".join(f"{MARKS[one]} {speak(one.label)} {month.counts.get(one, 0)}" for one in shown))


def _half_note(half: HalfDay) -> str:
    if half.completion is Completion.MISSING:
        return f"{say('晚', 'pm') if half.evening else say('早', 'am')} {speak(half.completion.label)}"
    return "  ".join(f"#{one.number} {one.runbook} {one.done}/{one.due}" for one in half.rounds)


def _calendar(month: Month) -> dict[str, object]:
    return {
        "month": f"{month.first:%Y-%m}",
        "counts": {str(one): month.counts.get(one, 0) for one in Completion},
        "half_days": [
            {
                "day": half.day.isoformat(),
                "half": "pm" if half.evening else "am",
                "completion": str(half.completion),
                "rounds": [
                    {
                        "number": one.number,
                        "runbook": one.runbook,
                        "state": str(one.state),
                        "due": one.due,
                        "done": one.done,
                    }
                    for one in half.rounds
                ],
            }
            for half in month.half_days
        ],
    }
