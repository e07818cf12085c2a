"""Writing the whole database into one file, from one moment, while it is being used."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection

from orchestrator.errors import OrchestratorError
from orchestrator.records.archive import (
    FORMAT,
    PRODUCT,
    Manifest,
    read_manifest,
    write_manifest,
    write_table,
)
from orchestrator.records.database import applied_migrations, database_faults, place
from orchestrator.records.fault import store_error
from orchestrator.records.table import Column, Kind, Table, read_tables

FOLDER = "backups"
_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why and when a backup is made, and of whose records."""

    version: str
    hospital: str
    reason: str
    """`asked`, `before-upgrade` or `before-restore`."""
    at: datetime
    site_key: str = ""
    """The fingerprint of the site's key."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that lies somewhere. `manifest` is None where the file can't be read as one."""

    path: Path
    size: int
    manifest: Manifest | None


@database_faults()
def make_backup(target: Path, occasion: Occasion) -> Manifest:
    """Write all tables as they are at one moment to `target`: whole or not at all, readable by us alone.

    Raises:
        StoreError: the database can't be read, or the file can't be written.
    """
    tables, migrations = read_tables(), applied_migrations()
    try:
        with (
            _whole(target) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            with _snapshot() as read:
                members = {table.name: write_table(archive, table.name, read(table)) for table in tables}
                anchor = _anchor(read, tables)
            manifest = Manifest(
                PRODUCT,
                FORMAT,
                occasion.version,
                connection.vendor,
                occasion.hospital,
                occasion.reason,
                occasion.at.isoformat(),
                tuple(sorted(migrations)),
                anchor,
                members,
                occasion.site_key,
            )
            write_manifest(archive, manifest)
    except OSError as error:
        raise store_error(error, target) from error
    return manifest


def backup_file(state: Path, occasion: Occasion) -> Path:
    """Where a backup goes that nobody named a place for."""
    return state / FOLDER / f"records-{occasion.at:%Y%m%dT%H%M%SZ}-{occasion.reason}.zip"


def list_backups(state: Path) -> tuple[Backup, ...]:
    """What lies in the backups' folder, the newest first.

    Raises:
        StoreError: it can't be looked into. That is not the same as none.
    """
    folder, found = state / FOLDER, []
    try:
        paths = [path for path in folder.iterdir() if path.suffix == ".zip"]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise store_error(error, folder) from error
    for path in paths:
        try:
            manifest = read_manifest(path)
        except OrchestratorError:
            manifest = None
        found.append(Backup(path, path.stat().st_size, manifest))
    return tuple(sorted(found, key=lambda one: one.path.stat().st_mtime, reverse=True))


def prune(state: Path, reason: str, keep: int) -> None:
    """Leave the newest `keep` backups of that reason."""
    ours = [one for one in list_backups(state) if one.manifest and one.manifest.reason == reason]
    for one in ours[keep:]:
        one.path.unlink(missing_ok=True)


class _Reader:
    """Reads tables as lines of JSON within one transaction."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __call__(self, table: Table) -> Iterator[bytes]:
        columns = ", ".join(_expression(column) for column in table.columns)
        name, key = connection.ops.quote_name(table.name), connection.ops.quote_name(table.key)
        rest = f"FROM {name} ORDER BY {key}"
        if connection.vendor == "postgresql":
            return self._copy(f"SELECT json_build_array({columns}) {rest}")
        return self._select(f"SELECT {columns} {rest}")

    def last(self, statement: str) -> Sequence[Any] | None:
        row: Sequence[Any] | None = self._raw.execute(statement).fetchone()
        return row

    def _copy(self, query: str) -> Iterator[bytes]:
        # JSON holds no control characters, so with these COPY has nothing to escape.
        options = "(FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')"
        with self._raw.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT {options}") as copy:
            for block in copy:
                yield bytes(block)

    def _select(self, query: str) -> Iterator[bytes]:
        encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(_ROWS):
                yield "".join([f"{encode(row)}\n" for row in rows]).encode()


@contextmanager
def _snapshot() -> Iterator[_Reader]:
    """A connection of its own that sees one moment, and keeps no writer waiting."""
    with ExitStack() as stack:
        where = place()
        if isinstance(where, Path):
            raw: Any = stack.enter_context(closing(sqlite3.connect(where, isolation_level=None)))
            raw.execute("BEGIN")
        else:
            raw = stack.enter_context(
                connection.get_new_connection({**connection.get_connection_params(), "autocommit": False})
            )
            raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # It says nothing while a large table is written to the file, and holds nobody up.
            raw.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield _Reader(raw)


def _expression(column: Column) -> str:
    name = connection.ops.quote_name(column.name)
    if connection.vendor != "postgresql":
        return f"hex({name})" if column.kind is Kind.BYTES else name
    match column.kind:
        case Kind.TIME:
            return f"replace(to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '.000000', '')"
        case Kind.JSON | Kind.DATE:
            return f"{name}::text"
        case Kind.BOOL:
            return f"{name}::int"
        case Kind.BYTES:
            return f"upper(encode({name}, 'hex'))"
    return name


def _anchor(read: _Reader, tables: Sequence[Table]) -> str:
    columns = {table.name: {column.name for column in table.columns} for table in tables}
    if "hash" not in columns["records_event"]:
        return ""
    row = read.last("SELECT sequence, hash FROM records_event ORDER BY sequence DESC LIMIT 1")
    return f"{row[0]}@{row[1]}" if row else ""


@contextmanager
def _whole(target: Path) -> Iterator[Any]:
    """A file that gets its name once all of it is on the disk."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
