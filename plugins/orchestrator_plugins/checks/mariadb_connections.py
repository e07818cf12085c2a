"""MYS02: how many of the allowed connections are taken."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.mariadb.dialect import status

spec = CheckSpec(
    code="MYS02",
    title=Text("MySQL/MariaDB 连接占用", "MySQL/MariaDB connections in use"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "used_pct",
            Text("连接占用率", "connections in use"),
            unit="%",
            warn="> 80",
            crit="> 95",
            source="domain.md 3.6 MYS02 [S20]",
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
    used = status(ask, parameters.url, "Threads_connected")
    allowed = float(str(ask.sql(parameters.url, "select @@global.max_connections").rows[0][0]))
    yield Observation("used_pct", round(100 * used / allowed, 1), evidence=f"{used:.0f} / {allowed:.0f}")
