"""Very many rows written at once, without a model object for each."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.backends.utils import CursorWrapper

Row = Sequence[str | int | float]


def insert_rows(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows of numbers. Table and columns are our own names, never input."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _copy(cursor, table, columns, rows)
        else:
            cursor.executemany(_insert(table, columns), rows)


def insert_missing(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows of texts but those that are there: another round may have made them a moment ago."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # One statement: a server takes as long to be told of one more as to write the row.
            arrays = ", ".join(["%s::text[]"] * len(columns))
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays}) "  # noqa: S608
                "ON CONFLICT DO NOTHING",
                [list(column) for column in zip(*rows, strict=True)],
            )
        else:
            cursor.executemany(f"{_insert(table, columns)} ON CONFLICT DO NOTHING", rows)


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608


def _copy(cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    with (
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as target,
    ):
        for row in rows:
            target.write_row(row)
