"""A finding that a person accepted for a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.actor import Actor
from orchestrator.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Waiver:
    """Accepts that one thing is as bad as `covers`, until it expires. What is worse still speaks up, and what
    could not be looked at stays `unknown`."""

    number: int
    runbook: str
    host: str
    task: str
    metric: str
    """Empty: every metric of the task."""
    subject: str
    """Empty: every subject of the metric."""
    covers: Verdict
    """`warn` or `crit`: the worst verdict that is accepted."""
    reason: str
    approver: Actor
    approved_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    """Ended before its time by a person."""

    def holds(self, now: datetime) -> bool:
        return self.approved_at <= now < (self.ended_at or self.expires_at)
