"""Remembers what Ansible said of a static inventory, because asking again costs most of a second."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orchestrator.errors import InvalidInventory
from orchestrator.reach.inventory_answer import Answer
from orchestrator.reach.vault import Vault

KEPT = 16
"""How many answers are kept, the newest ones."""
KEY_SIZE = 32
_SUFFIX = ".sealed"
_READABLE = ("*.json", ".new-*")
"""What earlier versions left: with every password that stands in the inventory in plain text."""
_NONCE = 12


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """Where answers are kept, and what closes them: an inventory may hold passwords in plain text, and a copy
    of them is not left lying about."""

    path: Path
    key: bytes = field(repr=False)


class InventoryCache:
    """One folder of answers. What it can't read it does not know; what it can't write it forgets."""

    def __init__(
        self,
        folder: CacheFolder,
        files_sha256: str,
        patterns: Sequence[str],
        limit: str | None,
        vault: Vault | None = None,
    ) -> None:
        """`vault` closes what is written a second time: for answers that hold decrypted values, which whoever
        has the key and not the password must not read."""
        key = json.dumps([version("wardround"), version("ansible-core"), files_sha256, list(patterns), limit])
        self._vault = vault
        self._folder = folder.path
        self._cipher = AESGCM(folder.key)
        self._path = folder.path / f"{sha256(key.encode()).hexdigest()}{_SUFFIX}"

    def load(self) -> Answer | None:
        """The answer, if it is there and whole."""
        self._remove_readable()
        try:
            sealed = self._path.read_bytes()
            text = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._name()).decode()
            return Answer(**json.loads(self._vault.open(text) if self._vault else text))
        except (OSError, ValueError, LookupError, TypeError, RecursionError, InvalidInventory, InvalidTag):
            return None

    def save(self, answer: Answer) -> None:
        text = json.dumps({"listing": answer.listing, "matches": answer.matches, "implicit": answer.implicit})
        text = self._vault.close(text) if self._vault else text
        nonce = os.urandom(_NONCE)
        # A cache that can't be written costs time and nothing else; the database says if the disk is full.
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._folder.chmod(0o700)
            self._write(nonce + self._cipher.encrypt(nonce, text.encode(), self._name()))
            self._prune()

    def _name(self) -> bytes:
        """Bound to each answer: in another's place it does not open."""
        return self._path.name.encode()

    def _write(self, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".part-")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _prune(self) -> None:
        entries = sorted(
            self._folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True
        )
        for path in entries[KEPT:]:
            path.unlink(missing_ok=True)

    def _remove_readable(self) -> None:
        with suppress(OSError):
            for pattern in _READABLE:
                for path in self._folder.glob(pattern):
                    path.unlink(missing_ok=True)
