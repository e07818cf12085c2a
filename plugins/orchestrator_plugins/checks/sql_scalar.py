"""One number or word from one SQL statement: the business checks of domain.md 2.3 are made of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from pydantic import Field

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Value
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="",
    title=Text("SQL 标量", "SQL scalar"),
    layer=Layer.BUSINESS,
    metrics=(Metric("value", Text("值", "value"), source="runbook"),),
    free=("statement",),
    secret=("url",),
    open_unit=True,
    caveat=Text(
        "仅在 PostgreSQL 上实测；其他数据库未在真实环境验证",
        "tried on PostgreSQL; not tried on the real thing for other databases",
    ),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL, normally a vaulted inventory variable: `"{{ his_db_url }}"`."""
    statement: str = Field(min_length=1)
    """Yields one row: a value, or a value and a word that says what it was seen on. Counts, ages and
    rates only; a patient's data has no place in it (domain.md 6.3)."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    answer = ask.sql(parameters.url, parameters.statement)
    if not answer.rows:
        raise CannotTell(Text("语句没有返回任何行", "the statement returned no row"))
    width = len(answer.columns)
    if len(answer.rows) > 1 or width > 2:
        shape = f"{len(answer.rows)} x {width}"
        raise CannotTell(
            Text(
                f"语句应返回一行（值，或值和对象），实际为 {shape}",
                f"one row of one value expected, got {shape}",
            )
        )
    row = answer.rows[0]
    subject = str(row[1]) if width == 2 else ""
    yield Observation("value", scalar(row[0]), subject)


def scalar(value: object) -> Value:
    """A database value as a number (intervals in seconds) or a word.

    Raises:
        CannotTell: it is NULL or of a kind that no limit can be held against.
    """
    match value:
        case None:
            raise CannotTell(Text("值为空（NULL）", "the value is NULL"))
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return float(value)
        case timedelta():
            return value.total_seconds()
        case str():
            return value
        case date():
            return value.isoformat()
    kind = type(value).__name__
    raise CannotTell(Text(f"值的类型 {kind} 无法比较", f"a value of type {kind} can't be compared"))
