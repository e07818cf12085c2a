"""A password that lies in a file of its own."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.language import Text
from orchestrator.records.fault import store_error


def read_password(path: Path | None) -> str:
    """Its first line; empty where no file is named.

    Raises:
        StoreError: it can't be read, or others can read it.
    """
    if path is None:
        return ""
    try:
        if path.stat().st_mode & 0o077:
            raise StoreError(
                Text(f"{path} 其他用户可读", f"{path} can be read by others"),
                Text(f"执行 chmod 600 {path}", f"chmod 600 {path}"),
            )
        return path.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise store_error(error, path) from error
