"""PGS05: how far standbys are behind."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

STANDBYS = (
    "select coalesce(nullif(application_name, ''), client_addr::text, pid::text), state, sync_state,"
    " coalesce(extract(epoch from replay_lag), 0)::float,"
    " pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint from pg_stat_replication"
)
OWN_LAG = (
    "select case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0"
    " else extract(epoch from now() - pg_last_xact_replay_timestamp())::float end"
)

spec = CheckSpec(
    code="PGS05",
    title=Text("PostgreSQL 流复制延迟", "PostgreSQL replication lag"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "lag_s",
            Text("复制延迟", "replication lag"),
            unit="s",
            warn="> 30",
            crit="> 300",
            source="domain.md 3.6 PGS05",
        ),
    ),
    secret=("url",),
)

_SKEW = 10
"""Seconds by which the standby's clock may be behind the primary's, whose time the lag is measured by."""


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance; a role with pg_monitor suffices."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    standby = ask.sql(parameters.url, "select pg_is_in_recovery()").rows[0][0]
    if standby:
        yield from _own_lag(ask, parameters)
        return
    rows = ask.sql(parameters.url, STANDBYS).rows
    if not rows:
        raise NotApplicable(Text("没有从库在复制", "no standby replicates from here"))
    for name, state, sync, seconds, behind in rows:
        yield Observation("lag_s", float(str(seconds)), str(name), f"{state} {sync}, {behind} bytes behind")


def _own_lag(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    seconds = ask.sql(parameters.url, OWN_LAG).rows[0][0]
    if seconds is None:
        raise CannotTell(Text("从库尚未回放任何事务", "the standby has replayed no transaction yet"))
    if float(str(seconds)) < -_SKEW:
        raise CannotTell(
            Text(
                "从库的时钟比主库慢，延迟未知",
                "the standby's clock is behind the primary's, so the lag is not known",
            )
        )
    yield Observation("lag_s", max(float(str(seconds)), 0.0))
