"""LNX03: the share of memory that programs could still have without swapping."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.meminfo import read_meminfo

spec = CheckSpec(
    code="LNX03",
    title=Text("可用内存比例", "available memory"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "available_pct",
            Text("可用内存", "available memory"),
            unit="%",
            direction=Direction.LOW,
            warn=10,
            crit=5,
            source="domain.md 3.2 LNX03",
        ),
    ),
)


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    memory = read_meminfo(ask)
    total = memory["MemTotal"]
    if "MemAvailable" in memory:
        available, how = memory["MemAvailable"], "MemAvailable"
    else:
        # Kernels before 3.14 do not say; free, buffers and page cache is what their `free` shows as usable.
        available = sum(memory.get(name, 0) for name in ("MemFree", "Buffers", "Cached"))
        how = "MemFree + Buffers + Cached"
    evidence = f"{how} {available // 1024} MiB, MemTotal {total // 1024} MiB"
    yield Observation("available_pct", round(100 * available / total, 1), evidence=evidence)
