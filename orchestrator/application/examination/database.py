"""Whether the records' database is there, current and takes what is written; its backups; the log's end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.application.duration import say_duration
from orchestrator.errors import ChainBroken, StoreError
from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.site import Site
from orchestrator.records import database, health
from orchestrator.records.audit_place import keep_head_in
from orchestrator.records.backup import list_backups
from orchestrator.records.chain_tail import sound_anchor

BACKUP_LATE = timedelta(hours=26)
BACKUP_LOST = timedelta(days=8)
"""Two hours and a day of grace over a daily and a weekly one, as for the databases that are looked after:
domain.md 3.4 ORA11."""
_BACKUP = Text("每天执行 wardround db backup", "run wardround db backup every day")
_MADE = Text(
    "首次执行 wardround worker 或任何一次巡检时会建立",
    "wardround worker or any round makes it",
)


def use_database(site: Site) -> None:
    """Name the site's database as this process's. Neither makes nor upgrades it."""
    database.configure(site.database or site.state / database.FILE)
    keep_head_in(site.audit or site.state / "audit", site.hash_algorithm)


def examine_database(site: Site) -> Iterator[Diagnosis]:
    """Whether it can be used. One that is not well is the last thing that is said of the records."""
    place = site.database or site.state / database.FILE
    if isinstance(place, Path) and not place.exists():
        missing = Text(f"还没有数据库 {place}", f"there is no database {place} yet")
        yield Diagnosis("database", Condition.WARN, missing, _MADE)
        return
    try:
        with database.database_faults():
            applied, known = database.applied_migrations(), database.known_migrations()
        if not applied:
            empty = Text(f"{place} 中还没有记录", f"{place} holds no records yet")
            yield Diagnosis("database", Condition.WARN, empty, _MADE)
            return
        health.require_writable()
    except StoreError as error:
        yield Diagnosis("database", Condition.CRIT, error.message, error.hint)
        return
    if newer := sorted(applied - known):
        words = ", ".join(newer)
        yield Diagnosis(
            "database",
            Condition.CRIT,
            Text(f"{place} 由更新版本的程序写入（{words}）", f"a newer version wrote {place} ({words})"),
            Text("升级 wardround，或恢复升级前的备份", "upgrade wardround, or restore the copy from before"),
        )
        return
    if absent := sorted(known - applied):
        words = ", ".join(absent)
        yield Diagnosis(
            "database",
            Condition.CRIT,
            Text(f"{place} 的结构不是最新，缺少 {words}", f"{place} lacks changes of its schema: {words}"),
            Text(
                "重启工作进程，或执行 wardround db check：会先备份再升级",
                "restart the worker or run wardround db check: a copy is kept, then it is upgraded",
            ),
        )
        return
    yield Diagnosis("database", Condition.OK, Text(f"{place} 可读写", f"{place} can be read and written"))


def examine_log() -> Iterator[Diagnosis]:
    """Whether the log ends as its signed head says. `audit verify` reads all of it."""
    try:
        anchor = sound_anchor()
    except ChainBroken as error:
        yield Diagnosis("log", Condition.CRIT, error.message, error.hint)
        return
    if anchor is None:
        yield Diagnosis("log", Condition.OK, Text("审计日志还是空的", "the audit log is empty yet"))
        return
    said = Text(
        f"审计日志末尾与链头一致：{anchor.short}", f"the audit log ends as its head says: {anchor.short}"
    )
    yield Diagnosis("log", Condition.OK, said)


def examine_backups(site: Site, now: datetime) -> Iterator[Diagnosis]:
    """How old the newest one is that can be read."""
    backups = list_backups(site.state)
    made = [one.manifest.at for one in backups if one.manifest]
    if not made:
        yield Diagnosis("backup", Condition.WARN, Text("没有备份", "there is no backup"), _BACKUP)
    else:
        age = now - max(made)
        lasted = say_duration(age)
        said = Text(f"最近的备份在 {lasted.zh}前", f"the last backup was made {lasted.en} ago")
        if age > BACKUP_LATE:
            condition = Condition.CRIT if age > BACKUP_LOST else Condition.WARN
            yield Diagnosis("backup", condition, said, _BACKUP)
        else:
            yield Diagnosis("backup", Condition.OK, said)
    for one in backups:
        if one.manifest is None:
            yield Diagnosis(
                "backup",
                Condition.WARN,
                Text(f"{one.path} 已损坏，或不是备份", f"{one.path} is damaged, or no backup"),
                Text("把它移走，并重新备份", "move it away, and make another backup"),
                one.path.name,
            )
