"""The site's own random key: for fingerprints of secrets, masks of patient numbers, and second factors."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.language import Text
from orchestrator.records.fault import store_error

SIZE = 32


def site_key(state: Path) -> bytes:
    """The key, made at first use. Losing it makes old fingerprints and masks incomparable, and
    second factors have to be enrolled again.

    Raises:
        StoreError: it can't be read or made, or is not what was written.
    """
    path = state / "site.key"
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o750)
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise store_error(error, path) from error
    if len(key) != SIZE:
        raise StoreError(
            Text(f"{path} 已损坏", f"{path} is damaged"),
            Text(
                "从备份恢复；没有备份时可删除，会重新生成",
                "restore it; without a backup, delete it: a new one is made",
            ),
        )
    return key


def _make(path: Path) -> None:
    """Written aside and linked into place: two processes that start together agree on one key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SIZE))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
