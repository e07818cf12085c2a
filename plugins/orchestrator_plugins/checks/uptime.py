"""LNX13: hours since the last boot. A young uptime that no change explains is an unplanned restart."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import number, output, unreadable

UPTIME = "cat /proc/uptime"

spec = CheckSpec(
    code="LNX13",
    title=Text("非计划重启", "unplanned restart"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "uptime_h",
            Text("运行时长", "uptime"),
            unit="h",
            direction=Direction.LOW,
            warn=24,
            source="domain.md 3.2 LNX13",
        ),
    ),
)


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    said = output(ask.run(UPTIME))
    try:
        seconds = number(said.split()[0])
    except (ValueError, IndexError):
        raise unreadable(said) from None
    days, rest = divmod(int(seconds), 86_400)
    evidence = f"up {days} d {rest // 3600:02}:{rest % 3600 // 60:02}"
    yield Observation("uptime_h", round(seconds / 3600, 1), evidence=evidence)
