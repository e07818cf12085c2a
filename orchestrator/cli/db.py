"""`wardround db`: check, back up, restore and tidy the records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.local_time import local
from orchestrator.cli.terminal import confirm
from orchestrator.cli.visible import one_line

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from orchestrator.application.database import Database
    from orchestrator.bootstrap import Wardround
    from orchestrator.model.database import BackupLine


@click.group(
    name="db",
    help=say("数据库：检查、备份、恢复、清理。", "The records' database: check, back up, restore, tidy."),
)
def command() -> None: ...


@command.command(
    name="check",
    help=say(
        "检查数据库：完整性、结构版本、空间、最近备份。有不妥时退出码为 1。\n\n  wardround db check",
        "Check the database: integrity, schema, space, last backup. Exits 1 when something is amiss.\n\n"
        "  wardround db check",
    ),
)
@options.site()
@options.as_json()
def check(site: Path | None, as_json: bool) -> int:
    state = _database(site).check()
    if as_json:
        parts = [{"name": part.name, "well": part.well, "said": speak(part.said)} for part in state.parts]
        _print_json({"database": state.place, "well": state.well, "parts": parts})
    else:
        click.echo(state.place)
        for part in state.parts:
            click.echo(f"{'✓' if part.well else '✗'} {speak(part.title)}\t{speak(part.said)}")
    return ExitCode.OK if state.well else ExitCode.FINDINGS


@command.command(
    name="backup",
    help=say(
        "把全部记录写成一个备份文件，巡检照常进行；打印其位置。默认在站点的 var/backups。\n\n"
        "  wardround db backup /mnt/nas/wardround.zip",
        "Write all records into one backup file while rounds go on, and print its place; by default in the "
        "site's var/backups.\n\n  wardround db backup /mnt/nas/wardround.zip",
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@options.site()
def backup(file: Path | None, site: Path | None) -> int:
    click.echo(_database(site).backup(file).path)
    return ExitCode.OK


@command.command(
    name="backups",
    help=say(
        "列出站点 var/backups 中的备份，最新的在前。\n\n  wardround db backups --json",
        "List the backups in the site's var/backups, newest first.\n\n  wardround db backups --json",
    ),
)
@options.site()
@options.as_json()
def backups(site: Path | None, as_json: bool) -> int:
    wardround = _open(site)
    found = wardround.database.backups()
    if as_json:
        _print_json([_plain(one) for one in found])
        return ExitCode.OK
    for one in found:
        about = (
            f"{local(one.made_at, wardround.site.timezone)}\t{one.reason}\t{one.database}\t{one.rows}"
            if one.made_at
            else say("已损坏，或不是备份", "damaged, or no backup")
        )
        click.echo(f"{one.path}\t{about}")
    return ExitCode.OK


@command.command(
    name="restore",
    help=say(
        "用备份替换全部记录。先完整核对备份，再把现有记录另存为备份，然后整体替换。需要登录和权限。\n\n"
        "  wardround db restore var/backups/records-20261124T073000Z-asked.zip",
        "Replace all records by a backup: checked whole first, the present records kept as a backup, then "
        "all or nothing. Takes a login and the permission.\n\n"
        "  wardround db restore var/backups/records-20261124T073000Z-asked.zip",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@options.site()
@click.option("--yes", is_flag=True, help=say("不再询问", "Do not ask"))
@click.option(
    "--other-key",
    is_flag=True,
    help=say(
        "当时的 site.key 已丢失，仍要恢复：所有人须重新绑定动态码",
        "The site.key of that time is lost, restore all the same: everybody enrols a second factor anew",
    ),
)
def restore(file: Path, site: Path | None, yes: bool, other_key: bool) -> int:
    wardround = _open(site)
    database = wardround.database
    about = database.restorable(file, other_key=other_key)
    if not yes and not confirm(_question(about, wardround.site.timezone)):
        click.echo(say("未确认，没有恢复任何内容", "not confirmed: nothing was restored"), err=True)
        return ExitCode.FINDINGS
    kept = database.restore(file, other_key=other_key)
    click.echo(say("已恢复；原有记录保存在", "restored; what was there is kept in"), err=True)
    click.echo(kept.path)
    return ExitCode.OK


@command.command(
    name="tidy",
    help=say(
        "按 wardround.yml 的 retention 清理旧数据：数值按天归并，旧轮次只留概要。可随时中断、重复执行。"
        "\n\n  wardround db tidy",
        "Remove what is older than retention: in wardround.yml says: numbers become one line a day, old "
        "rounds keep their line. It may be interrupted and repeated.\n\n  wardround db tidy",
    ),
)
@options.site()
@options.as_json()
def tidy(site: Path | None, as_json: bool) -> int:
    removed = _database(site).tidy()
    if as_json:
        _print_json(removed.counts())
    else:
        click.echo(
            say(
                f"归并数值 {removed.samples} 个，删除过期日值 {removed.days} 个，"
                f"{removed.rounds} 轮的明细（{removed.host_results} 台次），"
                f"{removed.runs} 次执行的经过与输出，到期记录 {removed.due_times} 条",
                f"{removed.samples} numbers rolled up, {removed.days} daily lines removed, details of "
                f"{removed.rounds} rounds ({removed.host_results} host results) removed, what "
                f"{removed.runs} runs did and wrote, and {removed.due_times} due times of schedules",
            )
        )
    return ExitCode.OK


def _open(site: Path | None) -> Wardround:
    from orchestrator.bootstrap import open_wardround

    return open_wardround(site)


def _database(site: Path | None) -> Database:
    return _open(site).database


def _question(about: BackupLine, timezone: ZoneInfo) -> str:
    made_at = local(about.made_at, timezone) if about.made_at else ""
    hospital = one_line(about.hospital or "")
    return say(
        f"{hospital}，{made_at}，{about.rows} 行。用它替换现有的全部记录？",
        f"{hospital}, {made_at}, {about.rows} rows. Replace all present records by it?",
    )


def _plain(one: BackupLine) -> dict[str, object]:
    return {
        "path": str(one.path),
        "size": one.size,
        "made_at": one.made_at.isoformat() if one.made_at else None,
        "reason": one.reason,
        "version": one.version,
        "database": one.database,
        "hospital": one.hospital,
        "rows": one.rows,
        "head": one.anchor,
    }


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
