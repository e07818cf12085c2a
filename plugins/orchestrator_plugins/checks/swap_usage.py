"""LNX04: how much of the swap space is in use."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import unreadable
from orchestrator_plugins.linux.meminfo import read_meminfo

spec = CheckSpec(
    code="LNX04",
    title=Text("交换分区使用", "swap usage"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "used_pct",
            Text("交换分区使用率", "swap used"),
            unit="%",
            warn=20,
            crit=80,
            source="domain.md 3.2 LNX04",
        ),
    ),
)


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    memory = read_meminfo(ask)
    if "SwapTotal" not in memory or "SwapFree" not in memory:
        raise unreadable("no SwapTotal in /proc/meminfo")
    total = memory["SwapTotal"]
    used = total - memory["SwapFree"]
    if total == 0:
        raise NotApplicable(Text("没有交换分区", "there is no swap space"))
    evidence = f"{used // 1024} MiB of {total // 1024} MiB"
    yield Observation("used_pct", round(100 * used / total, 1), evidence=evidence)
