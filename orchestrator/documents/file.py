"""Reads the bytes of a document, never more than a document may have."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.documents.encoding import SIZE_LIMIT
from orchestrator.errors import Diagnostic, InvalidDocument, Position
from orchestrator.language import Text


def read_file(path: Path) -> bytes:
    """The file's bytes, cut where they are too many: the readers refuse those by their number.

    Raises:
        InvalidDocument: it can't be read.
    """
    try:
        return read_bytes(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidDocument(
            [
                Diagnostic(
                    Position(str(path)),
                    "unreadable",
                    Text(f"读不了这个文件：{reason}", f"the file can't be read: {reason}"),
                    Text("检查路径与权限", "check its path and permissions"),
                )
            ]
        ) from error


def read_bytes(path: Path) -> bytes:
    """As `read_file`, for who explains an OSError in words of their own."""
    with open(path, "rb", opener=_at_once) as file:
        return file.read(SIZE_LIMIT + 1)


def _at_once(path: str, flags: int) -> int:
    """A named pipe that nobody writes to reads as empty, instead of holding everything up."""
    return os.open(path, flags | os.O_NONBLOCK)
