"""LNX01: load over the last five minutes, per core."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, number, output, unreadable

LOAD = "cat /proc/loadavg; nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo"

spec = CheckSpec(
    code="LNX01",
    title=Text("系统负载", "system load"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "load5_per_core",
            Text("5 分钟负载/核数", "5-minute load per core"),
            warn=1.0,
            crit=2.0,
            source="domain.md 3.2 LNX01",
        ),
    ),
)


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    said = output(ask.run(LOAD))
    try:
        averages, cores = said.splitlines()
        load = number(averages.split()[1]) / int(cores)
    except (ValueError, IndexError, ZeroDivisionError):
        raise unreadable(said) from None
    yield Observation("load5_per_core", round(load, 2), evidence=excerpt([f"{averages}; {cores} cores"]))
