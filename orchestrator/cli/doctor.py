"""`wardround doctor`: what is amiss at this site, and what mends it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.style import MARKS, paint
from orchestrator.cli.visible import one_line
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.verdict import Verdict

_VERDICTS = {
    Condition.CRIT: Verdict.CRIT,
    Condition.UNKNOWN: Verdict.UNKNOWN,
    Condition.WARN: Verdict.WARN,
    Condition.OK: Verdict.OK,
}
"""They look as verdicts of the same names do."""


@click.command(
    name="doctor",
    help=say(
        "给本站点体检：停滞的执行、未知结果、工作进程、时钟、磁盘、数据库、备份、时间表、文件权限。\n\n"
        "最要紧的在前，每条附处理办法；不改动任何内容，也不连接主机。退出码：0 一切正常，1 需要人处理，"
        "3 有的没能查看。\n\n  wardround doctor",
        "Look this site over: runs that stand still, unknown outcomes, workers, clocks, disks, database, "
        "backups, timetable, modes of files.\n\n"
        "The worst first, each with its cure; it changes nothing and reaches no host. Exits 0 when all is "
        "well, 1 when something needs a person, 3 when something could not be looked at.\n\n"
        "  wardround doctor",
    ),
)
@options.site()
@options.as_json()
def command(site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    found = open_wardround(site).doctor.examine()
    if as_json:
        click.echo(json.dumps([_row(one) for one in found], ensure_ascii=False, indent=2))
    else:
        for one in found:
            _print(one)
    return of_diagnoses(found)


def of_diagnoses(found: Sequence[Diagnosis]) -> ExitCode:
    """What was not seen outranks what was: worse may hide behind it."""
    conditions = {one.condition for one in found}
    if Condition.UNKNOWN in conditions:
        return ExitCode.UNKNOWN
    return ExitCode.FINDINGS if conditions & {Condition.CRIT, Condition.WARN} else ExitCode.OK


def _print(one: Diagnosis) -> None:
    verdict = _VERDICTS[one.condition]
    mark = paint(f"{MARKS[verdict]} {speak(one.condition.label)}", verdict, sys.stdout)
    click.echo(f"{mark}\t{one.name}\t{one_line(speak(one.said))}")
    if one.cure is not None:
        click.echo(f"  → {one_line(speak(one.cure))}")


def _row(one: Diagnosis) -> dict[str, object]:
    return {
        "name": one.name,
        "subject": one.subject,
        "condition": one.condition,
        "said": speak(one.said),
        "cure": speak(one.cure) if one.cure else None,
    }
