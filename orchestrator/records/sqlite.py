"""All that is SQLite's own: everything else runs on PostgreSQL as it is."""

from __future__ import annotations

from typing import Any

SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "OPTIONS": {
        # A transaction that first reads and then writes would fail at once if another wrote between.
        "transaction_mode": "IMMEDIATE",
        "timeout": 15.0,
        # Readers never wait for a writer. FULL: what was recorded outlives a power cut, not just us.
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    },
}
"""Foreign keys are enforced by Django on every connection."""

FILE_SUFFIXES = ("", "-wal", "-shm", "-journal")
"""Of the files that make up one database."""
