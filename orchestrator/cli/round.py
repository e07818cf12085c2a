"""`wardround round`: run an inspection, list what was run, show one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode, of_round
from orchestrator.cli.language import language, say, tell
from orchestrator.cli.round_history import calendar, compare_rounds

if TYPE_CHECKING:
    from orchestrator.application.round_request import RoundRequest
    from orchestrator.bootstrap import Wardround


@click.group(name="round", help=say("巡检：执行、列出、查看。", "Inspection rounds: run, list, show."))
def command() -> None: ...


command.add_command(compare_rounds)
command.add_command(calendar)


@command.command(
    name="run",
    help=say(
        "执行一轮巡检并保存结果。\n\nNAME 是运行手册名，如 morning。例：\n\n"
        "  wardround round run morning\n\n  wardround round run morning -l 'his:!his-db01' --json",
        "Run an inspection and keep its results.\n\nNAME is a runbook's name, such as morning:\n\n"
        "  wardround round run morning\n\n  wardround round run morning -l 'his:!his-db01' --json",
    ),
)
@click.argument("name")
@options.site()
@options.inventory()
@options.limit()
@options.as_json()
@click.option(
    "--report",
    "report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar=say("文件", "FILE"),
    help=say("同时写出 HTML 报告", "Also write the HTML report there"),
)
def run_round(
    name: str,
    site: Path | None,
    inventory: tuple[Path, ...],
    limit: str | None,
    as_json: bool,
    report: Path | None,
) -> int:
    from orchestrator.application.round_request import RoundRequest
    from orchestrator.bootstrap import open_wardround

    wardround = open_wardround(site)
    request = RoundRequest(runbook=name, actor=wardround.people.starter(), limit=limit, inventory=inventory)
    return run_and_show(wardround, request, as_json=as_json, report=report)


@command.command(
    name="list",
    help=say(
        "列出最近的巡检，最新的在前；NAME 只列一个运行手册的。\n\n  wardround round list morning --last 7",
        "List recent rounds, newest first; NAME: those of one runbook alone.\n\n"
        "  wardround round list morning --last 7",
    ),
)
@click.argument("name", required=False)
@options.site()
@click.option(
    "--last", default=20, show_default=True, type=click.IntRange(1, 10_000), help=say("条数", "How many")
)
@options.as_json()
def list_rounds(name: str | None, site: Path | None, last: int, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.summary import print_rounds

    print_rounds(open_wardround(site).past_rounds.list(name, last, tell), as_json=as_json)
    return ExitCode.OK


@command.command(
    name="show",
    help=say(
        "显示一轮巡检的结果；不写编号则为最近一轮。退出码与执行时相同。\n\n  wardround round show 42 --json",
        "Show a round's results; without a number the latest. Exits as its run did.\n\n"
        "  wardround round show 42 --json",
    ),
)
@click.argument("number", required=False, type=click.IntRange(1))
@options.site()
@options.as_json()
def show_round(number: int | None, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.summary import print_summary

    wardround = open_wardround(site)
    result = wardround.reports.build(number)
    if as_json:
        click.echo(wardround.reports.render(result, "json", language()), nl=False)
    else:
        print_summary(result, None)
    return of_round(result.state, result.counts)


def run_and_show(wardround: Wardround, request: RoundRequest, *, as_json: bool, report: Path | None) -> int:
    """Run a round, write its report and show the result."""
    from orchestrator.cli.progress import ProgressLine
    from orchestrator.worker.inspection import run_round as run_inspection

    with ProgressLine(sys.stderr) as line:
        number = run_inspection(wardround, request, line.show)
    result = wardround.reports.build(number)
    path = wardround.reports.write(result, "html", language(), report)
    if as_json:
        click.echo(wardround.reports.render(result, "json", language()), nl=False)
    else:
        from orchestrator.cli.summary import print_summary

        print_summary(result, path)
    return of_round(result.state, result.counts)
