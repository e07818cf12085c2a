"""A folder that somebody names for what is written."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import NotFound
from orchestrator.language import Text


def require_folder(folder: Path) -> None:
    """Raises NotFound: one made for a slip of the hand, or for a disk that is not mounted, misleads."""
    if not folder.is_dir():
        raise NotFound(
            Text(
                f"没有文件夹 {folder}，没有写出任何内容", f"there is no folder {folder}: nothing was written"
            ),
            Text("先建好文件夹，或换一个位置", "make it first, or name another place"),
        )
