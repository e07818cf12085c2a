"""How the records' database is doing, as told to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.language import Text


@dataclass(frozen=True, slots=True)
class DatabasePart:
    """One thing that was looked at."""

    name: str
    """Stable: `integrity`, `migrations` ..."""
    title: Text
    well: bool
    said: Text


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """All that `db check` looked at."""

    place: str
    parts: tuple[DatabasePart, ...]

    @property
    def well(self) -> bool:
        return all(part.well for part in self.parts)


@dataclass(frozen=True, slots=True)
class BackupLine:
    """One backup file. What is None could not be read from it: it is damaged, or no backup."""

    path: Path
    size: int
    made_at: datetime | None = None
    reason: str | None = None
    version: str | None = None
    database: str | None = None
    hospital: str | None = None
    rows: int | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """What `db tidy` removed."""

    samples: int
    days: int
    rounds: int
    host_results: int
    runs: int
    due_times: int

    def counts(self) -> Mapping[str, int]:
        return {
            "samples": self.samples,
            "days": self.days,
            "rounds": self.rounds,
            "host_results": self.host_results,
            "runs": self.runs,
            "due_times": self.due_times,
        }
