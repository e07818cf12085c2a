"""RDS01: how much of the memory that it may use a Redis has taken."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask
from orchestrator_plugins.redis.info import Instance, number, read_info

spec = CheckSpec(
    code="RDS01",
    title=Text("Redis 内存占用", "Redis memory in use"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "used_pct",
            Text("内存占用率", "memory in use"),
            unit="%",
            warn="> 80",
            crit="> 90",
            source="domain.md 3.6 RDS01 [S20]",
        ),
    ),
)


class Parameters(Instance):
    """The instance."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    info = read_info(ask, parameters)
    used, limit, of = number(info, "used_memory"), number(info, "maxmemory"), "maxmemory"
    if limit == 0:
        # Without a limit of its own it is the machine's memory that it will fill.
        limit, of = number(info, "total_system_memory"), "total_system_memory"
    evidence = f"{used:.0f} of {limit:.0f} bytes ({of})"
    yield Observation("used_pct", round(100 * used / max(limit, 1.0), 1), evidence=evidence)
