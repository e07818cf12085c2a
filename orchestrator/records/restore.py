"""Putting a backup in the place of the database: all of it or nothing, whatever happens meanwhile."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from orchestrator.errors import StoreTooNew
from orchestrator.language import Text
from orchestrator.records.archive import DamagedArchive, Manifest, read_manifest, read_rows, verify
from orchestrator.records.database import (
    APP,
    PATIENCE,
    configure,
    database_faults,
    disconnect,
    known_migrations,
    place,
)
from orchestrator.records.fault import locked
from orchestrator.records.sqlite import FILE_SUFFIXES
from orchestrator.records.table import Kind, Table, read_tables

_ROWS = 2000
AfterLoading = Callable[[], None]
"""Called when the backup's rows are in place and not yet seen by anybody: what it records is restored too."""


def require_restorable(path: Path) -> Manifest:
    """The manifest of a backup that was read from end to end and may be restored here.

    Raises:
        NotFound, DamagedArchive, StoreTooNew, StoreError: it may not; says why.
    """
    manifest = read_manifest(path)
    unknown = set(manifest.migrations) - known_migrations()
    if unknown:
        raise StoreTooNew(
            Text(
                f"{path} 由更新版本的程序写出（{', '.join(sorted(unknown))}）",
                f"{path} was written by a newer version of this program ({', '.join(sorted(unknown))})",
            ),
            Text("升级 wardround 后再恢复", "upgrade wardround, then restore it"),
        )
    verify(path, manifest)
    return manifest


@database_faults()
def restore(path: Path, manifest: Manifest, after_loading: AfterLoading) -> None:
    """Replace the records by those of a backup that `require_restorable` let pass.

    Raises:
        StoreError: it can't be written; the records are what they were.
    """
    where = place()
    if isinstance(where, Path):
        _restore_file(where, path, manifest, after_loading)
        return
    with transaction.atomic():
        _drop_all()
        _load(path, manifest)
        after_loading()
    disconnect()


def _restore_file(where: Path, path: Path, manifest: Manifest, after_loading: AfterLoading) -> None:
    """Into a file beside it first, and from there in one transaction over the database."""
    beside = where.with_name(f".{where.name}.restoring")
    _remove(beside)
    configure(beside)
    try:
        with connection.constraint_checks_disabled(), transaction.atomic():
            _load(path, manifest)
            after_loading()
        disconnect()
        _copy_over(beside, where)
    finally:
        disconnect()
        configure(where)
        _remove(beside)


def _copy_over(source: Path, target: Path) -> None:
    """SQLite's own backup, in one transaction of the target: whoever reads it meanwhile sees old or new."""
    end = time.monotonic() + PATIENCE

    def give_up(_status: int, remaining: int, _total: int) -> None:
        if remaining and time.monotonic() > end:
            raise locked(target)

    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target, timeout=1)) as writing:
        try:
            reading.backup(writing, progress=give_up)
        except sqlite3.Error as error:
            raise OperationalError(str(error)) from error


def _load(path: Path, manifest: Manifest) -> None:
    """An empty database to one with the backup's rows, at our schema version."""
    MigrationExecutor(connection).migrate([(APP, max(manifest.migrations))])
    tables = read_tables()
    if {table.name for table in tables} != set(manifest.tables):
        raise DamagedArchive(
            Text(f"{path} 中的表与其版本不符", f"{path} does not have the tables of its own version")
        )
    for table in tables:
        _fill(table, read_rows(path, table.name))
    if connection.vendor == "postgresql":
        _settle_server(tables)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    connection.check_constraints()


def _fill(table: Table, rows: Iterable[list[Any]]) -> None:
    name = connection.ops.quote_name(table.name)
    columns = ", ".join(connection.ops.quote_name(column.name) for column in table.columns)
    change = {
        index: _CHANGES[connection.vendor][column.kind]
        for index, column in enumerate(table.columns)
        if column.kind in _CHANGES[connection.vendor]
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608 - names of our own tables
        if cursor.fetchone()[0]:
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as copy:
                for row in _changed(rows, change):
                    copy.write_row(row)
            return
        holes = ", ".join(["%s"] * len(table.columns))
        changed = _changed(rows, change)
        while part := list(islice(changed, _ROWS)):
            cursor.executemany(f"INSERT INTO {name} ({columns}) VALUES ({holes})", part)  # noqa: S608


def _changed(rows: Iterable[list[Any]], change: Mapping[int, Callable[[Any], Any]]) -> Iterator[list[Any]]:
    for row in rows:
        for index, to in change.items():
            if row[index] is not None:
                row[index] = to(row[index])
        yield row


_CHANGES: Mapping[str, Mapping[Kind, Callable[[Any], Any]]] = {
    "sqlite": {Kind.BYTES: bytes.fromhex},
    "postgresql": {
        Kind.BYTES: bytes.fromhex,
        Kind.TIME: "{}+00".format,
        Kind.BOOL: bool,
    },
}


def _settle_server(tables: Iterable[Table]) -> None:
    """Check what was deferred, so that tables can be altered, and count on from the last key."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table.name, table.key])
            sequence = cursor.fetchone()[0]
            if sequence is not None:
                name, key = connection.ops.quote_name(table.name), connection.ops.quote_name(table.key)
                cursor.execute(
                    f"SELECT setval(%s, coalesce(max({key}), 0) + 1, false) FROM {name}",  # noqa: S608
                    [sequence],
                )


def _drop_all() -> None:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)} CASCADE")
        cursor.execute(
            "SELECT oid::regprocedure FROM pg_proc "
            "WHERE pronamespace = current_schema()::regnamespace AND proname LIKE %s",
            ["records\\_%"],
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"DROP FUNCTION {function} CASCADE")


def _remove(path: Path) -> None:
    for suffix in FILE_SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
