"""MYS01: MariaDB or MySQL accepts connections and answers."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="MYS01",
    title=Text("MySQL/MariaDB 存活", "MySQL/MariaDB is alive"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "state",
            Text("状态", "state"),
            direction=Direction.NONE,
            crit="!= alive",
            source="domain.md 3.6 MYS01",
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
    try:
        answer = ask.sql(parameters.url, "select version()")
    except CannotTell as refusal:
        # The one check whose question is whether the database can be asked: a refusal is its answer.
        yield Observation("state", "not alive", evidence=refusal.message.zh)
        return
    yield Observation("state", "alive", evidence=str(answer.rows[0][0]))
