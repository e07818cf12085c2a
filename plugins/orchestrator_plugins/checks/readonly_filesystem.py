"""LNX07: file systems that the kernel made read-only, as it does after a disk error.

The file system's own flag is looked at, not the mount's: a read-only bind mount of a healthy disk is no
finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import output
from orchestrator_plugins.linux.mounts import read_mounts

MOUNTS = "cat /proc/self/mountinfo"

spec = CheckSpec(
    code="LNX07",
    title=Text("只读文件系统", "read-only file systems"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "readonly",
            Text("只读文件系统数", "read-only file systems"),
            crit="> 0",
            source="domain.md 3.2 LNX07",
        ),
    ),
)


class Parameters(CheckParameters):
    types: tuple[str, ...] = ("ext2", "ext3", "ext4", "xfs", "btrfs")
    """File system types that ought to be writable."""
    exclude: tuple[str, ...] = ()
    """Mount points that are read-only on purpose; globs."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    devices: dict[str, tuple[str, bool]] = {}
    for mount in read_mounts(output(ask.run(MOUNTS))):
        excluded = any(fnmatchcase(mount.point, pattern) for pattern in parameters.exclude)
        if mount.type in parameters.types and not excluded:
            devices.setdefault(
                mount.device, (f"{mount.source} {mount.point} {mount.type}", "ro" in mount.options)
            )
    if not devices:
        kinds = ", ".join(parameters.types)
        raise NotApplicable(Text(f"没有 {kinds} 文件系统", f"there is no {kinds} file system"))
    readonly = [line for line, broken in devices.values() if broken]
    yield Observation("readonly", len(readonly), evidence="\n".join(readonly[:10]))
