"""MYS04: transactions that stay open for long hold locks and grow the history."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

STATEMENT = (
    "select timestampdiff(second, trx_started, now()), trx_id, trx_mysql_thread_id, trx_rows_locked"
    " from information_schema.innodb_trx where trx_mysql_thread_id <> connection_id() order by 1 desc"
)

spec = CheckSpec(
    code="MYS04",
    title=Text("MySQL/MariaDB 长事务", "MySQL/MariaDB long transactions"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "oldest_min",
            Text("最久事务时长", "oldest transaction"),
            unit="min",
            warn="> 10",
            crit="> 60",
            source="domain.md 3.6 MYS04",
        ),
    ),
    secret=("url",),
    caveat=Text(
        "在真实 MariaDB 10.11 上实测；MySQL 未在真实环境验证",
        "tried on MariaDB 10.11; MySQL was not tried on the real thing",
    ),
)

_SLACK = 60
"""Seconds by which clocks are commonly corrected."""


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance, `mysql+pymysql://...`; PROCESS and REPLICATION CLIENT suffice."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    rows = ask.sql(parameters.url, STATEMENT).rows
    if not rows:
        yield Observation("oldest_min", 0.0)
        return
    if float(str(rows[-1][0])) < -_SLACK:
        raise CannotTell(
            Text(
                "数据库主机的时钟被调回过，时长未知",
                "the clock of its host was set back: nobody knows how long",
            )
        )
    seconds, transaction, thread, locked = rows[0]
    evidence = f"{len(rows)} open; oldest: transaction {transaction}, thread {thread}, {locked} rows locked"
    yield Observation("oldest_min", round(float(str(seconds)) / 60, 1), evidence=evidence)
