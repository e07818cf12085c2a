"""Two looks at the kernel's counters one second apart: what vmstat and iostat compute from, without either.

Both read /proc/stat and /proc/diskstats themselves, so the quantities are the same; sysstat, which many hosts
lack, is not needed, and one second is waited for instead of four. Two checks share the one command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.plugin.check import Ask
from orchestrator_plugins.linux.answer import number, output, sections, unreadable

_LOOK = "cat /proc/uptime; head -n 1 /proc/stat; cat /proc/diskstats"
SAMPLE = (
    f"echo '@@@ before'; {_LOOK}; echo '@@@ disks'; ls /sys/block 2>/dev/null; "
    f"sleep 1; echo '@@@ after'; {_LOOK}"
)


@dataclass(frozen=True, slots=True)
class Counters:
    """One look."""

    uptime: float
    cpu: tuple[int, ...]
    """user, nice, system, idle, iowait, irq, softirq, steal: time in jiffies."""
    disks: Mapping[str, tuple[int, ...]]
    """Device -> reads, merged, sectors, ms reading, the same of writes, queued, ms busy."""


@dataclass(frozen=True, slots=True)
class Sample:
    before: Counters
    after: Counters
    whole_disks: frozenset[str]
    """Devices that are no partitions; empty where /sys can't be read."""


def take_sample(ask: Ask) -> Sample:
    """Ask for both looks.

    Raises:
        CannotTell: the counters can't be read.
    """
    said = output(ask.run(SAMPLE))
    parts = sections(said)
    try:
        before, after = _counters(parts["before"]), _counters(parts["after"])
    except (KeyError, ValueError, IndexError):
        raise unreadable(said) from None
    # The kernel writes cciss/c0d0 as cciss!c0d0 in /sys.
    disks = frozenset(name.replace("!", "/") for name in parts.get("disks", "").split())
    return Sample(before, after, disks)


def _counters(look: str) -> Counters:
    uptime, cpu, *disks = look.splitlines()
    label, *times = cpu.split()
    if label != "cpu" or len(times) < 5:
        raise ValueError(cpu)
    found = {}
    for line in disks:
        fields = line.split()
        if len(fields) >= 14:
            found[fields[2]] = tuple(int(field) for field in fields[3:])
    # Guest time is within user time already; counting it again would dilute everything else.
    return Counters(number(uptime.split()[0]), tuple(int(time) for time in times[:8]), found)
