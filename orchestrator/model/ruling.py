"""What a person says of an outcome that nobody knows, and when enough persons have said it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.actor import Actor
from orchestrator.model.run import Decision


@dataclass(frozen=True, slots=True)
class Ruling:
    """One person's word on one attempt."""

    host: str
    task: str
    number: int
    """Of the attempt."""
    decision: Decision
    by: Actor
    reason: str
    at: datetime


def agreed(rulings: Sequence[Ruling], persons: int) -> Decision | None:
    """The decision that so many different persons have given; None while they are too few or differ."""
    words = {ruling.by.name: ruling.decision for ruling in rulings}
    for decision, count in Counter(words.values()).most_common(1):
        if count >= persons:
            return decision
    return None
