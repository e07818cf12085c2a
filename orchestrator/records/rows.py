"""Very many rows written at once, without a model object for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import DateTimeField, Field, JSONField, Model

Row = Sequence[Any]
"""Values in the order of the named fields."""


def insert_rows(model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows as `bulk_create` does, at a fraction of what it costs us on PostgreSQL.

    There Django hands over one array a column, and of a long JSON text within an array each quote is escaped
    by itself. COPY has nothing to escape in it.
    """
    prepared = _prepared(_fields(model, names), rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _copy(cursor, model, names, prepared)
        else:
            cursor.executemany(_insert(model, names), prepared)


def insert_missing(model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows of texts but those that are there: another round may have made them a moment ago."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # One statement, for a server takes as long to be told of one more as to write the row; and one
            # text, for we take as long to quote each item of an array.
            columns = ", ".join(f"r->>{place}" for place in range(len(names)))
            cursor.execute(
                f"INSERT INTO {_target(model, names)} SELECT {columns} FROM json_array_elements(%s::json) r "  # noqa: S608
                "ON CONFLICT DO NOTHING",
                [json.dumps(rows, ensure_ascii=False)],
            )
        else:
            cursor.executemany(f"{_insert(model, names)} ON CONFLICT DO NOTHING", rows)


def _insert(model: type[Model], names: Sequence[str]) -> str:
    return f"INSERT INTO {_target(model, names)} VALUES ({', '.join(['%s'] * len(names))})"  # noqa: S608


def _target(model: type[Model], names: Sequence[str]) -> str:
    """Our own names, never input."""
    return f"{model._meta.db_table} ({', '.join(str(field.column) for field in _fields(model, names))})"


def _fields(model: type[Model], names: Sequence[str]) -> Sequence[Field[Any, Any]]:
    fields = {field.name: field for field in model._meta.concrete_fields}
    return [fields[name] for name in names]


def _prepared(fields: Sequence[Field[Any, Any]], rows: Sequence[Row]) -> Sequence[Row]:
    """Values as the database takes them: times and JSON are written differently by each."""
    ways = [(place, way) for place, field in enumerate(fields) if (way := _way(field)) is not None]
    if not ways:
        return rows
    prepared = []
    for row in rows:
        values = list(row)
        for place, way in ways:
            values[place] = None if values[place] is None else way(values[place])
        prepared.append(values)
    return prepared


def _way(field: Field[Any, Any]) -> Callable[[Any], Any] | None:
    if isinstance(field, DateTimeField):
        return connection.ops.adapt_datetimefield_value
    if isinstance(field, JSONField):
        return lambda value: connection.ops.adapt_json_value(value, None)
    return None


def _copy(cursor: CursorWrapper, model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    with (
        connection.wrap_database_errors,
        cursor.copy(f"COPY {_target(model, names)} FROM STDIN") as target,
    ):
        for row in rows:
            target.write_row(row)
