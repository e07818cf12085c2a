"""LNX19: how much of the kernel's open files and tracked connections is used up."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import output, unreadable

HANDLES = (
    "cat /proc/sys/fs/file-nr || exit 1; cd /proc/sys/net/netfilter 2>/dev/null && "
    "cat nf_conntrack_count nf_conntrack_max 2>/dev/null; :"
)

spec = CheckSpec(
    code="LNX19",
    title=Text("文件句柄与连接跟踪", "file handles and connection tracking"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "handles_pct",
            Text("文件句柄使用率", "file handles used"),
            unit="%",
            warn=80,
            crit=95,
            source="domain.md 3.2 LNX19",
        ),
        Metric(
            "conntrack_pct",
            Text("连接跟踪使用率", "tracked connections used"),
            unit="%",
            warn=80,
            crit=95,
            source="domain.md 3.2 LNX19",
        ),
    ),
)


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    said = output(ask.run(HANDLES))
    try:
        allocated, unused, limit, *tracking = (int(number) for number in said.split())
        handles = 100 * (allocated - unused) / limit
        tracked = 100 * tracking[0] / tracking[1] if tracking else None
    except (ValueError, IndexError, ZeroDivisionError):
        raise unreadable(said) from None
    yield Observation("handles_pct", round(handles, 1), evidence=f"{allocated - unused} of {limit}")
    if tracked is not None:
        yield Observation("conntrack_pct", round(tracked, 1), evidence=f"{tracking[0]} of {tracking[1]}")
