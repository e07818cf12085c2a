"""Disks of a few megabytes that fill up. For root, in a mount namespace of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Have an empty one at `folder`."""
    folder.mkdir(exist_ok=True)
    options = f"size={megabytes}m,mode={folder.stat().st_mode & 0o777:o}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is free on the disk of `folder` as the block begins."""
    path = folder / "filled-by-the-storm"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 20))
    try:
        yield
    finally:
        path.unlink()
