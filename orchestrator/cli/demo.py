"""`wardround demo`: a small hospital on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, tell
from orchestrator.language import Text


@click.group(
    name="demo",
    help=say(
        "本机回环地址上的示范医院：真实的 SSH、PostgreSQL、nginx 和预埋的故障。",
        "A small hospital on loopback: real SSH, PostgreSQL and nginx, with planted faults.",
    ),
)
def command() -> None: ...


@command.command(
    name="up",
    help=say(
        "启动示范医院，打印其站点目录。\n\n  cd $(wardround demo up)",
        "Start it and print its site folder.\n\n  cd $(wardround demo up)",
    ),
)
def up() -> int:
    from orchestrator.demo.stage import up as raise_stage

    demo = raise_stage(folder(), tell)
    click.echo(demo.site)
    return ExitCode.OK


@command.command(
    name="down",
    help=say(
        "结束并清理，不留任何东西。\n\n  wardround demo down",
        "End it and leave nothing behind.\n\n  wardround demo down",
    ),
)
def down() -> int:
    from orchestrator.demo.stage import down as strike_stage

    strike_stage(folder(), tell)
    return ExitCode.OK


@command.command(
    name="run",
    help=say(
        "启动示范医院（如未启动），执行一次早巡检，打印结果和报告位置。再次执行可看到变化。\n\n"
        "  wardround demo run",
        "Start it if need be, run the morning round, print the result and where the report lies. "
        "Run it again to see what changed.\n\n  wardround demo run",
    ),
)
def run() -> int:
    from orchestrator.application.round_request import RoundRequest
    from orchestrator.bootstrap import open_wardround
    from orchestrator.cli.round import run_and_show
    from orchestrator.demo.stage import advance
    from orchestrator.demo.stage import up as raise_stage

    demo = raise_stage(folder(), tell)
    wardround = open_wardround(demo.site)
    if wardround.past_rounds.list("morning", 1, tell):
        demo = advance(demo, tell)
    for missing in demo.missing:
        tell(missing)
    run_and_show(wardround, RoundRequest("morning", wardround.people.starter()), as_json=False, report=None)
    tell(
        Text(
            "以上故障是示范预埋的。再执行一次可看到变化；make demo-down 清理。",
            "The faults were planted. Run it again to see what changes; make demo-down removes everything.",
        )
    )
    # The round's findings are the demo's purpose, not its failure.
    return ExitCode.OK


def folder() -> Path:
    """Where the demo lives: WARDROUND_DEMO_HOME, else the user's state folder (XDG)."""
    named = os.environ.get("WARDROUND_DEMO_HOME")
    if named:
        return Path(named).absolute()
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "wardround" / "demo"
