"""MYS05: how many transactions wait for a lock of another."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.mariadb.dialect import is_mariadb

MARIADB = "select requesting_trx_id, blocking_trx_id from information_schema.innodb_lock_waits"
MYSQL = (
    "select requesting_engine_transaction_id, blocking_engine_transaction_id"
    " from performance_schema.data_lock_waits"
)

spec = CheckSpec(
    code="MYS05",
    title=Text("MySQL/MariaDB 锁等待", "MySQL/MariaDB lock waits"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "waiting",
            Text("等待锁的事务", "transactions waiting"),
            warn=1,
            crit=5,
            source="domain.md 3.6 MYS05",
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
    statement = MARIADB if is_mariadb(ask, parameters.url) else MYSQL
    rows = ask.sql(parameters.url, statement).rows
    evidence = "; ".join(f"{waits} waits for {blocks}" for waits, blocks in rows[:3])
    yield Observation("waiting", len({waits for waits, _ in rows}), evidence=evidence)
