"""`wardround run`: have a runbook carried out, follow it, stop it, and rule on what nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say
from orchestrator.model.run import Decision, RunState

if TYPE_CHECKING:
    from orchestrator.bootstrap import Wardround

NUMBER = click.IntRange(1)


@click.group(
    name="run",
    help=say(
        "执行运行手册：开始、列出、查看、跟踪、取消、裁定、继续、重试。",
        "Runs: start, list, show, follow, cancel, rule, resume, retry.",
    ),
)
def command() -> None: ...


@command.command(
    name="start",
    help=say(
        "执行一个运行手册并跟踪到结束。没有工作进程在运行时，在本进程内执行。\n\n"
        "  wardround run start restart-his -l his-test01\n\n  wardround run start restart-his --detach",
        "Carry a runbook out and follow it to its end. Where no worker is alive, this process is one.\n\n"
        "  wardround run start restart-his -l his-test01\n\n  wardround run start restart-his --detach",
    ),
)
@click.argument("name")
@options.site()
@options.inventory()
@options.limit()
@click.option(
    "--detach", is_flag=True, help=say("只登记，由工作进程执行", "Ask for it alone: a worker carries it out")
)
@click.option(
    "--key",
    metavar=say("标识", "KEY"),
    help=say("同一标识再次发起时得到同一次执行", "Asked for again with the same key it is the same run"),
)
@options.as_json()
def start_run(
    name: str,
    site: Path | None,
    inventory: tuple[Path, ...],
    limit: str | None,
    detach: bool,
    key: str | None,
    as_json: bool,
) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.worker.start import some_worker

    wardround = open_wardround(site)
    number = wardround.runs.ask(name, limit, inventory, key)
    click.echo(say(f"第 {number} 次执行", f"run {number}"), err=True)
    if detach:
        if as_json:
            click.echo(json.dumps({"number": number}))
        return ExitCode.OK
    with some_worker(wardround, number) as hands:
        return _follow(wardround, number, 0, hands.check, as_json=as_json)


@command.command(
    name="list",
    help=say(
        "列出最近的执行，最新的在前。\n\n  wardround run list --state waiting",
        "List recent runs, newest first.\n\n  wardround run list --state waiting",
    ),
)
@options.site()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in RunState]),
    help=say("只列这些状态", "These states alone"),
)
@click.option(
    "--last", default=20, show_default=True, type=click.IntRange(1, 10_000), help=say("条数", "How many")
)
@options.as_json()
def list_runs(site: Path | None, states: tuple[str, ...], last: int, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.run_view import print_runs

    wardround = open_wardround(site)
    found = wardround.runs.list(last, [RunState(state) for state in states])
    print_runs(found, wardround.site.timezone, as_json=as_json)
    return ExitCode.OK


@command.command(
    name="show",
    help=say(
        "显示一次执行：先是第一处失败，再是全部经过。退出码与执行时相同。\n\n  wardround run show 12",
        "Show a run: its first failure, then everything. Exits as the run did.\n\n  wardround run show 12",
    ),
)
@click.argument("number", type=NUMBER)
@options.site()
@options.as_json()
def show_run(number: int, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.run_view import of_run, print_run, view_row

    wardround = open_wardround(site)
    view = wardround.runs.get(number)
    if as_json:
        click.echo(json.dumps(view_row(view), ensure_ascii=False, indent=2))
    else:
        print_run(view, wardround.runs.open_outcomes(view), wardround.site.timezone)
    return of_run(view.run)


@command.command(
    name="follow",
    help=say(
        "跟踪一次执行，直到它结束或等待某人。断开后用 --after 从最后看到的事件继续。\n\n"
        "  wardround run follow 12 --after 40",
        "Follow a run until it is over or waits for somebody. After a lost connection go on with --after and "
        "the last event that you saw.\n\n  wardround run follow 12 --after 40",
    ),
)
@click.argument("number", type=NUMBER)
@options.site()
@click.option(
    "--after", default=0, type=click.IntRange(0), help=say("从这个事件号之后开始", "Begin after this event")
)
@options.as_json()
def follow_run(number: int, site: Path | None, after: int, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.worker.start import in_hand

    wardround = open_wardround(site)
    run = wardround.runs.get(number).run
    if not run.state.over and not in_hand(run):
        click.echo(
            say(
                "没有工作进程在运行，本次执行不会继续\n"
                f"  → wardround worker，或 wardround run resume {number}",
                "no worker is alive, so it does not go on\n"
                f"  → wardround worker, or wardround run resume {number}",
            ),
            err=True,
        )
    return _follow(wardround, number, after, lambda: None, as_json=as_json)


@command.command(
    name="cancel",
    help=say(
        "请求取消一次执行。“请求取消”与“已停止”是两种状态：主机上的进程确认结束后才算已取消。\n\n"
        "  wardround run cancel 12",
        "Ask for a run to be stopped. To have asked and to have stopped are two states: it is cancelled once "
        "what it started is confirmed dead.\n\n  wardround run cancel 12",
    ),
)
@click.argument("number", type=NUMBER)
@options.site()
def cancel_run(number: int, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.worker.start import some_worker

    wardround = open_wardround(site)
    run = wardround.runs.cancel(number)
    if run.state.over:
        click.echo(say("已取消，尚未开始", "cancelled before it began"), err=True)
        return ExitCode.OK
    click.echo(say("已请求取消，等待确认…", "asked for; waiting until it is confirmed…"), err=True)
    with some_worker(wardround, number) as hands:
        _follow(wardround, number, run.last_event, hands.check, as_json=False)
    stopped = wardround.runs.get(number).run.state is RunState.CANCELLED
    return ExitCode.OK if stopped else ExitCode.UNKNOWN


@command.command(
    name="rule",
    help=say(
        "裁定一个未知结果：retry（没有发生，再执行）、done（已发生，继续）、abort（该主机不再继续）。\n\n"
        "生产主机上 once 的步骤须两人裁定一致；两人不一致时由第三人裁定。"
        "以 unknown 结束的执行也可裁定：它本身不再变化，重试以裁定为准。\n\n"
        '  wardround run rule 12 his-db01 backup --decision done --reason "备份文件已在，大小正确"',
        "Say what is to be taken for an outcome that nobody knows: retry (it did not happen, do it), "
        "done (it happened, go on), abort (go no further on that host).\n\n"
        "On a production host a step of effect once takes two persons who agree; where they differ a third "
        "decides. A run that ended unknown can be ruled on too: it stays what it was, and a retry goes by "
        "it.\n\n"
        '  wardround run rule 12 his-db01 backup --decision done --reason "the dump is there and whole"',
    ),
)
@click.argument("number", type=NUMBER)
@click.argument("host")
@click.argument("task")
@options.site()
@click.option(
    "--decision",
    required=True,
    type=click.Choice([decision.value for decision in Decision]),
    help=say("裁定", "What is to be taken for it"),
)
@click.option("--reason", required=True, metavar=say("理由", "WHY"), help=say("依据", "What it rests on"))
def rule_on(number: int, host: str, task: str, site: Path | None, decision: str, reason: str) -> int:
    from orchestrator.bootstrap import open_wardround

    runs = open_wardround(site).runs
    found = runs.rule(number, host, task, Decision(decision), reason)
    ruling = found.rulings[-1]
    click.echo(
        say(
            f"{ruling.by.name} 已裁定 {host} {task}：{ruling.decision.label.zh}",
            f"{ruling.by.name} ruled on {host} {task}: {ruling.decision.label.en}",
        ),
        err=True,
    )
    if found.said is not None:
        click.echo(say(found.said.zh, found.said.en), err=True)
    return ExitCode.OK


@command.command(
    name="resume",
    help=say(
        "继续一次没有结束的执行并跟踪它：没有工作进程在运行时，在本进程内继续。\n\n  wardround run resume 12",
        "Go on with a run that is not over and follow it: where no worker is alive, this process is one.\n\n"
        "  wardround run resume 12",
    ),
)
@click.argument("number", type=NUMBER)
@options.site()
@options.as_json()
def resume_run(number: int, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.worker.start import some_worker

    wardround = open_wardround(site)
    run = wardround.runs.resume(number)
    with some_worker(wardround, number) as hands:
        return _follow(wardround, number, run.last_event, hands.check, as_json=as_json)


@command.command(
    name="retry",
    help=say(
        "在上次未成功的主机上重新执行（新的一次执行，须重新过闸）。\n\n"
        "  wardround run retry 12 --failed-hosts",
        "Carry it out again on the hosts where it did not succeed: a new run, through the gate again.\n\n"
        "  wardround run retry 12 --failed-hosts",
    ),
)
@click.argument("number", type=NUMBER)
@options.site()
@click.option(
    "--failed-hosts",
    is_flag=True,
    required=True,
    help=say("只在未成功的主机上（必写）", "On those hosts alone (has to be said)"),
)
@options.as_json()
def retry_run(number: int, site: Path | None, failed_hosts: bool, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.worker.start import some_worker

    if not failed_hosts:
        raise click.UsageError(say("写明 --failed-hosts", "say --failed-hosts"))
    wardround = open_wardround(site)
    again = wardround.runs.retry_failed(number)
    click.echo(say(f"第 {again} 次执行", f"run {again}"), err=True)
    with some_worker(wardround, again) as hands:
        return _follow(wardround, again, 0, hands.check, as_json=as_json)


def _follow(
    wardround: Wardround, number: int, after: int, check: Callable[[], None], *, as_json: bool
) -> int:
    from orchestrator.cli.run_view import event_row, of_run, print_event

    try:
        for event in wardround.runs.follow(number, after, check):
            if as_json:
                click.echo(json.dumps(event_row(event), ensure_ascii=False))
            else:
                print_event(event)
    except KeyboardInterrupt:
        click.echo(_left(number), err=True)
        return ExitCode.CANCELLED
    return of_run(wardround.runs.get(number).run)


def _left(number: int) -> str:
    """To have stopped looking is not to have stopped the run."""
    return say(
        f"不再跟踪；第 {number} 次执行没有取消，主机上的命令照常进行\n"
        f"  → 继续：wardround run resume {number}；取消：wardround run cancel {number}",
        f"no longer followed; run {number} is not cancelled, and what runs on hosts goes on\n"
        f"  → go on: wardround run resume {number}; stop it: wardround run cancel {number}",
    )
