"""MYS07: how much of a table's numbers its AUTO_INCREMENT has used up."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

STATEMENT = (
    "select table_schema, table_name, auto_increment_ratio from sys.schema_auto_increment_columns"
    " where auto_increment_ratio is not null order by auto_increment_ratio desc limit 20"
)

spec = CheckSpec(
    code="MYS07",
    title=Text("MySQL/MariaDB 自增余量", "MySQL/MariaDB auto-increment room"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "used_ratio",
            Text("自增列用量", "numbers used up"),
            warn="> 0.7",
            crit="> 0.9",
            source="domain.md 3.6 MYS07",
            capacity=True,
        ),
    ),
    secret=("url",),
    caveat=Text(
        "在真实 MariaDB 10.11 上实测；MySQL 未在真实环境验证",
        "tried on MariaDB 10.11; MySQL was not tried on the real thing",
    ),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance, `mysql+pymysql://...`; PROCESS and REPLICATION CLIENT suffice."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    rows = ask.sql(parameters.url, STATEMENT).rows
    if not rows:
        yield Observation("used_ratio", 0.0, evidence="no table has an AUTO_INCREMENT column")
    for schema, table, ratio in rows:
        yield Observation("used_ratio", float(str(ratio)), f"{schema}.{table}")
