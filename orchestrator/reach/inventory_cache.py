"""Remembers what Ansible said of a static inventory, because asking again costs most of a second."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from orchestrator.errors import InvalidInventory
from orchestrator.reach.inventory_answer import Answer
from orchestrator.reach.vault import Vault

KEPT = 16
"""How many answers are kept, the newest ones."""


class InventoryCache:
    """One folder of answers. What it can't read it does not know; what it can't write it forgets."""

    def __init__(
        self,
        folder: Path,
        files_sha256: str,
        patterns: Sequence[str],
        limit: str | None,
        vault: Vault | None = None,
    ) -> None:
        """`vault` closes what is written: for answers that hold decrypted values."""
        key = json.dumps([version("wardround"), version("ansible-core"), files_sha256, list(patterns), limit])
        self._vault = vault
        self._folder = folder
        self._path = folder / f"{sha256(key.encode()).hexdigest()}.json"

    def load(self) -> Answer | None:
        """The answer, if it is there and whole."""
        try:
            entry = json.loads(self._path.read_bytes())
            if entry["sha256"] != _digest(str(entry["answer"])):
                return None
            text = self._vault.open(entry["answer"]) if self._vault else entry["answer"]
            return Answer(**json.loads(text))
        except (OSError, ValueError, LookupError, TypeError, RecursionError, InvalidInventory):
            return None

    def save(self, answer: Answer) -> None:
        text = json.dumps({"listing": answer.listing, "matches": answer.matches, "implicit": answer.implicit})
        text = self._vault.close(text) if self._vault else text
        # A cache that can't be written costs time and nothing else; the database says if the disk is full.
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(json.dumps({"sha256": _digest(text), "answer": text}))
            self._prune()

    def _write(self, text: str) -> None:
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _prune(self) -> None:
        entries = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in entries[KEPT:]:
            path.unlink(missing_ok=True)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
