"""`wardround schema`: the JSON Schemas that editors complete documents from."""

from __future__ import annotations

import json

import click

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say


@click.command(
    name="schema",
    help=say(
        "输出运行手册或时间表的 JSON Schema。\n\n  wardround schema runbook > runbook.schema.json\n\n"
        "  wardround schema timetable > timetable.schema.json\n\n"
        "在 YAML 第一行写 # yaml-language-server: $schema=runbook.schema.json，编辑器即可补全。",
        "Print the JSON Schema of runbooks or of timetables.\n\n"
        "  wardround schema runbook > runbook.schema.json\n\n"
        "  wardround schema timetable > timetable.schema.json\n\n"
        "Editors complete from it when a file begins with "
        "# yaml-language-server: $schema=runbook.schema.json",
    ),
)
@click.argument("document", type=click.Choice(["runbook", "timetable"]))
def command(document: str) -> int:
    from orchestrator.bootstrap import document_schema

    click.echo(json.dumps(document_schema(document), ensure_ascii=False, indent=2))
    return ExitCode.OK
