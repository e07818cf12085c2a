"""The tables of a database as its own schema version has them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Field, ForeignKey

from orchestrator.records.database import APP


class Kind(StrEnum):
    """How a column's values are written down."""

    PLAIN = "plain"
    """Numbers and words, as they are."""
    TIME = "time"
    """UTC, as SQLite keeps it."""
    DATE = "date"
    JSON = "json"
    """As text."""
    BOOL = "bool"
    """0 or 1."""
    BYTES = "bytes"
    """Hexadecimal."""


_KINDS = {
    "DateTimeField": Kind.TIME,
    "DateField": Kind.DATE,
    "JSONField": Kind.JSON,
    "BooleanField": Kind.BOOL,
    "BinaryField": Kind.BYTES,
}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    key: str
    """The column of its primary key."""


def read_tables() -> tuple[Table, ...]:
    """All tables of the records at the schema version that the database has now."""
    loader = MigrationLoader(connection)
    applied = [key for key in loader.applied_migrations if key in loader.graph.nodes and key[0] == APP]
    state = loader.project_state(applied)
    models = sorted(state.apps.get_models(include_auto_created=True), key=lambda one: one._meta.db_table)
    return tuple(
        Table(
            model._meta.db_table,
            tuple(_column(field) for field in model._meta.concrete_fields),
            str(model._meta.pk.column),
        )
        for model in models
    )


def _column(field: Field[Any, Any]) -> Column:
    target = field.target_field if isinstance(field, ForeignKey) else field
    return Column(str(field.column), _KINDS.get(target.get_internal_type(), Kind.PLAIN))
