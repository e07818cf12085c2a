"""What a person says of an outcome that nobody knows, and when enough persons have said it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan
from orchestrator.model.run import Attempt, Decision


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


@dataclass(frozen=True, slots=True)
class OpenOutcome:
    """An outcome that nobody knows, and what was said of it so far."""

    attempt: Attempt
    rulings: tuple[Ruling, ...]
    """On this attempt, in their order."""
    persons: int
    """How many have to agree."""

    @property
    def decision(self) -> Decision | None:
        """What is to be taken for it; None while persons have yet to rule."""
        return agreed(self.rulings, self.persons)

    @property
    def said(self) -> Text | None:
        """Who ruled what, and who has to rule next; None where nobody has, or where it is decided."""
        if not self.rulings or self.decision is not None:
            return None
        zh = "，".join(f"{one.by.name} 裁定“{one.decision.label.zh}”" for one in self.rulings)
        en = ", ".join(f'{one.by.name} ruled "{one.decision.label.en}"' for one in self.rulings)
        if len(self.rulings) == 1:
            return Text(f"{zh}；须另有一人裁定一致", f"{en}; another person has to rule the same")
        who = ("第三人", "a third person") if len(self.rulings) == 2 else ("另一人", "one more person")
        return Text(f"{zh}，意见不一：由{who[0]}裁定", f"{en}, and they disagree: {who[1]} decides")


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
