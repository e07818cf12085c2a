"""The log of events as a chain that can be held against what was written down elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Anchor:
    """One event's place and hash. On a signed sheet of paper it binds the database to that day."""

    sequence: int
    hash: str
    """With its algorithm: `sm3:...` or `sha256:...`."""

    @property
    def short(self) -> str:
        """Enough to tell it from others by eye."""
        algorithm, colon, digest = self.hash.rpartition(":")
        return f"{self.sequence}@{algorithm}{colon}{digest[:12]}"

    def __str__(self) -> str:
        return f"{self.sequence}@{self.hash}"
