"""LNX02: how busy the processors are, and how long they wait for disks.

The catalogue asks `vmstat 1 5` and computes 100-idle and wa. This computes the same from two looks at
/proc/stat one second apart (see `linux/sample.py`). It is a glance: it says nothing of the minutes before.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Evidence
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import unreadable
from orchestrator_plugins.linux.sample import take_sample

spec = CheckSpec(
    code="LNX02",
    title=Text("CPU 与 iowait", "CPU and iowait"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "cpu_pct",
            Text("CPU 使用率", "CPU used"),
            unit="%",
            warn=80,
            crit=95,
            evidence=Evidence.VERIFIED,
            source="domain.md 3.2 LNX02 [S20]",
        ),
        Metric(
            "iowait_pct",
            Text("等待磁盘", "waiting for disks"),
            unit="%",
            warn=10,
            crit=30,
            evidence=Evidence.VERIFIED,
            source="domain.md 3.2 LNX02 [S20]",
        ),
    ),
)

_NAMES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    sample = take_sample(ask)
    # iowait may go backwards between two looks (proc(5)); that is none, not less than none.
    spent = [max(now - then, 0) for then, now in zip(sample.before.cpu, sample.after.cpu, strict=True)]
    total = sum(spent)
    if total == 0:
        raise unreadable(f"cpu {sample.before.cpu} -> {sample.after.cpu}")
    shares = {name: 100 * time / total for name, time in zip(_NAMES, spent, strict=False)}
    evidence = ", ".join(f"{name} {share:.1f}%" for name, share in shares.items() if share >= 0.05)
    yield Observation("cpu_pct", round(100 - shares["idle"], 1), evidence=evidence)
    yield Observation("iowait_pct", round(shares["iowait"], 1), evidence=evidence)
