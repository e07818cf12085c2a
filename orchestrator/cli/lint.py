"""`wardround lint`: checks documents without running them."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import language, say


@click.command(
    name="lint",
    help=say(
        "检查运行手册和站点文档，一次给出全部错误。不写路径则检查整个站点。\n\n"
        "  wardround lint\n\n  wardround lint runbooks/inspection/morning.yml --format sarif",
        "Check runbooks and site documents, and give all errors at once. Without paths: the whole site.\n\n"
        "  wardround lint\n\n  wardround lint runbooks/inspection/morning.yml --format sarif",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@options.site()
@click.option(
    "--format",
    "-f",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help=say("输出格式", "Output format"),
)
def command(paths: tuple[Path, ...], site: Path | None, form: str) -> int:
    from orchestrator.bootstrap import lint_documents

    linted = lint_documents(paths, site)
    text = linted.show(form, language())
    if text:
        click.echo(text)
    if form == "text":
        click.echo(_total(linted.files, len(linted.diagnostics)), err=True)
    return ExitCode.USAGE if linted.has_errors or linted.files == 0 else ExitCode.OK


def _total(files: int, findings: int) -> str:
    if files == 0:
        return say("没有找到可检查的文档", "found no document to check")
    if findings == 0:
        return say(f"{files} 个文档，没有错误", f"{files} documents, no errors")
    return say(f"{files} 个文档，{findings} 处问题", f"{files} documents, {findings} findings")
