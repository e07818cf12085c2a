"""LNX09: systemd units that have failed."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, unreadable
from orchestrator_plugins.linux.systemd import systemctl

spec = CheckSpec(
    code="LNX09",
    title=Text("失败的服务单元", "failed units"),
    layer=Layer.SYSTEM,
    metrics=(Metric("failed", Text("失败单元数", "failed units"), warn="> 0", source="domain.md 3.2 LNX09"),),
)


class Parameters(CheckParameters):
    ignore: tuple[str, ...] = ()
    """Units that may fail; globs, such as `systemd-networkd-wait-online.service`."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    failed = []
    for line in systemctl(ask, "--failed --no-legend --plain --full").splitlines():
        # systemd 219 and older draw a dot before the name in spite of --plain.
        fields = line.lstrip("●* ").split(None, 4)
        if not fields:
            continue
        if len(fields) < 4:
            raise unreadable(line)
        if not any(fnmatchcase(fields[0], pattern) for pattern in parameters.ignore):
            failed.append(" ".join(fields))
    yield Observation("failed", len(failed), evidence=excerpt(failed, last=10))
