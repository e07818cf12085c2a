"""PGS06: replication slots that nobody reads keep WAL until the disk is full."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

STATEMENT = (
    "select slot_name, active, coalesce(pg_wal_lsn_diff("
    "case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end,"
    " restart_lsn), 0)::float / 1e9 from pg_replication_slots order by slot_name"
)

spec = CheckSpec(
    code="PGS06",
    title=Text("PostgreSQL 失活复制槽", "PostgreSQL inactive replication slots"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "inactive",
            Text("失活复制槽数", "inactive slots"),
            warn="> 0",
            source="domain.md 3.6 PGS06",
        ),
        Metric(
            "held_gb",
            Text("失活槽保留日志量", "WAL held by inactive slots"),
            unit="GB",
            crit="> 20",
            source="domain.md 3.6 PGS06",
        ),
    ),
    secret=("url",),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance; a role with pg_monitor suffices."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    slots = ask.sql(parameters.url, STATEMENT).rows
    if not slots:
        raise NotApplicable(Text("没有复制槽", "there is no replication slot"))
    idle = [(str(name), float(str(held))) for name, active, held in slots if not active]
    yield Observation("inactive", float(len(idle)), evidence=", ".join(name for name, _ in idle))
    for name, held in idle:
        yield Observation("held_gb", round(held, 2), name)
