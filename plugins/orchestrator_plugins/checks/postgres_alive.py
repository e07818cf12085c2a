"""PGS01: PostgreSQL accepts connections and answers."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="PGS01",
    title=Text("PostgreSQL 存活", "PostgreSQL is alive"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "state",
            Text("状态", "state"),
            direction=Direction.NONE,
            crit="!= accepting",
            source="domain.md 3.6 PGS01",
        ),
        Metric("role", Text("角色", "role"), direction=Direction.NONE, source="domain.md 3.6 PGS01"),
    ),
    secret=("url",),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance; a role with pg_monitor suffices."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    try:
        answer = ask.sql(parameters.url, "select pg_is_in_recovery(), current_setting('server_version')")
    except CannotTell as refusal:
        # The one check whose question is whether the database can be asked: a refusal is its answer.
        yield Observation("state", "not accepting", evidence=refusal.message.zh)
        return
    standby, version = answer.rows[0]
    yield Observation("state", "accepting", evidence=f"PostgreSQL {version}")
    yield Observation("role", "standby" if standby else "primary")
