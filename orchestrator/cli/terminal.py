"""Asking the person at the terminal: for a yes, and without echo for what must not be seen."""

from __future__ import annotations

import sys

import click

from orchestrator.cli.language import say
from orchestrator.errors import InputError
from orchestrator.language import Text

_LONGEST = 2048


def confirm(question: str) -> bool:
    """Raises InputError where nobody answers: a closed input is neither a yes nor Ctrl-C."""
    try:
        return click.confirm(question, err=True)
    except click.Abort as ended:
        if not isinstance(ended.__context__, EOFError):
            raise
        click.echo(err=True)
        raise InputError(
            Text("没有人回答，未做任何改动", "nobody answered; nothing was changed"),
            Text("在终端上执行，或用 --yes 表示已确认", "run it on a terminal, or say --yes"),
        ) from None


def ask_secret(question: str) -> str:
    answer: str = click.prompt(question, hide_input=True, default="", show_default=False, err=True)
    return answer


def require_terminal() -> None:
    """Raises InputError where there is nobody to ask. Neither arguments nor environment can stand in."""
    if not sys.stdin.isatty():
        raise InputError(
            Text("口令只能在终端上输入", "a password is typed on a terminal"),
            Text(
                "在终端上执行；从管道读取须写明 --password-stdin（两行：口令、动态码）",
                "run it on a terminal; reading a pipe takes --password-stdin (two lines: password, code)",
            ),
        )


def read_password_and_code() -> tuple[str, str]:
    """Two lines of standard input. Raises InputError when it is anything else."""
    lines = sys.stdin.buffer.read(_LONGEST).decode("utf-8", "surrogateescape").splitlines()
    if len(lines) != 2:
        raise InputError(
            Text(
                f"标准输入应为两行：口令、动态码；得到 {len(lines)} 行",
                f"standard input has to be two lines, password and code: there are {len(lines)}",
            )
        )
    return lines[0], lines[1]


def ask_new_password() -> str:
    """Twice, until both are the same."""
    while True:
        first = ask_secret(say("新口令", "New password"))
        if first == ask_secret(say("再输一次", "Once more")):
            return first
        click.echo(say("两次不一致，请重新输入", "these differ: try again"), err=True)
