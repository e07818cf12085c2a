"""`wardround runbook`: list runbooks, and accept the free commands in them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say
from orchestrator.cli.terminal import confirm
from orchestrator.cli.visible import visible


@click.group(
    name="runbook", help=say("运行手册：列出、认可自由命令。", "Runbooks: list, accept free commands.")
)
def command() -> None: ...


@command.command(
    name="list",
    help=say(
        "列出全部运行手册：站点自己的，以及产品自带的。\n\n  wardround runbook list --json",
        "List all runbooks: the site's own and those that come with the product.\n\n"
        "  wardround runbook list --json",
    ),
)
@options.site()
@options.as_json()
def list_runbooks(site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    found = open_wardround(site).list_runbooks()
    if as_json:
        rows = [{"kind": item.kind, "name": item.name, "path": str(item.path)} for item in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for item in found:
            click.echo(f"{item.kind}/{item.name}\t{item.path}")
    return ExitCode.OK


@command.command(
    name="accept",
    help=say(
        "认可一个运行手册中的自由命令、SQL 和站点 Python：它们只读。\n\n"
        "应由编写者以外的人登录后逐条审阅并执行。认可与内容的摘要绑定，内容一改即失效。\n\n"
        '  wardround runbook accept morning --reason "只读查询，已核对"',
        "Accept a runbook's free commands, SQL and site Python as read-only.\n\n"
        "For somebody else than their author, logged in, after reading each of them. An acceptance is bound "
        "to the text's digest: any edit voids it.\n\n"
        '  wardround runbook accept morning --reason "read-only, checked"',
    ),
)
@click.argument("name")
@options.site()
@click.option(
    "--reason",
    required=True,
    metavar=say("理由", "WHY"),
    help=say("为何可以认可", "Why they may be accepted"),
)
@click.option("--yes", is_flag=True, help=say("不逐条询问", "Do not ask for each"))
def accept(name: str, site: Path | None, reason: str, yes: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    acceptances = open_wardround(site).acceptances
    waiting = acceptances.waiting(name)
    if not waiting:
        click.echo(say("没有待认可的内容", "nothing waits for an acceptance"), err=True)
        return ExitCode.OK
    chosen = []
    for item in waiting:
        click.echo(f"{item.position}  {item.check}", err=True)
        click.echo(visible(item.content.decode("utf-8", "replace").rstrip()), err=True)
        if yes or confirm(say("只读，认可？", "It only reads: accept it?")):
            chosen.append(item)
    acceptances.accept(chosen, reason)
    click.echo(
        say(f"已认可 {len(chosen)}/{len(waiting)} 条", f"accepted {len(chosen)} of {len(waiting)}"), err=True
    )
    return ExitCode.OK if len(chosen) == len(waiting) else ExitCode.FINDINGS
