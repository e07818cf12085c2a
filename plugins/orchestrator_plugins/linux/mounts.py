"""Mounted file systems: /proc/self/mountinfo, and df's rows joined with it.

`df -l` leaves remote file systems alone, because one hung NFS server would take the whole answer with it.
busybox has no `-l`; it is asked without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.plugin.check import Ask
from orchestrator_plugins.linux.answer import excerpt, output, sections, stderr, stdout, unreadable

DISK_FREE = (
    "export LC_ALL=C; echo '@@@ mounts'; cat /proc/self/mountinfo || exit 1; "
    "if df -l / >/dev/null 2>&1; then l=-l; else l=; fi; "
    "echo '@@@ blocks'; df -P -k $l; echo '@@@ inodes'; df -P -i $l; :"
)
"""One question for blocks and inodes, so that two checks cost one command."""

EXCLUDED_TYPES = (
    "tmpfs", "devtmpfs", "ramfs", "squashfs", "overlay", "iso9660", "udf", "efivarfs",
)  # fmt: skip
"""Memory, and images that are full by nature. An overlay on `/` is a container's disk and stays in."""

_REMOTE_TYPES = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "glusterfs", "ceph", "lustre", "fuse.sshfs", "9p")
_ESCAPE = re.compile(r"\\([0-7]{3})")
_ROW = re.compile(
    r"^(?P<device>.+?)\s+(?P<size>\d+|-)\s+(?P<used>\d+|-)\s+(?P<free>-?\d+|-)\s+(?:\d+%|-)\s(?P<point>.+)$"
)


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo."""

    point: str
    device: str
    """`major:minor`: the same for all bind mounts of one file system."""
    type: str
    source: str
    options: frozenset[str]
    """Of the file system itself, not of this mount: a read-only bind mount leaves them `rw`."""

    @property
    def remote(self) -> bool:
        return self.type in _REMOTE_TYPES or ":" in self.source or self.source.startswith("//")


@dataclass(frozen=True, slots=True)
class Usage:
    """One row of df: blocks of 1 KiB, or inodes."""

    point: str
    size: int
    used: int
    free: int
    """Below zero where root has eaten into its reserve."""
    evidence: str

    @property
    def used_pct(self) -> float:
        """What df's `Capacity` says, unrounded: the share of what an ordinary user could ever use."""
        free = max(self.free, 0)
        return round(100 * self.used / (self.used + free), 1) if self.used + free else 100.0


@dataclass(frozen=True, slots=True)
class Selection:
    """Which file systems are looked at."""

    exclude_types: Sequence[str]
    exclude: Sequence[str]
    include: Sequence[str]

    def takes(self, mount: Mount) -> bool:
        if mount.point in self.include:
            return True
        if mount.remote or any(fnmatchcase(mount.point, pattern) for pattern in self.exclude):
            return False
        if mount.type == "overlay" and mount.point == "/":
            return True
        return mount.type not in self.exclude_types


def read_mounts(mountinfo: str) -> list[Mount]:
    """All mounts, the one on top where several share a mount point.

    Raises:
        CannotTell: it is no mountinfo.
    """
    mounts: dict[str, Mount] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        head, tail = left.split(" "), right.split(" ")
        if len(head) < 6 or len(tail) < 3:
            raise unreadable(line)
        point = _unescape(head[4])
        mounts.pop(point, None)
        mounts[point] = Mount(point, head[2], tail[0], _unescape(tail[1]), frozenset(tail[2].split(",")))
    return list(mounts.values())


def usages(ask: Ask, part: str, selection: Selection) -> Iterator[Usage]:
    """The selected file systems' rows of `part`, which is `blocks` or `inodes`; bind mounts once.

    Raises:
        CannotTell: after all rows that could be read, where one of the selected could not.
    """
    result = ask.run(DISK_FREE)
    parts = sections(output(result))
    mounts = read_mounts(parts.get("mounts", ""))
    rows = {row.point: row for row in _rows(parts.get(part, ""))}
    if not mounts or not rows:
        raise unreadable(stderr(result) or stdout(result))
    missing: list[str] = []
    for group in _file_systems(mounts, selection):
        found = [rows[_shown(mount.point)] for mount in group if _shown(mount.point) in rows]
        if found:
            # df shows the shortest of several bind mounts; the first mounted is what people call it.
            yield replace(found[0], point=group[0].point)
        elif any(mount.source.startswith("/") and not mount.remote for mount in group):
            missing.append(group[0].point)
    yield from _asked_alone(
        ask, part, [point for point in selection.include if _shown(point) not in rows], missing
    )
    if missing:
        points = "、".join(missing), ", ".join(missing)
        raise CannotTell(
            Text(f"无法查看：{points[0]}", f"can't be looked at: {points[1]}"),
            excerpt(stderr(result).splitlines()),
        )


def _asked_alone(ask: Ask, part: str, points: Iterable[str], missing: list[str]) -> Iterator[Usage]:
    """Remote mounts that somebody wants to see, one command each: a hung server hides itself alone."""
    flag = "-k" if part == "blocks" else "-i"
    for point in points:
        try:
            rows = list(_rows(output(ask.run(f"LC_ALL=C df -P {flag} -- %s", point))))
        except CannotTell:
            rows = []
        # df answers for the file system beneath when nothing is mounted there: the mount is gone.
        if rows and rows[0].point == _shown(point):
            yield rows[0]
        else:
            missing.append(point)


def _file_systems(mounts: Iterable[Mount], selection: Selection) -> list[list[Mount]]:
    groups: dict[str, list[Mount]] = {}
    for mount in mounts:
        if selection.takes(mount):
            groups.setdefault(mount.device, []).append(mount)
    return list(groups.values())


def _rows(table: str) -> Iterator[Usage]:
    for line in table.splitlines():
        match = _ROW.match(line)
        if match is None:
            continue
        size, used, free = (
            0 if match[name] == "-" else int(match[name]) for name in ("size", "used", "free")
        )
        yield Usage(match["point"], size, used, free, evidence=line)


def _unescape(text: str) -> str:
    """mountinfo writes space, tab, newline and backslash as octal; other bytes are what they are."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)


def _shown(point: str) -> str:
    """df prints a question mark for a control character."""
    return re.sub(r"[\x00-\x1f\x7f]", "?", point)
