"""`wardround user`: roles and authorisations, which a security administrator gives and takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.model.person import Permission, Role

_ROLES = click.Choice([role.value for role in Role])
_PERMISSIONS = click.Choice([item.value for item in Permission if not item.is_duty])


@click.command(
    name="role",
    help=say(
        "给予或撤销角色。三员互斥，管理员不兼业务角色；不能改自己的。\n\n"
        "  wardround user role wang --give supervisor",
        "Give and take roles. The three administrators exclude one another and hold no business role; nobody "
        "changes their own.\n\n  wardround user role wang --give supervisor",
    ),
)
@click.argument("name")
@options.site()
@click.option("--give", multiple=True, type=_ROLES, help=say("给予（可多次）", "Give (repeatable)"))
@click.option("--take", multiple=True, type=_ROLES, help=say("撤销（可多次）", "Take (repeatable)"))
def role(name: str, site: Path | None, give: Sequence[str], take: Sequence[str]) -> int:
    from orchestrator.bootstrap import open_wardround

    if not give and not take:
        raise click.UsageError(say("写明 --give 或 --take", "say --give or --take"))
    held = open_wardround(site).accounts.change_roles(name, [Role(r) for r in give], [Role(r) for r in take])
    listed = "、".join(speak(item.label) for item in Role if item in held) or say("无角色", "no role")
    click.echo(f"{name}\t{listed}")
    return ExitCode.OK


@click.command(
    name="grant",
    help=say(
        "授权：人 × 系统 × 权限，到有效期最后一天为止，到期自动失效。同一授权再次授予即替换。\n\n"
        "  wardround user grant wang --system his --permission waive --until 2027-06-30",
        "Authorise a person for a permission on a system, to the end of its last day. Granting it again "
        "replaces it.\n\n  wardround user grant wang --system his --permission waive --until 2027-06-30",
    ),
)
@click.argument("name")
@options.site()
@click.option(
    "--system",
    "systems",
    multiple=True,
    required=True,
    metavar=say("系统", "SLUG"),
    help=say("系统标识（可多次）；* 为全部系统", "A system's slug (repeatable); * is every system"),
)
@click.option("--permission", required=True, type=_PERMISSIONS, help=say("权限", "What is allowed"))
@click.option(
    "--until",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar=say("日期", "DATE"),
    help=say("有效期的最后一天", "Its last day"),
)
def grant(name: str, site: Path | None, systems: Sequence[str], permission: str, until: datetime) -> int:
    from orchestrator.bootstrap import open_wardround

    made = open_wardround(site).accounts.grant(name, systems, Permission(permission), until.date())
    for item in made:
        click.echo(f"{item.number}\t{item.account}\t{item.system}\t{item.permission}\t{until:%Y-%m-%d}")
    return ExitCode.OK


@click.command(
    name="revoke",
    help=say(
        "提前撤销一项授权；编号见 wardround user authorisations。\n\n  wardround user revoke 12",
        "Revoke an authorisation; wardround user authorisations shows its number.\n\n"
        "  wardround user revoke 12",
    ),
)
@click.argument("number", type=click.IntRange(1))
@options.site()
def revoke(number: int, site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    item = open_wardround(site).accounts.revoke(number)
    click.echo(
        say(
            f"已撤销 {item.account} 对 {item.system} 的授权：{item.permission.label.zh}",
            f"revoked: {item.account} on {item.system}, {item.permission.label.en}",
        ),
        err=True,
    )
    return ExitCode.OK


@click.command(
    name="authorisations",
    help=say(
        "列出有效的授权；不写账号则为全部。\n\n  wardround user authorisations wang",
        "List the authorisations that hold; of everybody without NAME.\n\n"
        "  wardround user authorisations wang",
    ),
)
@click.argument("name", required=False)
@options.site()
@click.option("--all", "ended", is_flag=True, help=say("也列出已失效的", "Those that have ended, too"))
@options.as_json()
def authorisations(name: str | None, site: Path | None, ended: bool, as_json: bool) -> int:
    from orchestrator.bootstrap import open_wardround

    wardround = open_wardround(site)
    rows = [
        {
            "number": item.number,
            "account": item.account,
            "system": item.system,
            "permission": item.permission,
            "granted_by": item.granted_by,
            "granted_at": item.granted_at.isoformat(),
            "expires_at": item.expires_at.astimezone(wardround.site.timezone).isoformat(),
            "ended_at": item.ended_at.isoformat() if item.ended_at else None,
            "ended_by": item.ended_by or None,
        }
        for item in wardround.accounts.authorisations(name, ended=ended)
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return ExitCode.OK
    for row in rows:
        click.echo(
            "\t".join(str(row[key]) for key in ("number", "account", "system", "permission", "expires_at"))
        )
    return ExitCode.OK
