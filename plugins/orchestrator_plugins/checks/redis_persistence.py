"""RDS03: whether Redis could last write what it holds to the disk."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask
from orchestrator_plugins.redis.info import Instance, read_info

spec = CheckSpec(
    code="RDS03",
    title=Text("Redis 持久化", "Redis persistence"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "rdb",
            Text("上次 RDB 保存", "last RDB save"),
            direction=Direction.NONE,
            crit="!= ok",
            source="domain.md 3.6 RDS03",
        ),
        Metric(
            "aof",
            Text("上次 AOF 写入", "last AOF write"),
            direction=Direction.NONE,
            crit="!= ok",
            source="domain.md 3.6 RDS03",
        ),
    ),
)


class Parameters(Instance):
    """The instance."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    info = read_info(ask, parameters)
    unsaved = f"{info.get('rdb_changes_since_last_save', '?')} changes since the last save"
    yield Observation("rdb", info.get("rdb_last_bgsave_status", "unknown"), evidence=unsaved)
    if info.get("aof_enabled") == "1":
        yield Observation("aof", info.get("aof_last_write_status", "unknown"))
