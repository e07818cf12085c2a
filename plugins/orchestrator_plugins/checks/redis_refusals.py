"""RDS04: connections that Redis refused and keys that it threw out for want of memory.

Counted since the server started or somebody issued CONFIG RESETSTAT, not since the last round: a check sees
its answers and nothing of earlier rounds, and what happened must not fade because time went by. So it stays
wrong after it was dealt with: then issue CONFIG RESETSTAT, or waive it until the next restart. Whether it
still grows is what `wardround trend HOST redis_refusals` and the report's previous value tell.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask
from orchestrator_plugins.redis.info import Instance, number, read_info

spec = CheckSpec(
    code="RDS04",
    title=Text("Redis 拒绝连接与驱逐", "Redis refusals and evictions"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "rejected",
            Text("拒绝的连接（自启动或统计清零起）", "connections refused since start or CONFIG RESETSTAT"),
            warn=1,
            crit=100,
            source="domain.md 3.6 RDS04",
        ),
        Metric(
            "evicted",
            Text("驱逐的键（自启动或统计清零起）", "keys evicted since start or CONFIG RESETSTAT"),
            warn=1,
            crit=100,
            source="domain.md 3.6 RDS04",
        ),
    ),
)


class Parameters(Instance):
    """The instance."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    info = read_info(ask, parameters)
    clients = f"{info.get('connected_clients', '?')} of {info.get('maxclients', '?')} clients"
    yield Observation("rejected", number(info, "rejected_connections"), evidence=clients)
    policy = f"maxmemory_policy {info.get('maxmemory_policy', '?')}"
    yield Observation("evicted", number(info, "evicted_keys"), evidence=policy)
