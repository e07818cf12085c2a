"""Options that several commands share, in the user's language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.language import say

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def site() -> Decorator:
    return click.option(
        "--site",
        "-S",
        envvar="WARDROUND_SITE",
        type=click.Path(path_type=Path),
        metavar=say("目录", "FOLDER"),
        help=say(
            "站点目录；默认从当前目录向上查找（或 WARDROUND_SITE）",
            "Site folder; default: the one that the current folder lies in (or WARDROUND_SITE)",
        ),
    )


def inventory() -> Decorator:
    return click.option(
        "--inventory",
        "-i",
        multiple=True,
        type=click.Path(exists=True, path_type=Path),
        metavar=say("清单", "INVENTORY"),
        help=say("代替站点的 Ansible 清单（可多次）", "Ansible inventory instead of the site's (repeatable)"),
    )


def limit() -> Decorator:
    return click.option(
        "--limit",
        "-l",
        metavar=say("模式", "PATTERN"),
        help=say(
            "Ansible 主机模式，缩小范围，如 his:!his-db01",
            "Ansible host pattern that narrows the hosts, such as his:!his-db01",
        ),
    )


def as_json() -> Decorator:
    return click.option(
        "--json", "as_json", is_flag=True, help=say("在标准输出给出 JSON", "JSON on standard output")
    )
