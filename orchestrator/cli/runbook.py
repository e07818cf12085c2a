"""`wardround runbook`: list and show runbooks, plan them, and accept the free commands in them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say
from orchestrator.cli.terminal import confirm
from orchestrator.cli.visible import visible
from orchestrator.model.effect import Effect


@click.group(
    name="runbook",
    help=say(
        "运行手册：列出、查看、预览计划、认可自由命令。", "Runbooks: list, show, plan, accept free commands."
    ),
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
    name="show",
    help=say(
        "显示一个运行手册写了什么：各段、任务、作用，以及哪些内容由谁认可。\n\n"
        "  wardround runbook show morning",
        "Show what a runbook says: plays, tasks, effects, and what is accepted by whom.\n\n"
        "  wardround runbook show morning",
    ),
)
@click.argument("name")
@options.site()
@options.as_json()
def show_runbook(name: str, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.runbook_view import print_runbook, runbook_row

    text = open_wardround(site).plans.read(name)
    if as_json:
        click.echo(json.dumps(runbook_row(text), ensure_ascii=False, indent=2))
    else:
        print_runbook(text)
    return ExitCode.OK


@command.command(
    name="plan",
    help=say(
        "预览计划：此刻执行会在哪些主机上依次做什么、作用如何、闸门放不放行。不接触任何主机，不留任何记录。\n\n"
        "闸门会拒绝时退出码为 1。\n\n"
        "  wardround runbook plan restart-his -l his-test01",
        "Show the plan: what would be done now, on which hosts, in which order and with which effect, and "
        "what the gate would say. No host is reached and nothing is recorded.\n\n"
        "Exits with 1 where the gate would refuse it.\n\n"
        "  wardround runbook plan restart-his -l his-test01",
    ),
)
@click.argument("name")
@options.site()
@options.inventory()
@options.limit()
@options.as_json()
def plan_runbook(
    name: str, site: Path | None, inventory: tuple[Path, ...], limit: str | None, as_json: bool
) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.runbook_view import plan_row, print_plan

    view = open_wardround(site).plans.make(name, limit, inventory)
    if as_json:
        click.echo(json.dumps(plan_row(view), ensure_ascii=False, indent=2))
    else:
        print_plan(view)
    return ExitCode.OK if view.gate.passes else ExitCode.FINDINGS


@command.command(
    name="accept",
    help=say(
        "认可一个运行手册中的自由命令、脚本、SQL 和站点 Python：只读，或可重复执行，以运行手册所写为准。\n\n"
        "应由编写者以外的人登录后逐条审阅并执行。认可与内容的摘要绑定，内容一改即失效。\n\n"
        '  wardround runbook accept morning --reason "只读查询，已核对"',
        "Accept a runbook's free commands, scripts, SQL and site Python: as reading, or as what may be done "
        "again, whichever the runbook says of them.\n\n"
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
        click.echo(f"{item.position}  {item.check}  effect: {item.effect}", err=True)
        click.echo(visible(item.shown), err=True)
        if yes or confirm(_question(item.effect)):
            chosen.append(item)
    acceptances.accept(chosen, reason)
    click.echo(
        say(f"已认可 {len(chosen)}/{len(waiting)} 条", f"accepted {len(chosen)} of {len(waiting)}"), err=True
    )
    return ExitCode.OK if len(chosen) == len(waiting) else ExitCode.FINDINGS


def _question(effect: Effect) -> str:
    if effect is Effect.READ:
        return say("只读，什么也不改。认可？", "It only reads and changes nothing: accept it?")
    return say(
        "会改动主机，但幂等：再做一次不再改变什么。认可？",
        "It changes the host, and a second time changes nothing more (idempotent): accept it?",
    )
