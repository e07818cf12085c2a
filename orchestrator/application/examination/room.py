"""Whether the folders that are written to have room, and let us write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.site import Site
from orchestrator.records.health import nearest_existing

WARN_PERCENT = 85.0
CRIT_PERCENT = 90.0
"""domain.md 3.2 LNX05 and LNX06, as for every file system that is looked after."""
_FREE = Text(
    "腾出空间：wardround db tidy，并清理旧备份和 runs/ 中的输出",
    "free some space: wardround db tidy, old backups, and output in runs/",
)


def examine_room(site: Site) -> Iterator[Diagnosis]:
    """The state folder and, where it lies elsewhere, that of the log's head. Each file system once."""
    seen = set()
    for folder in (site.state, site.audit):
        if folder is None:
            continue
        existing = nearest_existing(folder)
        device = existing.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield _examine(folder, existing)


def _examine(folder: Path, existing: Path) -> Diagnosis:
    found = os.statvfs(existing)
    if found.f_flag & os.ST_RDONLY:
        return Diagnosis(
            "disk",
            Condition.CRIT,
            Text(f"{folder} 所在的文件系统是只读的", f"the file system of {folder} is read-only"),
            Text(
                "查 dmesg 的磁盘错误，修复后重新挂载为可写",
                "look for disk errors in dmesg, then remount it writable",
            ),
            str(folder),
        )
    space = _used(found.f_blocks - found.f_bfree, found.f_bavail)
    names = _used(found.f_files - found.f_ffree, found.f_favail)
    free = found.f_bavail * found.f_frsize / 2**30
    used = max(space, names)
    condition = Condition.OK
    if used >= WARN_PERCENT:
        condition = Condition.CRIT if used >= CRIT_PERCENT else Condition.WARN
    said = Text(
        f"{folder} 所在的文件系统已用 {space:.0f}%（inode {names:.0f}%），剩余 {free:.1f} GiB",
        f"the file system of {folder} is {space:.0f}% full (inodes {names:.0f}%), {free:.1f} GiB free",
    )
    return Diagnosis("disk", condition, said, None if condition is Condition.OK else _FREE, str(folder))


def _used(used: int, free: int) -> float:
    """In percent, as df counts: what only root may still use is not free. 0 where nothing is counted."""
    return 100 * used / (used + free) if used + free else 0.0
