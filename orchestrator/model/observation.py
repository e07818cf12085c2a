"""What a check saw, before and after it is judged."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.threshold import Threshold, Value
from orchestrator.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Observation:
    """One value that a check saw on a host."""

    metric: str
    """Which of the check's metrics this is, as its spec names it: `used_pct`."""
    value: Value
    subject: str = ""
    """What it was seen on, where a host has several: `/data`, `eth0`, `pharmacy.service`."""
    evidence: str = ""
    """The output that shows it, trimmed. Masked before it is stored."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """An observation held against its threshold."""

    observation: Observation
    unit: str
    threshold: Threshold | None
    """None where the metric has no limits: it is recorded and never judged beyond `ok`."""
    verdict: Verdict
