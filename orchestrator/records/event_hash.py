"""What makes events a chain: each one's hash is over its own content and the hash before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.errors import StoreError
from orchestrator.language import Text
from orchestrator.model.site import HashAlgorithm

GENESIS = ""
"""Stands before the first event."""
COLUMNS = ("sequence", "at", "kind", "actor", "proof", "subject", "data", "hash")
"""In the order of `EventLine`."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event as it is stored."""

    sequence: int
    at: datetime
    kind: str
    actor: str
    proof: str
    subject: str
    data: str
    """The very text: a number that is read and written again may look different."""
    hash: str
    """As stored, right or not."""

    def content(self) -> bytes:
        """What is hashed."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        fields = [self.sequence, at, self.kind, self.actor, self.proof, self.subject, self.data]
        return _ENCODE(fields).encode("utf-8", "surrogatepass")


_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def chained(previous: str, content: bytes, algorithm: HashAlgorithm) -> str:
    """The hash of an event: `sm3:...` or `sha256:...`."""
    message = previous.encode() + b"\n" + content
    digest = hashlib.sha256(message).hexdigest() if algorithm is HashAlgorithm.SHA256 else _sm3(message)
    return f"{algorithm}:{digest}"


def algorithm_of(stored: str) -> HashAlgorithm | None:
    """The algorithm that a stored hash names; None when it names none that we know."""
    try:
        return HashAlgorithm(stored.partition(":")[0])
    except ValueError:
        return None


def data_text(data: Mapping[str, object]) -> str:
    """Canonical JSON. A lone half of a surrogate pair, which no database stores, is written as an escape."""
    text = _canonical(data, ensure_ascii=False)
    return text if storable(text) == text else _canonical(data, ensure_ascii=True)


def storable(text: str) -> str:
    """`text` as every database takes it: without NUL, without half a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def _canonical(data: Mapping[str, object], *, ensure_ascii: bool) -> str:
    return json.dumps(data, ensure_ascii=ensure_ascii, sort_keys=True, separators=(",", ":"))


def _sm3(message: bytes) -> str:
    # Loaded only where something is recorded or verified: a list of rounds starts without it.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.hashes import SM3, Hash

    try:
        state = Hash(_SM3.setdefault("sm3", SM3()))
    except UnsupportedAlgorithm:
        raise StoreError(
            Text("本机的密码库不支持 SM3", "the cryptographic library of this machine has no SM3"),
            Text(
                "在 wardround.yml 中设置 hash_algorithm: sha256",
                "set `hash_algorithm: sha256` in wardround.yml",
            ),
        ) from None
    state.update(message)
    return state.finalize().hex()


_SM3: dict[str, Any] = {}
