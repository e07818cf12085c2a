"""`wardround user`: accounts, which a system administrator makes, blocks and mends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.terminal import ask_new_password, ask_secret, require_terminal
from orchestrator.language import Text
from orchestrator.model.person import Role

if TYPE_CHECKING:
    from orchestrator.model.account import AccountView, Credentials


@click.command(
    name="setup",
    help=say(
        "初始化：站点还没有账号时，创建系统、安全、审计三员账号；各是不同的人，一次性口令只显示一次。\n\n"
        "  wardround user setup",
        "First start: makes the three administrators of a site without accounts; three different people. "
        "Their first passwords are shown once.\n\n  wardround user setup",
    ),
)
@options.site()
@click.option(
    "--system-admin", nargs=2, metavar="NAME FULL_NAME", help=say("系统管理员", "System administrator")
)
@click.option(
    "--security-admin", nargs=2, metavar="NAME FULL_NAME", help=say("安全管理员", "Security administrator")
)
@click.option(
    "--audit-admin", nargs=2, metavar="NAME FULL_NAME", help=say("审计管理员", "Audit administrator")
)
def setup(
    site: Path | None,
    system_admin: tuple[str, str] | None,
    security_admin: tuple[str, str] | None,
    audit_admin: tuple[str, str] | None,
) -> int:
    from orchestrator.bootstrap import open_wardround

    accounts = open_wardround(site).accounts
    given = {
        Role.SYSTEM_ADMIN: system_admin,
        Role.SECURITY_ADMIN: security_admin,
        Role.AUDIT_ADMIN: audit_admin,
    }
    people = {role: who or _ask_who(role) for role, who in given.items()}
    _hand_over(accounts.set_up(people))
    return ExitCode.OK


@click.command(
    name="add",
    help=say(
        "新建账号，显示一次性口令（只显示一次）。角色由安全管理员给予。\n\n  wardround user add wang 王工",
        "Make an account; its first password is shown once. A security administrator gives it roles.\n\n"
        '  wardround user add wang "Wang Gong"',
    ),
)
@click.argument("name")
@click.argument("full_name")
@options.site()
def add(name: str, full_name: str, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    _hand_over([open_wardround(site).accounts.add(name, full_name)])
    return ExitCode.OK


@click.command(
    name="list",
    help=say("列出账号。\n\n  wardround user list --json", "List accounts.\n\n  wardround user list --json"),
)
@options.site()
@options.as_json()
def list_accounts(site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    wardround = open_wardround(site)
    _note_mode(wardround.people.mode_note)
    found = wardround.accounts.list()
    if as_json:
        click.echo(json.dumps([_row(view) for view in found], ensure_ascii=False, indent=2))
        return ExitCode.OK
    for view in found:
        click.echo(_line(view, wardround.site.timezone))
    if not found and not wardround.people.single_user:
        click.echo(
            say("还没有账号：wardround user setup", "there are no accounts: wardround user setup"), err=True
        )
    return ExitCode.OK


@click.command(
    name="show",
    help=say(
        "查看一个账号。\n\n  wardround user show wang", "Show an account.\n\n  wardround user show wang"
    ),
)
@click.argument("name")
@options.site()
@options.as_json()
def show(name: str, site: Path | None, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    wardround = open_wardround(site)
    _note_mode(wardround.people.mode_note)
    view = wardround.accounts.get(name)
    click.echo(
        json.dumps(_row(view), ensure_ascii=False, indent=2)
        if as_json
        else _line(view, wardround.site.timezone)
    )
    return ExitCode.OK


@click.command(
    name="block",
    help=say(
        "停用账号并结束其登录。账号从不删除。\n\n  wardround user block wang",
        "Block an account and end its session. Accounts are never deleted.\n\n  wardround user block wang",
    ),
)
@click.argument("name")
@options.site()
def block(name: str, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    open_wardround(site).accounts.block(name)
    click.echo(say(f"{name} 已停用", f"{name} is blocked"), err=True)
    return ExitCode.OK


@click.command(
    name="unblock",
    help=say(
        "恢复停用的账号，或提前解除登录失败的锁定。\n\n  wardround user unblock wang",
        "Let a blocked account be used again, or lift the lock of failures.\n\n  wardround user unblock wang",
    ),
)
@click.argument("name")
@options.site()
def unblock(name: str, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    open_wardround(site).accounts.unblock(name)
    click.echo(say(f"{name} 可以登录了", f"{name} can log in again"), err=True)
    return ExitCode.OK


@click.command(
    name="password",
    help=say(
        "修改自己的口令：须已登录，并输入旧口令和一个新的动态码。\n\n  wardround user password",
        "Change your password: logged in, with the old one and a fresh code.\n\n  wardround user password",
    ),
)
@options.site()
def password(site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    wardround = open_wardround(site)
    wardround.people.refuse_in_single_user_mode()
    wardround.people.present()
    require_terminal()
    old = ask_secret(say("旧口令", "Old password"))
    code = ask_secret(say("动态码", "Code"))
    wardround.logins.change_own_password(old, code, ask_new_password())
    click.echo(say("口令已修改", "the password is changed"), err=True)
    return ExitCode.OK


@click.command(
    name="reset-password",
    help=say(
        "为忘记口令的人签发一次性口令（只显示一次），并结束其登录。\n\n  wardround user reset-password wang",
        "Issue a first password for somebody who forgot theirs, shown once; ends their session.\n\n"
        "  wardround user reset-password wang",
    ),
)
@click.argument("name")
@options.site()
def reset_password(name: str, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    _hand_over([open_wardround(site).accounts.reset_password(name)])
    return ExitCode.OK


@click.command(
    name="reset-totp",
    help=say(
        "为更换或丢失手机的人解除动态码绑定，下次登录时重新绑定。由安全管理员执行。\n\n"
        "  wardround user reset-totp wang",
        "Forget the second factor of somebody with a new or lost phone: the next login enrols another. "
        "For security administrators.\n\n"
        "  wardround user reset-totp wang",
    ),
)
@click.argument("name")
@options.site()
def reset_totp(name: str, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    open_wardround(site).accounts.reset_second_factor(name)
    click.echo(say(f"{name} 下次登录时重新绑定", f"{name} enrols again at the next login"), err=True)
    return ExitCode.OK


def _note_mode(note: Text | None) -> None:
    if note is not None:
        click.echo(speak(note), err=True)


def _ask_who(role: Role) -> tuple[str, str]:
    require_terminal()
    who = speak(role.label)
    return (
        click.prompt(say(f"{who}的账号名", f"Account name of the {who}"), err=True),
        click.prompt(say(f"{who}的姓名", f"Full name of the {who}"), err=True),
    )


def _hand_over(made: Sequence[Credentials]) -> None:
    for item in made:
        click.echo(f"{item.name}\t{item.password}")
    click.echo(
        say(
            "以上一次性口令只显示这一次，7 天内有效：当面交给本人。"
            "本人执行 wardround login 账号名，首次登录须改口令并绑定动态码。",
            "These passwords are shown once and good for 7 days: hand them over in person. Each person runs "
            "wardround login NAME, which asks for another password and enrols the second factor.",
        ),
        err=True,
    )


def _line(view: AccountView, timezone: ZoneInfo) -> str:
    roles = "、".join(speak(role.label) for role in view.roles) or say("无角色", "no role")
    standing = speak(view.standing.label)
    if view.must_change_password:
        standing += say("，尚未首次登录", ", not logged in yet")
    if view.first_password_until is not None:
        until = f"{view.first_password_until.astimezone(timezone):%Y-%m-%d %H:%M}"
        standing += say(f"（一次性口令 {until} 失效）", f" (the first password ends {until})")
    return f"{view.name}\t{view.full_name}\t{roles}\t{standing}"


def _row(view: AccountView) -> dict[str, object]:
    return {
        "name": view.name,
        "full_name": view.full_name,
        "roles": list(view.roles),
        "standing": view.standing,
        "locked_until": view.locked_until.isoformat() if view.locked_until else None,
        "must_change_password": view.must_change_password,
        "first_password_until": view.first_password_until.isoformat() if view.first_password_until else None,
        "has_second_factor": view.has_second_factor,
        "made_at": view.made_at.isoformat(),
        "last_login": view.last_login.isoformat() if view.last_login else None,
    }
