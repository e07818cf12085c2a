"""`wardround report`: writes the report of a round."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import language, say


@click.command(
    name="report",
    help=say(
        "生成一轮巡检的报告；不写编号则为最近一轮。默认写到站点的 var/reports，并打印位置。\n\n"
        "  wardround report\n\n  wardround report 42 -f json -o -",
        "Write the report of a round; without a number the latest. Goes to the site's var/reports unless -o "
        "names a place, and the place is printed.\n\n"
        "  wardround report\n\n  wardround report 42 -f json -o -",
    ),
)
@click.argument("number", metavar="[ROUND]", required=False, type=click.IntRange(1))
@options.site()
@click.option(
    "--format",
    "-f",
    "form",
    default="html",
    show_default=True,
    metavar=say("格式", "FORMAT"),
    help=say("html、json、xlsx、junit 或 pdf", "html, json, xlsx, junit or pdf"),
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar=say("文件", "FILE"),
    help=say("写到哪里；- 为标准输出", "Where to; - is standard output"),
)
def command(number: int | None, site: Path | None, form: str, output: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    reports = open_wardround(site).reports
    report = reports.build(number)
    if output == Path("-"):
        _print(reports.render(report, form, language()))
    else:
        click.echo(reports.write(report, form, language(), output))
    return ExitCode.OK


def _print(written: bytes) -> None:
    if sys.stdout.isatty() and not _readable(written):
        raise click.UsageError(
            say(
                "这种格式不能显示在终端上：用 -o 写入文件，或把输出重定向",
                "this format can't be shown in a terminal: name a file with -o, or redirect the output",
            )
        )
    sys.stdout.buffer.write(written)


def _readable(written: bytes) -> bool:
    """A plugin's format is not known here, but what is no text would garble the terminal."""
    try:
        written.decode()
    except UnicodeDecodeError:
        return False
    return True
