"""PGS02: how many of the allowed connections are taken."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

STATEMENT = (
    "select count(*) filter (where backend_type = 'client backend'),"
    " current_setting('max_connections')::int from pg_stat_activity"
)

spec = CheckSpec(
    code="PGS02",
    title=Text("PostgreSQL 连接占用", "PostgreSQL connections in use"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "used_pct",
            Text("连接占用率", "connections in use"),
            unit="%",
            warn="> 80",
            crit="> 95",
            source="domain.md 3.6 PGS02",
        ),
    ),
    secret=("url",),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance; a role with pg_monitor suffices."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    used, allowed = ask.sql(parameters.url, STATEMENT).rows[0]
    share = 100 * float(str(used)) / float(str(allowed))
    yield Observation("used_pct", round(share, 1), evidence=f"{used} / {allowed}")
