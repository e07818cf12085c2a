"""PGS03: transactions that stay open for long hold locks and bloat."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

STATEMENT = (
    "select coalesce(max(extract(epoch from now() - xact_start)), 0)::float / 60,"
    " (array_agg(pid || ' ' || coalesce(usename, '') || ' ' || coalesce(state, '') order by xact_start))[1],"
    " count(*) filter (where xact_start < now() - interval '10 min'),"
    " count(*) filter (where xact_start > now() + interval '1 min')"
    " from pg_stat_activity where xact_start is not null and pid <> pg_backend_pid()"
    " and backend_type = 'client backend'"
)

spec = CheckSpec(
    code="PGS03",
    title=Text("PostgreSQL 长事务", "PostgreSQL long transactions"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "oldest_min",
            Text("最久事务时长", "oldest transaction"),
            unit="min",
            warn="> 10",
            crit="> 60",
            source="domain.md 3.6 PGS03",
        ),
    ),
    secret=("url",),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance; a role with pg_monitor suffices."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    oldest, who, count, ahead = ask.sql(parameters.url, STATEMENT).rows[0]
    if ahead:
        raise CannotTell(
            Text(
                "数据库主机的时钟被调回过，时长未知",
                "the clock of its host was set back: nobody knows how long",
            )
        )
    minutes = float(str(oldest))
    evidence = f"{count} > 10 min; pid, user, state: {who}" if who else ""
    yield Observation("oldest_min", round(minutes, 1), evidence=evidence)
