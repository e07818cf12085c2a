"""`wardround waiver`: accept what is wrong for a time, with reason, name and expiry."""

from __future__ import annotations

import json
from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say


@click.group(name="waiver", help=say("豁免：批准、列出、终止。", "Waivers: add, list, expire."))
def command() -> None: ...


@command.command(
    name="add",
    help=say(
        "批准一项豁免：在期限之前接受一个已知的异常。未知永远不能豁免；最长一年。\n\n"
        "  wardround waiver add his-db01 disk --subject /data --until 2026-12-31 --reason '已订购硬盘'\n\n"
        "  wardround waiver add --finding 12 --until 7d --reason '已订购硬盘'",
        "Approve a waiver: accept a known finding for a time. Unknown is never waived; a year at most.\n\n"
        "  wardround waiver add his-db01 disk --subject /data --until 2026-12-31 --reason 'disk ordered'\n\n"
        "  wardround waiver add --finding 12 --until 7d --reason 'disk ordered'",
    ),
)
@click.argument("host", required=False)
@click.argument("task", required=False)
@options.site()
@click.option(
    "--finding", type=click.IntRange(1), metavar="N", help=say("代替主机和任务", "Instead of host and task")
)
@click.option("--metric", default="", metavar=say("指标", "METRIC"), help=say("只此指标", "That one alone"))
@click.option("--subject", default="", metavar=say("对象", "SUBJECT"), help=say("只此对象", "That one alone"))
@click.option("--runbook", metavar=say("手册", "RUNBOOK"), help=say("哪个运行手册", "Of which runbook"))
@click.option(
    "--covers",
    type=click.Choice(["warn", "crit"]),
    help=say("最多接受到的程度；默认为最近所见", "The worst that is accepted; default: as last seen"),
)
@click.option("--reason", required=True, metavar=say("理由", "TEXT"), help=say("为何接受", "Why"))
@click.option(
    "--until",
    required=True,
    metavar=say("期限", "TIME"),
    help=say("3d、日期或日期 时间", "3d, a date or time"),
)
def add_waiver(
    host: str | None,
    task: str | None,
    site: Path | None,
    finding: int | None,
    metric: str,
    subject: str,
    runbook: str | None,
    covers: str | None,
    reason: str,
    until: str,
) -> int:
    from orchestrator.application.waivers import WaiverRequest
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.finding_view import waiver_sentence
    from orchestrator.model.verdict import Verdict

    wardround = open_wardround(site)
    bad = Verdict(covers) if covers else None
    if finding is not None:
        if host or metric or subject or runbook:
            raise click.UsageError(
                say(
                    "--finding 已说明豁免什么，不要再写主机等", "--finding says what it is: name nothing else"
                )
            )
        request = wardround.waivers.of_finding(finding, reason, until, bad)
    elif host and task:
        request = WaiverRequest(host, task, reason, until, metric, subject, runbook, bad)
    else:
        raise click.UsageError(
            say("写明主机和任务，或用 --finding", "name a host and a task, or give --finding")
        )
    click.echo(waiver_sentence(wardround.waivers.add(request), wardround.site.timezone))
    return ExitCode.OK


@command.command(
    name="list",
    help=say(
        "列出有效的豁免。\n\n  wardround waiver list --expired",
        "List the waivers that hold.\n\n  wardround waiver list --expired",
    ),
)
@options.site()
@click.option("--all", "everything", is_flag=True, help=say("包括已失效的", "Also those that hold no more"))
@click.option("--expired", is_flag=True, help=say("只列已失效的", "Those alone that hold no more"))
@options.as_json()
def list_waivers(site: Path | None, everything: bool, expired: bool, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.finding_view import print_waivers, waiver_row

    wardround = open_wardround(site)
    waivers = wardround.waivers.list(everything=everything, expired=expired)
    if as_json:
        click.echo(json.dumps([waiver_row(one) for one in waivers], ensure_ascii=False, indent=2))
    else:
        print_waivers(waivers, wardround.site.timezone)
    return ExitCode.OK


@command.command(
    name="expire",
    help=say(
        "提前终止一项豁免。\n\n  wardround waiver expire 3 --reason '硬盘已更换'",
        "End a waiver before its time.\n\n  wardround waiver expire 3 --reason 'disk replaced'",
    ),
)
@click.argument("number", type=click.IntRange(1))
@options.site()
@click.option("--reason", required=True, metavar=say("理由", "TEXT"), help=say("为何终止", "Why"))
def expire_waiver(number: int, site: Path | None, reason: str) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.finding_view import waiver_sentence

    wardround = open_wardround(site)
    click.echo(waiver_sentence(wardround.waivers.expire(number, reason), wardround.site.timezone))
    return ExitCode.OK
