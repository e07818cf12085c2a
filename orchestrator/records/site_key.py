"""The site's own random key: for fingerprints of secrets, masks of patient numbers, and second factors."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.language import Text
from orchestrator.records.fault import store_error

FILE = "site.key"
SIZE = 32


def site_key(state: Path) -> bytes:
    """The key, made at first use. Losing it makes old fingerprints and masks incomparable, and
    second factors have to be enrolled again.

    Raises:
        StoreError: it can't be read or made, or is not what was written.
    """
    path = state / FILE
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
                "从副本恢复。没有副本时可删除，会重新生成，但已绑定的动态码全部失效",
                "restore it from its copy; without one, delete it: a new one is made, and no second factor "
                "that was enrolled can be read any more",
            ),
        )
    return key


def key_fingerprint(state: Path) -> str:
    """Tells two keys apart and nothing of either; empty while there is none. Makes none.

    Raises:
        StoreError: it can't be read.
    """
    if not (state / FILE).exists():
        return ""
    return hmac.new(site_key(state), b"wardround site key", hashlib.sha256).hexdigest()[:16]


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
