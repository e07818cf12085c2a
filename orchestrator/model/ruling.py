"""What a person says of an outcome that nobody knows, and when enough persons have said it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.actor import Actor
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan
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


def persons(plan: Plan, host: str, effect: Effect) -> int:
    """How many have to agree on an outcome there: two for `once` on production (design.md section 5)."""
    environment = next((one.environment for one in plan.hosts if one.name == host), "")
    return 2 if effect is Effect.ONCE and environment != "test" else 1


def agreed(rulings: Sequence[Ruling], persons: int) -> Decision | None:
    """The decision that so many different persons have given; None while they are too few or differ."""
    words = {ruling.by.name: ruling.decision for ruling in rulings}
    for decision, count in Counter(words.values()).most_common(1):
        if count >= persons:
            return decision
    return None
