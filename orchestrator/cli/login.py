"""`wardround login`, `logout` and `whoami`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.terminal import ask_new_password, ask_secret, read_password_and_code, require_terminal
from orchestrator.errors import InputError, Unauthenticated

if TYPE_CHECKING:
    from orchestrator.application.logins import Logins
    from orchestrator.model.account import Admitted

_QUIET = 2
"""Modules of white around the QR code: half of what the norm asks for, and every phone reads it."""


@click.command(
    name="login",
    help=say(
        "登录：在终端上输入口令和动态码。首次登录须改口令并绑定动态码。\n\n"
        "空闲 15 分钟、最长 12 小时后失效；在别处登录会使这里失效。\n\n  wardround login wang",
        "Log in with password and code, typed on a terminal. The first login asks for a password of your own "
        "and enrols the second factor.\n\nA session ends after 15 idle minutes or 12 hours, and when you log "
        "in elsewhere.\n\n  wardround login wang",
    ),
)
@click.argument("name", required=False)
@options.site()
@click.option(
    "--password-stdin",
    is_flag=True,
    help=say("从标准输入读取两行：口令、动态码", "Read two lines from standard input: password, then code"),
)
def command(name: str | None, site: Path | None, password_stdin: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    wardround = open_wardround(site)
    wardround.people.refuse_in_single_user_mode()
    if password_stdin:
        if name is None:
            raise click.UsageError(say("--password-stdin 需要写明账号", "--password-stdin needs the NAME"))
        password, code = read_password_and_code()
    else:
        require_terminal()
        name = name or click.prompt(say("账号", "Account"), err=True)
        password = ask_secret(say("口令", "Password"))
        code = ask_secret(say("动态码（首次登录直接回车）", "Code (first login: just Enter)"))
    logins = wardround.logins
    admitted = logins.admit(name, password, code)
    if admitted.must_choose_password or admitted.must_enrol:
        require_terminal()
        admitted = _complete(logins, admitted)
    person = logins.log_in(admitted)
    ends = person.ends_at.astimezone(wardround.site.timezone)
    click.echo(
        say(
            f"已登录：{person.name}（{person.full_name}），最迟 {ends:%m-%d %H:%M} 失效，空闲 15 分钟失效",
            f"logged in: {person.name} ({person.full_name}), until {ends:%m-%d %H:%M}, or 15 idle minutes",
        ),
        err=True,
    )
    return ExitCode.OK


@click.command(name="logout", help=say("退出登录。\n\n  wardround logout", "Log out.\n\n  wardround logout"))
@options.site()
def logout(site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    name = open_wardround(site).logins.log_out()
    click.echo(
        say(f"{name} 已退出", f"{name} is logged out") if name else say("没有登录", "nobody was logged in"),
        err=True,
    )
    return ExitCode.OK


@click.command(
    name="whoami",
    help=say(
        "显示当前身份，以及它是如何得到证明的。\n\n  wardround whoami --json",
        "Show who you are here, and how that is known.\n\n  wardround whoami --json",
    ),
)
@options.site()
@options.as_json()
def whoami(site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    people = open_wardround(site).people
    actor = people.starter()
    try:
        person = None if people.single_user else people.present()
    except Unauthenticated as error:
        person = None
        click.echo(
            f"{speak(error.message)}\n  → {speak(error.hint)}" if error.hint else speak(error.message),
            err=True,
        )
    if as_json:
        data = {
            "name": actor.name,
            "proof": actor.proof,
            "full_name": person.full_name if person else None,
            "roles": list(person.roles) if person else [],
            "idle_at": person.idle_at.isoformat() if person else None,
            "ends_at": person.ends_at.isoformat() if person else None,
        }
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return ExitCode.OK
    roles = "、".join(speak(role.label) for role in person.roles) if person else ""
    click.echo("\t".join(filter(None, (speak(actor.label), person.full_name if person else "", roles))))
    return ExitCode.OK


def _complete(logins: Logins, admitted: Admitted) -> Admitted:
    if admitted.must_choose_password:
        click.echo(
            say(
                "请设置自己的口令：至少 10 个字符，大写、小写、数字、符号至少三类",
                "Choose a password of your own: 10 characters or more, of three kinds",
            ),
            err=True,
        )
    while admitted.must_choose_password:
        try:
            admitted = logins.choose_password(admitted, ask_new_password())
        except Unauthenticated:
            raise
        except InputError as error:
            click.echo(speak(error.message), err=True)
    return _enrol(logins, admitted) if admitted.must_enrol else admitted


def _enrol(logins: Logins, admitted: Admitted) -> Admitted:
    """The same secret until its code is right: a wrong one must not make what was scanned worthless."""
    secret, uri = logins.new_second_factor(admitted)
    _show_enrolment(secret, uri)
    while True:
        code: str = click.prompt(say("应用显示的 6 位动态码", "The six digits that the app shows"), err=True)
        try:
            return logins.enrol(admitted, secret, code)
        except Unauthenticated:
            raise
        except InputError as error:
            click.echo(f"{speak(error.message)}\n  → {speak(error.hint) if error.hint else ''}", err=True)


def _show_enrolment(secret: str, uri: str) -> None:
    import segno

    picture = segno.make(uri, error="l", micro=False, boost_error=False)
    click.echo(
        say(
            "绑定动态码：用手机上的动态码应用（如 Microsoft Authenticator、FreeOTP）扫描，只显示这一次：",
            "Second factor: scan this with an authenticator app (as FreeOTP); it is shown once:",
        ),
        err=True,
    )
    picture.terminal(out=sys.stderr, border=_QUIET, compact=_draws_blocks())
    click.echo(uri, err=True)
    typed = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    click.echo(
        say(
            f"扫不了（例如窗口太矮）就在应用中手工输入密钥：{typed}",
            f"If it can't be scanned (as in a low window), type the key into the app: {typed}",
        ),
        err=True,
    )


def _draws_blocks() -> bool:
    try:
        "▀▄█".encode(sys.stderr.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
