"""How far a demo host can be set apart from this machine, and what it takes to do so."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

_MOUNT_POINTS = ("/srv", "/mnt", "/media", "/opt")
_PRIVATE = ("/tmp", "/run", "/dev/shm")  # noqa: S108 - mount points, not files


class Isolation(StrEnum):
    """What a host has of its own."""

    ROOT = "root"
    """Its own names, processes, mounts and volumes; root inside is root outside."""
    USER = "user"
    """The same without root, by a user namespace."""
    SHARED = "shared"
    """A folder and an SSH server; everything else is this machine's."""

    @property
    def own_volume(self) -> bool:
        return self is not Isolation.SHARED


def best_isolation() -> Isolation:
    """The best that this machine allows."""
    if shutil.which("unshare") is None or _mount_point((Path("/nowhere"),)) is None:
        return Isolation.SHARED
    wanted = Isolation.ROOT if os.geteuid() == 0 else Isolation.USER
    probe = "mount -t tmpfs probe /tmp && mount --bind /etc/hosts /etc/passwd && hostname probe"
    tried = subprocess.run([*namespaces(wanted), "sh", "-c", probe], capture_output=True, check=False)
    return wanted if tried.returncode == 0 else Isolation.SHARED


def namespaces(isolation: Isolation) -> list[str]:
    """The start of a command that runs in namespaces of its own. No mount in it is seen outside."""
    if isolation is Isolation.SHARED:
        return []
    own_user = ["--user", "--map-root-user"] if isolation is Isolation.USER else []
    return [
        "unshare", *own_user, "--mount", "--uts", "--pid", "--ipc", "--fork", "--kill-child",
        "--propagation", "private", "--mount-proc", "--",
    ]  # fmt: skip


def inner_user(isolation: Isolation) -> dict[str, str]:
    """What boot.sh needs to give the host's processes our own user back, once it has mounted as root."""
    if isolation is not Isolation.USER:
        return {}
    return {"INNER_USER": str(os.getuid()), "INNER_GROUP": str(os.getgid())}


def host_root(isolation: Isolation, folder: Path, needed: Sequence[Path]) -> Path:
    """Where a host sees its own folder: a short path that is the same on every host, if it has mounts."""
    if isolation is Isolation.SHARED:
        return folder
    return _mount_point(needed) or folder


def private_places(needed: Sequence[Path]) -> tuple[str, ...]:
    """Folders that are a host's own and begin empty, except where something `needed` lies in them."""
    return tuple(place for place in _PRIVATE if Path(place).is_dir() and not _holds(place, needed))


def _mount_point(needed: Sequence[Path]) -> Path | None:
    fit = (place for place in _MOUNT_POINTS if Path(place).is_dir() and not _holds(place, needed))
    return next((Path(place) for place in fit), None)


def _holds(place: str, needed: Sequence[Path]) -> bool:
    return any(path.is_relative_to(place) for path in needed)
