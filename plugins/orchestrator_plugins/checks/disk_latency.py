"""LNX08: how long each disk takes for a request, and how much of the time it is busy.

The catalogue asks `iostat -dxm 1 3`. This computes iostat's `await` and `%util` from two looks at
/proc/diskstats one second apart (see `linux/sample.py`), so that sysstat is not needed. Mapper and RAID
devices are left out by default: the disks beneath them are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import unreadable
from orchestrator_plugins.linux.sample import take_sample

spec = CheckSpec(
    code="LNX08",
    title=Text("磁盘时延与利用率", "disk latency and utilisation"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "await_ms",
            Text("平均时延", "average latency"),
            unit="ms",
            warn=20,
            crit=100,
            source="domain.md 3.2 LNX08",
        ),
        Metric(
            "util_pct",
            Text("利用率", "utilisation"),
            unit="%",
            warn=80,
            crit=95,
            source="domain.md 3.2 LNX08",
        ),
    ),
)

_READS, _READ_MS, _WRITES, _WRITE_MS, _BUSY_MS = 0, 3, 4, 7, 9


class Parameters(CheckParameters):
    exclude: tuple[str, ...] = ("loop*", "ram*", "zram*", "sr*", "fd*", "nbd*", "dm-*", "md*")
    """Devices that are not looked at; globs."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    sample = take_sample(ask)
    milliseconds = 1000 * (sample.after.uptime - sample.before.uptime)
    if milliseconds <= 0:
        raise unreadable(f"uptime {sample.before.uptime} -> {sample.after.uptime}")
    seen = False
    for device, now in sample.after.disks.items():
        then = sample.before.disks.get(device)
        never_used = now[_READS] + now[_WRITES] == 0
        partition = bool(sample.whole_disks) and device not in sample.whole_disks
        if then is None or never_used or partition or _excluded(device, parameters):
            continue
        seen = True
        reads, read_ms, writes, write_ms, busy_ms = (
            now[field] - then[field] for field in (_READS, _READ_MS, _WRITES, _WRITE_MS, _BUSY_MS)
        )
        requests = reads + writes
        latency = (read_ms + write_ms) / requests if requests else 0.0
        busy = f"busy {busy_ms} of {milliseconds:.0f} ms"
        evidence = f"{reads} reads {read_ms} ms, {writes} writes {write_ms} ms, {busy}"
        yield Observation("await_ms", round(latency, 1), device, evidence)
        yield Observation("util_pct", round(min(100 * busy_ms / milliseconds, 100), 1), device, evidence)
    if not seen:
        raise NotApplicable(Text("没有在用的物理磁盘", "there is no disk in use"))


def _excluded(device: str, parameters: Parameters) -> bool:
    return any(fnmatchcase(device, pattern) for pattern in parameters.exclude)
