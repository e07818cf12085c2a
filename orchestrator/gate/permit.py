"""The paper that execution asks for: one plan, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.effect import Effect


@dataclass(frozen=True, slots=True)
class Permit:
    """Made by the gate alone. Execution redeems it once and takes nothing else."""

    id: str
    """Random; recorded when it is redeemed, and never accepted again."""
    plan_digest: str
    effect: Effect
    """The most dangerous effect it allows."""
    granted_at: datetime
    expires_at: datetime
    reason: str
    """The rule that let it pass, for the record."""
