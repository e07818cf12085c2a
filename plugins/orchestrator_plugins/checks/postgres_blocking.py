"""PGS04: sessions that wait for another session's lock."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

STATEMENT = (
    "select pid, pg_blocking_pids(pid)::text, extract(epoch from now() - query_start)::int"
    " from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0 order by query_start"
)

spec = CheckSpec(
    code="PGS04",
    title=Text("PostgreSQL 阻塞", "PostgreSQL blocked sessions"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "blocked",
            Text("被阻塞会话数", "blocked sessions"),
            warn=">= 1",
            crit=">= 5",
            source="domain.md 3.6 PGS04",
        ),
    ),
    secret=("url",),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance; a role with pg_monitor suffices."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    rows = ask.sql(parameters.url, STATEMENT).rows
    shown = "; ".join(f"pid {pid} waits {seconds} s for {holders}" for pid, holders, seconds in rows[:5])
    yield Observation("blocked", float(len(rows)), evidence=shown)
