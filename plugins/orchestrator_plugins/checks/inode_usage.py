"""LNX06: how many of the inodes of each local file system are taken.

A file system without a fixed number of inodes (btrfs, vfat) can't run out of them and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.mounts import EXCLUDED_TYPES, Selection, usages

spec = CheckSpec(
    code="LNX06",
    title=Text("inode 使用率", "inode usage"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "used_pct",
            Text("inode 使用率", "inodes used"),
            unit="%",
            warn=85,
            crit=90,
            source="domain.md 3.2 LNX06",
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
    for usage in usages(ask, "inodes", selection):
        if usage.size:
            seen = True
            yield Observation("used_pct", usage.used_pct, usage.point, usage.evidence)
    if not seen:
        raise NotApplicable(
            Text("没有 inode 数固定的文件系统", "there is no file system with a fixed number of inodes")
        )
