"""/proc/meminfo in KiB."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.plugin.check import Ask
from orchestrator_plugins.linux.answer import output, unreadable

MEMINFO = "cat /proc/meminfo"
_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


def read_meminfo(ask: Ask) -> Mapping[str, int]:
    """All values by name.

    Raises:
        CannotTell: it can't be read.
    """
    said = output(ask.run(MEMINFO))
    values = {name: int(number) for name, number in _LINE.findall(said)}
    if not values.get("MemTotal"):
        raise unreadable(said)
    return values
