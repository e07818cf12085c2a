"""Looking after the database of the records: checks, backups, restoring, and removing what is too old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.application.clock import Clock
from orchestrator.application.folder import require_folder
from orchestrator.application.people import People
from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.database import BackupLine, DatabasePart, DatabaseState, Removed
from orchestrator.model.person import Permission, Role
from orchestrator.model.site import Site
from orchestrator.records import health
from orchestrator.records.accounts import enter_anew
from orchestrator.records.archive import Manifest
from orchestrator.records.backup import Backup, Occasion, backup_file, list_backups, make_backup, prune
from orchestrator.records.backup_key import has_other_key, require_same_key
from orchestrator.records.chain_tail import settle
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.database import place
from orchestrator.records.events import append_events
from orchestrator.records.lock import no_round
from orchestrator.records.models.event import EventKind
from orchestrator.records.restore import require_restorable, restore
from orchestrator.records.restored_event import record_restore
from orchestrator.records.retention import tidy
from orchestrator.records.site_key import key_fingerprint

KEPT_UPGRADES = 5
"""Copies from before an upgrade that are kept."""
_STALE = timedelta(days=1)
"""domain.md 6.2: the records are backed up every day."""
_ROOM = 2.0
"""A backup and a restore need the database's own size again, each."""


class Database:
    """The database of one site. It is open."""

    def __init__(self, site: Site, people: People, version: str, clock: Clock) -> None:
        self._site = site
        self._people = people
        self._version = version
        self._clock = clock

    def check(self) -> DatabaseState:
        """Look at all that a database can suffer from."""
        parts = (
            self._integrity(),
            self._migrations(),
            self._audit(),
            self._space(),
            self._sizes(),
            self._last_backup(),
        )
        return DatabaseState(str(place()), parts)

    def backup(self, target: Path | None) -> BackupLine:
        """Write everything into one file, while rounds may go on.

        Raises:
            InputError: the file exists already.
            NotFound: its folder does not exist.
            StoreError: it can't be written.
        """
        occasion = self._occasion("asked")
        path = (target or backup_file(self._site.state, occasion)).absolute()
        if target is not None:
            require_folder(path.parent)
        if path.exists():
            raise InputError(
                Text(f"{path} 已经存在，不会覆盖", f"{path} exists already and is not written over"),
                Text("换一个文件名", "give it another name"),
            )
        manifest = make_backup(path, occasion)
        self._tell(
            EventKind.DATABASE_BACKED_UP,
            self._people.starter(),
            path.name,
            {"rows": manifest.rows, "head": manifest.anchor},
        )
        return _line(Backup(path, path.stat().st_size, manifest))

    def backups(self) -> tuple[BackupLine, ...]:
        """Those in the site's own folder, the newest first."""
        return tuple(_line(one) for one in list_backups(self._site.state))

    def restorable(self, path: Path, *, other_key: bool = False) -> BackupLine:
        """What a backup holds, once it was read from end to end and found sound.

        Args:
            other_key: somebody decided to do without the key that its second factors are encrypted with.

        Raises:
            NotFound, InputError, StoreTooNew: it can't be restored here; says why.
        """
        manifest = self._restorable(path, other_key)
        return _line(Backup(path, path.stat().st_size, manifest))

    def restore(self, path: Path, *, other_key: bool = False) -> BackupLine:
        """Put a backup in the place of the records; returns the backup that was made of them first.

        All sessions end. With another key, security administrators enrol a second factor anew after their
        password, and let the others do so.

        Raises:
            Unauthenticated, Forbidden: who asks may not.
            NotFound, InputError, StoreTooNew, Busy: nothing was touched.
            StoreError: it can't be written; the records are what they were.
        """
        actor = self._people.decider(Permission.MANAGE_DATABASE, ())
        manifest = self._restorable(path, other_key)
        with no_round(self._site.state):
            occasion = self._occasion("before-restore")
            kept = backup_file(self._site.state, occasion)
            before = make_backup(kept, occasion)
            restore(path, manifest, lambda: self._tell_restored(actor, path, manifest))
            settle()
        return _line(Backup(kept, kept.stat().st_size, before))

    def tidy(self) -> Removed:
        """Remove what is older than the site keeps."""
        done = tidy(self._site.retention, self._site.timezone, self._clock(), self._site.state)
        removed = Removed(done.samples, done.days, done.rounds, done.host_results, done.runs, done.due_times)
        if done.anything:
            self._tell(EventKind.DATABASE_TIDIED, self._people.starter(), "database", dict(removed.counts()))
        return removed

    def _restorable(self, path: Path, other_key: bool) -> Manifest:
        manifest = require_restorable(path)
        if not other_key:
            require_same_key(path, manifest, self._site.state)
        return manifest

    def _tell_restored(self, actor: Actor, path: Path, manifest: Manifest) -> None:
        said: dict[str, object] = {
            "made_at": manifest.made_at,
            "version": manifest.version,
            "backup_head": manifest.anchor,
        }
        if has_other_key(manifest, self._site.state):
            said["enrol_anew"] = list(enter_anew(without_second_factor=Role.SECURITY_ADMIN))
        else:
            enter_anew(without_second_factor=None)
        record_restore(self._clock(), actor, path.name, said)

    def _tell(self, kind: EventKind, actor: Actor, subject: str, data: dict[str, object]) -> None:
        append_events(self._clock(), actor, [(kind, subject, data)])

    def _occasion(self, reason: str) -> Occasion:
        return _occasion(self._site, self._version, reason, self._clock())

    def _integrity(self) -> DatabasePart:
        found = health.faults()
        words = "; ".join(found)
        said = Text(words, words) if found else Text("完好", "sound")
        return DatabasePart("integrity", Text("完整性", "integrity"), not found, said)

    def _migrations(self) -> DatabasePart:
        missing = health.missing_migrations()
        words = ", ".join(missing)
        said = Text(f"缺少 {words}", f"missing: {words}") if missing else Text("最新", "up to date")
        return DatabasePart("migrations", Text("结构版本", "schema"), not missing, said)

    def _audit(self) -> DatabasePart:
        found = verify_log()
        said = Text(f"{found.events} 个事件，完好", f"{found.events} events, intact")
        broken = found.broken.text if found.broken else None
        return DatabasePart("audit", Text("审计日志", "audit log"), broken is None, broken or said)

    def _space(self) -> DatabasePart:
        free, size = health.free_space(self._site.state), health.size()
        said = Text(
            f"数据库 {_bytes(size)}，剩余 {_bytes(free)}", f"database {_bytes(size)}, {_bytes(free)} free"
        )
        return DatabasePart("space", Text("空间", "space"), free > _ROOM * size, said)

    def _sizes(self) -> DatabasePart:
        counted = sorted(health.row_counts().items(), key=lambda pair: -pair[1])[:5]
        words = ", ".join(f"{table.removeprefix('records_')} {rows}" for table, rows in counted)
        return DatabasePart("rows", Text("行数", "rows"), True, Text(words, words))

    def _last_backup(self) -> DatabasePart:
        title = Text("最近备份", "last backup")
        made = [one.manifest.at for one in list_backups(self._site.state) if one.manifest]
        if not made:
            said = Text(
                "没有备份：执行 wardround db backup", "there is none: run wardround db backup every day"
            )
            return DatabasePart("backup", title, False, said)
        age = self._clock() - max(made)
        hours = age / timedelta(hours=1)
        return DatabasePart(
            "backup", title, age <= _STALE, Text(f"{hours:.1f} 小时前", f"{hours:.1f} hours ago")
        )


def keep_copy(site: Site, version: str, at: datetime) -> Path:
    """A backup of the records as they are before an upgrade; only the newest of these are kept.

    Raises:
        StoreError: it can't be written, and so the upgrade must not happen.
    """
    occasion = _occasion(site, version, "before-upgrade", at)
    path = backup_file(site.state, occasion)
    make_backup(path, occasion)
    prune(site.state, occasion.reason, KEPT_UPGRADES)
    return path


def _occasion(site: Site, version: str, reason: str, at: datetime) -> Occasion:
    return Occasion(version, site.hospital.zh, reason, at.astimezone(UTC), key_fingerprint(site.state))


def _line(backup: Backup) -> BackupLine:
    found = backup.manifest
    if found is None:
        return BackupLine(backup.path, backup.size)
    return BackupLine(
        backup.path,
        backup.size,
        found.at,
        found.reason,
        found.version,
        found.database,
        found.hospital,
        found.rows,
        found.anchor,
    )


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"
