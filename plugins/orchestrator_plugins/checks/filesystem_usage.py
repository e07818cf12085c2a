"""LNX05: how full each local file system is.

Remote file systems are looked at only where `include` names them, each with a command of its own: a hung NFS
server then makes this check unknown instead of blocking the host. A name in `include` must be a mount point:
when nothing is mounted there, that is said, and not the numbers of the disk beneath it.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Evidence
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.mounts import EXCLUDED_TYPES, Selection, usages

spec = CheckSpec(
    code="LNX05",
    title=Text("文件系统使用率", "file system usage"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "used_pct",
            Text("空间使用率", "space used"),
            unit="%",
            warn=85,
            crit=90,
            evidence=Evidence.VERIFIED,
            source="domain.md 3.2 LNX05 [S20]",
            capacity=True,
        ),
    ),
)


class Parameters(CheckParameters):
    exclude_types: tuple[str, ...] = EXCLUDED_TYPES
    """File system types that are not looked at. An overlay mounted on `/` always is."""
    exclude: tuple[str, ...] = ()
    """Mount points that are not looked at; globs, such as `/mnt/cdrom*`."""
    include: tuple[str, ...] = ()
    """Mount points that are looked at whatever their type, remote ones too."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    selection = Selection(parameters.exclude_types, parameters.exclude, parameters.include)
    seen = False
    for usage in usages(ask, "blocks", selection):
        if usage.size:
            seen = True
            yield Observation("used_pct", usage.used_pct, usage.point, usage.evidence)
    if not seen:
        raise NotApplicable(Text("没有要查看的文件系统", "there is no file system to look at"))
