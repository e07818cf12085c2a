"""RDS02: whether a Redis replica hangs on its master, and how many replicas a master has."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask
from orchestrator_plugins.redis.info import Instance, number, read_info

spec = CheckSpec(
    code="RDS02",
    title=Text("Redis 主从", "Redis replication"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric("role", Text("角色", "role"), direction=Direction.NONE, source="domain.md 3.6 RDS02"),
        Metric(
            "link",
            Text("与主库的连接", "link to the master"),
            direction=Direction.NONE,
            crit="!= up",
            source="domain.md 3.6 RDS02",
        ),
        Metric(
            "missing_replicas",
            Text("缺少的从库", "replicas missing"),
            crit="> 0",
            source="domain.md 3.6 RDS02",
        ),
    ),
)


class Parameters(Instance):
    replicas: int = Field(default=0, ge=0)
    """How many replicas a master must have, those counted alone whose link is online."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    info = read_info(ask, parameters)
    role = info.get("role", "unknown")
    yield Observation("role", role)
    if role != "master":
        master = f"{info.get('master_host', '?')}:{info.get('master_port', '?')}"
        yield Observation("link", info.get("master_link_status", "unknown"), evidence=f"master {master}")
        return
    replicas = [info[f"slave{place}"] for place in range(int(number(info, "connected_slaves")))]
    online = [replica for replica in replicas if "state=online" in replica]
    evidence = f"{len(online)} online of {len(replicas)} connected, {parameters.replicas} wanted"
    yield Observation("missing_replicas", max(0, parameters.replicas - len(online)), evidence=evidence)
