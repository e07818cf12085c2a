"""PGS07: the age of the oldest unfrozen transaction id."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="PGS07",
    title=Text("PostgreSQL 事务号回卷", "PostgreSQL transaction id wraparound"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "age",
            Text("未冻结事务年龄", "age of the oldest transaction id"),
            warn="> 500000000",
            crit="> 1500000000",
            source="domain.md 3.6 PGS07",
        ),
    ),
    secret=("url",),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance; a role with pg_monitor suffices."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    statement = "select datname, age(datfrozenxid) from pg_database order by 2 desc"
    for database, age in ask.sql(parameters.url, statement).rows:
        yield Observation("age", float(str(age)), str(database))
