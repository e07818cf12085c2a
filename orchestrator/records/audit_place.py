"""Where this process keeps the signed head of the log, and with which algorithm it goes on."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.language import Text
from orchestrator.model.site import HashAlgorithm

_folder: Path | None = None
_algorithm = HashAlgorithm.SM3


def keep_head_in(folder: Path, algorithm: HashAlgorithm = HashAlgorithm.SM3) -> None:
    """Name the folder. Touches nothing on disk."""
    global _folder, _algorithm
    _folder, _algorithm = folder, algorithm


def audit_folder() -> Path:
    """Raises StoreError where none was named: nothing is recorded without a head."""
    if _folder is None:
        raise StoreError(
            Text("没有指定审计链头文件夹", "no folder is named for the head of the audit log"),
            Text("在 wardround.yml 中设置 audit", "set `audit` in wardround.yml"),
        )
    return _folder


def hash_algorithm() -> HashAlgorithm:
    """Of events that are added; what is there keeps its own."""
    return _algorithm
