"""PGS08: WAL archiving works: without it there is no point-in-time recovery."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

STATEMENT = (
    "select current_setting('archive_mode'), failed_count, last_archived_wal, last_failed_wal,"
    " coalesce(last_failed_time > last_archived_time, last_failed_time is not null),"
    " extract(epoch from now() - coalesce(last_archived_time, stats_reset))::float / 3600"
    " from pg_stat_archiver"
)

spec = CheckSpec(
    code="PGS08",
    title=Text("PostgreSQL 归档", "PostgreSQL WAL archiving"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "last_attempt",
            Text("最近一次归档", "last archiving"),
            direction=Direction.NONE,
            warn="== failed",
            source="domain.md 3.6 PGS08",
        ),
        Metric(
            "age_h",
            Text("距上次归档成功", "since the last success"),
            unit="h",
            crit="> 1",
            source="domain.md 3.6 PGS08",
        ),
    ),
    secret=("url",),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance; a role with pg_monitor suffices."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    mode, failed, last, broken, failing, age = ask.sql(parameters.url, STATEMENT).rows[0]
    if mode == "off":
        raise NotApplicable(Text("未启用归档（archive_mode=off）", "archiving is off (archive_mode=off)"))
    if age is None:
        raise CannotTell(Text("还没有归档记录", "nothing has been archived yet"))
    evidence = f"last {last}, failed {failed}, last failed {broken}"
    yield Observation("last_attempt", "failed" if failing else "success", evidence=evidence)
    hours = float(str(age))
    if hours < -1:
        raise CannotTell(
            Text(
                "上次归档的时间在将来，主机时钟被调回过",
                "the last archiving lies in the future: the clock was set back",
            )
        )
    yield Observation("age_h", round(hours, 2), evidence=evidence)
