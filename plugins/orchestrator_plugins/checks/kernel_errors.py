"""LNX11: errors that the kernel logged, and among them those that mean a dying disk or exhausted memory."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, number, output, unreadable

KERNEL_LOG = (
    "export LC_ALL=C; cat /proc/uptime; k=$(dmesg -r) || exit 1; "
    "printf '%s\\n' \"$k\" | grep -E '^<[0-3]>' | tail -n 500"
)
"""Raw levels 0 to 3 are the kernel's emerg, alert, crit and err; `--level` is what busybox lacks."""

spec = CheckSpec(
    code="LNX11",
    title=Text("内核错误与内存耗尽", "kernel errors and out of memory"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric("errors", Text("内核错误数", "kernel errors"), warn="> 0", source="domain.md 3.2 LNX11"),
        Metric(
            "critical",
            Text("严重内核错误数", "critical kernel errors"),
            crit="> 0",
            source="domain.md 3.2 LNX11",
        ),
    ),
)

_LINE = re.compile(r"^<\d>(?:\[\s*(?P<seconds>\d+\.\d+)\])?")


class Parameters(CheckParameters):
    critical: re.Pattern[str] = re.compile(r"Out of memory|I/O error|Hardware Error")
    """Regular expression: lines that match are critical."""
    ignore: re.Pattern[str] | None = None
    """Regular expression: lines that are known and harmless."""
    hours: float = Field(default=24, gt=0)
    """How far back to look. The log reaches back to the boot; old errors have been reported before."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    said = output(ask.run(KERNEL_LOG))
    first, *lines = said.splitlines() or [""]
    try:
        since = number(first.split()[0]) - 3600 * parameters.hours
    except (ValueError, IndexError):
        raise unreadable(said) from None
    errors = [line for line in lines if _recent(line, since) and not _ignored(line, parameters)]
    critical = [line for line in errors if parameters.critical.search(line)]
    yield Observation("errors", len(errors), evidence=excerpt(errors))
    yield Observation("critical", len(critical), evidence=excerpt(critical))


def _recent(line: str, since: float) -> bool:
    """A line without a time may be of today, so it counts."""
    match = _LINE.match(line)
    return match is None or match["seconds"] is None or float(match["seconds"]) >= since


def _ignored(line: str, parameters: Parameters) -> bool:
    return parameters.ignore is not None and parameters.ignore.search(line) is not None
