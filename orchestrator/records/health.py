"""What the database itself says of its soundness and its size."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.db import connection, transaction

from orchestrator.records.database import APP, applied_migrations, database_faults, known_migrations, place
from orchestrator.records.models.run import Run
from orchestrator.records.postgresql import require_usable
from orchestrator.records.server_fault import FORBIDDEN, READ_ONLY
from orchestrator.records.sqlite import FILE_SUFFIXES

_FAULTS = 10
"""More of them tell nobody more."""


@database_faults()
def faults() -> tuple[str, ...]:
    """What is wrong within the database, in its own words; empty when all is well."""
    if connection.vendor == "sqlite":
        return _faults_of_file()
    return _faults_on_server()


@database_faults()
def missing_migrations() -> tuple[str, ...]:
    return tuple(sorted(known_migrations() - applied_migrations()))


@database_faults()
def size() -> int:
    """In bytes."""
    where = place()
    if isinstance(where, Path):
        files = [where.with_name(where.name + suffix) for suffix in FILE_SUFFIXES]
        return sum(file.stat().st_size for file in files if file.exists())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


@database_faults()
def row_counts() -> Mapping[str, int]:
    """Rows of each table."""
    models = apps.get_app_config(APP).get_models()
    return {model._meta.db_table: model._default_manager.count() for model in models}


@database_faults()
def require_writable() -> None:
    """Whether it takes writes, without making one.

    Raises:
        StoreError: it does not; says why.
    """
    where = place()
    if isinstance(where, Path):
        with transaction.atomic():  # BEGIN IMMEDIATE: takes the lock of a writer, and gives it back
            return
    require_usable(connection, str(where))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('transaction_read_only'), has_table_privilege(%s, 'INSERT, DELETE')",
            [Run._meta.db_table],
        )
        read_only, allowed = cursor.fetchone()
    if read_only == "on":
        raise READ_ONLY.at(str(where))
    if not allowed:
        raise FORBIDDEN.at(str(where), f"INSERT, DELETE ON {Run._meta.db_table}")


@database_faults()
def server_time() -> datetime | None:
    """What the server's clock shows; None where the database is a file of this machine."""
    if connection.vendor == "sqlite":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        shown: datetime = cursor.fetchone()[0]
        return shown


def free_space(folder: Path) -> int:
    """Bytes that we may still write there, also where the folder is yet to be made."""
    return shutil.disk_usage(nearest_existing(folder)).free


def nearest_existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return folder if folder.exists() else nearest_existing(folder.parent)


def _faults_of_file() -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA integrity_check({_FAULTS})")
        said = [str(row[0]) for row in cursor.fetchall() if row[0] != "ok"]
        cursor.execute("PRAGMA foreign_key_check")
        lost = [
            f"{table} row {row} refers to a missing {other}" for table, row, other, _ in cursor.fetchall()
        ]
    return tuple(said + lost[:_FAULTS])


def _faults_on_server() -> tuple[str, ...]:
    """Constraints that were never checked, indexes that are invalid, and rows that refer to nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'constraint ' || conname || ' is not valid' FROM pg_constraint "
            "WHERE NOT convalidated AND connamespace = current_schema()::regnamespace "
            "UNION ALL SELECT 'index ' || indexrelid::regclass || ' is not valid' FROM pg_index "
            "JOIN pg_class ON pg_class.oid = indexrelid "
            "WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace"
        )
        found = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT conrelid::regclass::text, a.attname, confrelid::regclass::text, b.attname "
            "FROM pg_constraint "
            "JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1] "
            "JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = confkey[1] "
            "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
        quote = connection.ops.quote_name
        for table, column, other, key in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*) FROM {table} t WHERE {quote(column)} IS NOT NULL AND NOT EXISTS "  # noqa: S608
                f"(SELECT 1 FROM {other} o WHERE o.{quote(key)} = t.{quote(column)})"
            )
            if lost := cursor.fetchone()[0]:
                found.append(f"{lost} rows of {table} refer to a missing {other}")
    return tuple(found)
