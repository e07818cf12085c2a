"""`wardround finding`: who deals with what is wrong, and whether it is gone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.visible import one_line

if TYPE_CHECKING:
    from orchestrator.model.finding import FindingLine


@click.group(
    name="finding",
    help=say("发现：列出、指派、备注、复检、关闭。", "Findings: list, assign, note, recheck, close."),
)
def command() -> None: ...


@command.command(
    name="list",
    help=say(
        "列出尚需处理的发现，最新的在前。\n\n  wardround finding list --mine\n\n"
        "  wardround finding list --overdue --json",
        "List the findings that somebody has to deal with, newest first.\n\n"
        "  wardround finding list --mine\n\n  wardround finding list --overdue --json",
    ),
)
@options.site()
@click.option(
    "--all", "everything", is_flag=True, help=say("包括已消除和已关闭的", "Also those that are gone")
)
@click.option("--mine", is_flag=True, help=say("只列我负责的", "Mine alone"))
@click.option("--overdue", is_flag=True, help=say("只列已超期的", "Past their due time alone"))
@click.option("--host", metavar=say("主机", "HOST"), help=say("只列一台主机的", "Of one host"))
@click.option("--runbook", metavar=say("手册", "RUNBOOK"), help=say("只列一个运行手册的", "Of one runbook"))
@click.option(
    "--last", default=1000, show_default=True, type=click.IntRange(1, 100_000), help=say("条数", "How many")
)
@options.as_json()
def list_findings(
    site: Path | None,
    everything: bool,
    mine: bool,
    overdue: bool,
    host: str | None,
    runbook: str | None,
    last: int,
    as_json: bool,
) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.finding_view import finding_row, print_findings

    wardround = open_wardround(site)
    found = wardround.findings.list(
        everything=everything, mine=mine, overdue=overdue, host=host, runbook=runbook, limit=last
    )
    if as_json:
        click.echo(json.dumps([finding_row(line) for line in found], ensure_ascii=False, indent=2))
    else:
        print_findings(found, wardround.site.timezone)
    return ExitCode.OK


@command.command(
    name="show",
    help=say(
        "显示一条发现的全部：经过、备注、豁免、数值范围。\n\n  wardround finding show 12",
        "Everything about one finding: history, notes, waivers, range of values.\n\n"
        "  wardround finding show 12",
    ),
)
@click.argument("number", type=click.IntRange(1))
@options.site()
@options.as_json()
def show_finding(number: int, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.finding_view import detail_row, print_detail

    wardround = open_wardround(site)
    found = wardround.findings.show(number)
    if as_json:
        click.echo(json.dumps(detail_row(found), ensure_ascii=False, indent=2))
    else:
        print_detail(found, wardround.site.timezone)
    return ExitCode.OK


@command.command(
    name="assign",
    help=say(
        "把发现交给负责人，可写期限（3d、8h、日期）。\n\n  wardround finding assign 12 王工 --due 3d",
        "Give a finding to somebody, with a due time (3d, 8h, a date).\n\n"
        "  wardround finding assign 12 wang --due 3d",
    ),
)
@click.argument("number", type=click.IntRange(1))
@click.argument("owner")
@options.site()
@click.option("--due", metavar=say("期限", "TIME"), help=say("期限：3d、8h 或日期", "3d, 8h or a date"))
@click.option("--note", default="", metavar=say("说明", "TEXT"), help=say("说明", "A word on it"))
def assign_finding(number: int, owner: str, site: Path | None, due: str | None, note: str) -> int:
    from orchestrator.bootstrap import open_wardround

    _tell(open_wardround(site).findings.assign(number, owner, due, note))
    return ExitCode.OK


@command.command(
    name="note",
    help=say(
        "给发现加一条备注。\n\n  wardround finding note 12 '已联系厂商'",
        "Add a note to a finding.\n\n  wardround finding note 12 'the vendor is on it'",
    ),
)
@click.argument("number", type=click.IntRange(1))
@click.argument("text")
@options.site()
def note_finding(number: int, text: str, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    _tell(open_wardround(site).findings.note(number, text))
    return ExitCode.OK


@command.command(
    name="recheck",
    help=say(
        "立即复检：只对这台主机、这一项真正检查一次。退出码：0 已消除；1 仍存在；3 未能检查。\n\n"
        "  wardround finding recheck 12",
        "Look again now, at that host and that task alone. Exits 0 gone, 1 still there, 3 could not look.\n\n"
        "  wardround finding recheck 12",
    ),
)
@click.argument("number", type=click.IntRange(1))
@options.site()
@options.as_json()
def recheck_finding(number: int, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.finding_view import finding_row
    from orchestrator.cli.progress import ProgressLine
    from orchestrator.model.finding import Seen
    from orchestrator.worker.inspection import run_round

    wardround = open_wardround(site)
    with ProgressLine(sys.stderr) as line:
        request = wardround.rechecks.request(number, wardround.people.starter())
        number_of_round = run_round(wardround, request, line.show)
    result = wardround.rechecks.result(number, wardround.reports.build(number_of_round))
    if as_json:
        reason = speak(result.reason) if result.reason else None
        row = {
            "finding": finding_row(result.finding),
            "round": result.round,
            "seen": result.seen,
            "reason": reason,
        }
        click.echo(json.dumps(row, ensure_ascii=False, indent=2))
    else:
        words = {
            Seen.GONE: say("已消除", "gone"),
            Seen.STILL_THERE: say("仍存在", "still there"),
            Seen.COULD_NOT_LOOK: say("未能检查", "could not look"),
        }
        why = f": {one_line(speak(result.reason))}" if result.reason else ""
        click.echo(f"#{number} {one_line(result.finding.what)}  {words[result.seen]}{why}")
    return {Seen.GONE: ExitCode.OK, Seen.STILL_THERE: ExitCode.FINDINGS}.get(result.seen, ExitCode.UNKNOWN)


@command.command(
    name="close",
    help=say(
        "关闭一条发现；须先有检查证实其已消除。\n\n  wardround finding close 12 --note '已扩容'",
        "Close a finding that is gone; a check must have seen it gone.\n\n"
        "  wardround finding close 12 --note 'disk extended'",
    ),
)
@click.argument("number", type=click.IntRange(1))
@options.site()
@click.option("--note", required=True, metavar=say("说明", "TEXT"), help=say("如何处理的", "What was done"))
def close_finding(number: int, site: Path | None, note: str) -> int:
    from orchestrator.bootstrap import open_wardround

    _tell(open_wardround(site).findings.close(number, note))
    return ExitCode.OK


def _tell(line: FindingLine) -> None:
    owner = f"  {one_line(line.owner)}" if line.owner else ""
    click.echo(f"#{line.number} {one_line(line.what)}  {speak(line.state.label)}{owner}")
