"""`wardround hosts`: list, ping, trust host keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.terminal import confirm
from orchestrator.cli.visible import one_line

if TYPE_CHECKING:
    from orchestrator.application.hosts import Scan


@click.group(
    name="hosts",
    help=say("主机：列出、连通测试、信任主机密钥。", "Hosts: list, ping, trust host keys."),
)
def command() -> None: ...


@command.command(
    name="list",
    help=say(
        "列出主机及其连接方式；PATTERN 为 Ansible 主机模式。\n\n  wardround hosts list 'his:&web'",
        "List hosts and how they are reached; PATTERN is an Ansible host pattern.\n\n"
        "  wardround hosts list 'his:&web'",
    ),
)
@click.argument("pattern", default="all")
@options.site()
@options.as_json()
def list_hosts(pattern: str, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    rows = [
        {
            "name": host.name,
            "address": host.connection.address,
            "port": host.connection.port,
            "user": host.connection.user,
            "transport": str(host.connection.transport),
            "groups": list(host.groups),
        }
        for host in open_wardround(site).hosts.list(pattern).values()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return ExitCode.OK
    for row in rows:
        place = f"{row['user'] or ''}@{row['address']}:{row['port']}".lstrip("@")
        click.echo(f"{one_line(str(row['name']))}\t{'local' if row['transport'] == 'local' else place}")
    return ExitCode.OK


@command.command(
    name="ping",
    help=say(
        "登录每台主机，执行一条空命令。与巡检走同一条路，也会留下记录。\n\n  wardround hosts ping his",
        "Log in on each host and run one empty command. It takes the way of every round, and is recorded."
        "\n\n  wardround hosts ping his",
    ),
)
@click.argument("pattern", default="all")
@options.site()
def ping(pattern: str, site: Path | None) -> int:
    from orchestrator.application.round_request import RoundRequest
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.summary import print_hosts
    from orchestrator.worker.inspection import run_round

    wardround = open_wardround(site)
    limit = None if pattern == "all" else pattern
    request = RoundRequest(runbook="inspection/reachable", actor=wardround.people.starter(), limit=limit)
    number = run_round(wardround, request, lambda _: None)
    report = wardround.reports.build(number)
    print_hosts(report)
    return ExitCode.UNKNOWN if any(host.failure for host in report.hosts) else ExitCode.OK


@command.command(
    name="trust",
    help=say(
        "显示主机密钥指纹，确认后记录到站点的 known_hosts。请与主机控制台上 ssh-keygen -l 的输出核对。\n\n"
        "密钥变化的主机只有写明 --replace 才会更新。\n\n"
        "  wardround hosts trust\n\n  wardround hosts trust his-db01 --replace",
        "Show host key fingerprints and record them in the site's known_hosts when you agree. Compare them "
        "with what ssh-keygen -l prints on the host's own console.\n\n"
        "A changed key is only replaced with --replace.\n\n"
        "  wardround hosts trust\n\n  wardround hosts trust his-db01 --replace",
    ),
)
@click.argument("pattern", default="all")
@options.site()
@click.option(
    "--yes", is_flag=True, help=say("指纹已核对，不再询问", "The fingerprints are checked: do not ask")
)
@click.option("--replace", is_flag=True, help=say("更新已变化的密钥", "Replace changed keys"))
def trust(pattern: str, site: Path | None, yes: bool, replace: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    hosts = open_wardround(site).hosts
    recorded = 0
    while True:
        scans = hosts.scan(pattern)
        waiting = [scan.key for scan in scans if scan.key is not None and scan.key.status != "known"]
        chosen = [key for key in waiting if key.status == "new" or replace]
        _show(scans)
        if not chosen:
            break
        question = say(f"记录 {len(chosen)} 个密钥？", f"Record {len(chosen)} keys?")
        if not yes and not confirm(question):
            return ExitCode.FINDINGS
        hosts.trust(chosen, replace=replace)
        recorded += len(chosen)
        if not any(key.is_jump for key in chosen):
            break
    click.echo(say(f"已记录 {recorded} 个主机密钥", f"recorded {recorded} host keys"), err=True)
    unreachable = any(scan.failure for scan in scans)
    return (
        ExitCode.UNKNOWN if unreachable else ExitCode.OK if len(waiting) == len(chosen) else ExitCode.FINDINGS
    )


def _show(scans: Sequence[Scan]) -> None:
    words = {
        "new": say("首次", "new"),
        "known": say("已信任", "trusted"),
        "changed": say("已变化！", "CHANGED"),
    }
    for scan in scans:
        if scan.key is None:
            reason = one_line(speak(scan.failure.message)) if scan.failure else ""
            click.echo(f"? {scan.host}\t{reason}", err=True)
            continue
        key = scan.key
        old = say("，原为 ", ", was ") + ", ".join(key.trusted) if key.status == "changed" else ""
        mark = {"new": "+", "known": "✓", "changed": "✗"}[key.status]
        click.echo(
            f"{mark} {scan.host}\t{key.place}\t{key.key_type}\t{key.fingerprint}\t{words[key.status]}{old}",
            err=True,
        )
