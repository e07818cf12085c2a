"""All that is SQLite's own: how its file is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FILE_SUFFIXES = ("", "-wal", "-shm", "-journal")
"""Of the files that make up one database."""


def file_settings(path: Path | None, patience: float) -> dict[str, Any]:
    """Django's settings for it. `patience` is how many seconds a write waits for another process's write.

    Foreign keys are enforced by Django on every connection.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path or ""),
        "USER": "",
        "PASSWORD": "",
        "HOST": "",
        "PORT": "",
        "OPTIONS": {
            # A transaction that first reads and then writes would fail at once if another wrote between.
            "transaction_mode": "IMMEDIATE",
            "timeout": patience,
            # Readers never wait for a writer. FULL: what was recorded outlives a power cut, not just us.
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        },
    }
