"""What the records hold of a schedule: what became of its due times, and who paused it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.run import Run
from orchestrator.model.tick import OccurrenceState, Pause


@dataclass(frozen=True, slots=True)
class OccurrenceRecord:
    """One due time and what became of it."""

    schedule: str
    due_at: datetime
    state: OccurrenceState
    reason: Text | None
    """None: it was on time and nothing was in its way."""
    decided_at: datetime
    decided_by: str
    """The person who was asked; "" where the policy decided."""
    run: Run | None
    """As it stands now."""


@dataclass(frozen=True, slots=True)
class PauseRecord:
    """A pause, and who is behind it."""

    schedule: str
    pause: Pause
    by: Actor
    reason: str
