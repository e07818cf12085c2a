"""The files behind an inventory: do they alone decide what it says, and which of them are vaulted?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from orchestrator.errors import InvalidInventory
from orchestrator.language import Text
from orchestrator.reach.vault import HEADER

MOST_FILES = 5_000

_PLUGIN = re.compile(rb"^\s*[\"']?plugin[\"']?\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class InventoryFiles:
    """What lies on disk at this moment."""

    sha256: str
    """Over the names and bytes of all files."""
    static: bool
    """Whether the same files always mean the same inventory: no script, no plugin, no ansible.cfg."""
    vaulted: tuple[str, ...]
    """The text of every file that is vaulted as a whole."""
    configuration: Path | None
    """The site's own ansible.cfg beside an inventory, as Ansible would find it if it were started there."""


def gather_files(sources: Sequence[Path]) -> InventoryFiles:
    """Look at every file that Ansible reads for these sources, group_vars/ and host_vars/ included.

    Raises:
        InvalidInventory: a source does not exist or can't be read, or a folder holds far too much.
    """
    _require(sources)
    digest = sha256()
    configuration = _configuration(sources)
    static = configuration is None
    vaulted = []
    for count, path in enumerate(_walk(sources)):
        if count >= MOST_FILES:
            raise _too_many(path)
        content = _read(path)
        digest.update(f"{path}\0{len(content)}\0".encode(errors="surrogateescape"))
        digest.update(content)
        static = static and not _dynamic(path, content)
        if content.startswith(HEADER):
            vaulted.append(content.decode(errors="replace"))
    return InventoryFiles(digest.hexdigest(), static, tuple(vaulted), configuration)


def _require(sources: Sequence[Path]) -> None:
    missing = [str(source) for source in sources if not source.exists()]
    if missing or not sources:
        names = ", ".join(missing)
        raise InvalidInventory(
            Text(f"清单不存在：{names}", f"no such inventory: {names}")
            if missing
            else Text("没有给出清单", "no inventory was given"),
            Text("用 -i 指出清单文件或目录", "name its file or folder by -i"),
        )


def _configuration(sources: Sequence[Path]) -> Path | None:
    for source in sources:
        for folder in (source, source.parent) if source.is_dir() else (source.parent,):
            if (folder / "ansible.cfg").is_file():
                return folder / "ansible.cfg"
    return None


def _walk(sources: Sequence[Path]) -> Iterator[Path]:
    for source in sources:
        if source.is_dir():
            yield from _files_below(source)
            continue
        yield source
        for folder in ("group_vars", "host_vars"):
            yield from _files_below(source.parent / folder)


def _files_below(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        for name in sorted([*files, *links]):
            yield Path(where) / name


def _read(path: Path) -> bytes:
    if path.is_dir() or not path.exists():
        return b""  # a link to a folder, or to nowhere: seen by `_dynamic`
    if not path.is_file():
        raise _unreadable(path, "not a regular file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror or "unreadable") from error


def _dynamic(path: Path, content: bytes) -> bool:
    return (
        os.access(path, os.X_OK)  # also true of a linked folder, which may change without our seeing it
        or not path.exists()
        or (path.suffix in {".yml", ".yaml"} and _PLUGIN.search(content) is not None)
    )


def _unreadable(path: Path, why: str) -> InvalidInventory:
    return InvalidInventory(
        Text(f"清单文件 {path} 无法读取：{why}", f"the inventory file {path} can't be read: {why}")
    )


def _too_many(path: Path) -> InvalidInventory:
    return InvalidInventory(
        Text(
            f"清单目录里的文件超过 {MOST_FILES} 个（读到 {path}）",
            f"the inventory folder holds more than {MOST_FILES} files (reached {path})",
        ),
        Text(
            "-i 应指向清单目录，而不是它的上级",
            "-i takes the inventory's own folder, not one above it",
        ),
    )
