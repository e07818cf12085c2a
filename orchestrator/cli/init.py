"""`wardround init`: a new site folder."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say


@click.command(
    name="init",
    help=say(
        "新建站点目录：清单、系统目录、阈值和早巡检的样例。\n\n  wardround init my-hospital",
        "Make a new site folder: inventory, systems, thresholds and a first morning round.\n\n"
        "  wardround init my-hospital",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> int:
    from orchestrator.bootstrap import new_site

    new_site(folder.absolute())
    click.echo(
        say(
            f"已创建站点 {folder}。下一步：\n"
            f"  cd {folder}\n"
            "  编辑 inventory/hosts.yml，写入主机\n"
            "  wardround hosts trust      # 核对并记录主机密钥\n"
            "  wardround lint\n"
            "  wardround round run morning",
            f"Made the site {folder}. Next:\n"
            f"  cd {folder}\n"
            "  edit inventory/hosts.yml and name your hosts\n"
            "  wardround hosts trust      # check and record host keys\n"
            "  wardround lint\n"
            "  wardround round run morning",
        ),
        err=True,
    )
    return ExitCode.OK
