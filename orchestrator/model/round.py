"""What came of a round: one outcome a host, one result a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.errors import UnreachableReason
from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.check import Layer
from orchestrator.model.observation import Judgement
from orchestrator.model.verdict import Verdict


class RoundState(StrEnum):
    """Where a round stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    """Every host was tried. It may still hold `unknown` items."""
    CANCELLED = "cancelled"
    """A person stopped it; what was collected is kept, the rest is `not_run`."""
    INTERRUPTED = "interrupted"
    """The process ended in the middle; found out afterwards."""

    @property
    def label(self) -> Text:
        return _STATES[self]


_STATES = {
    RoundState.RUNNING: Text("进行中", "running"),
    RoundState.COMPLETED: Text("已完成", "completed"),
    RoundState.CANCELLED: Text("已取消", "cancelled"),
    RoundState.INTERRUPTED: Text("已中断", "interrupted"),
}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check said of one host."""

    id: str
    title: str
    check: str
    code: str
    layer: Layer
    verdict: Verdict
    judgements: tuple[Judgement, ...]
    """Worst first. Empty when there was no value: see `reason`."""
    reason: Text | None
    """Why there is no value (`unknown`, `skipped`, `not_run`), or what the verdict rests on beyond values."""
    evidence: str
    """Masked before it is stored."""
    seconds: float


@dataclass(frozen=True, slots=True)
class HostFailure:
    """Why a host could not be asked at all."""

    reason: UnreachableReason
    detail: Text
    hint: Text | None = None


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """One host of a round."""

    host: str
    groups: tuple[str, ...]
    failure: HostFailure | None
    """None: it was reached. Otherwise every result is `unknown` and this is the one reason."""
    results: tuple[CheckResult, ...]
    started_at: datetime
    seconds: float
    batches: int
    """Round trips that the checks took."""
    commands: tuple[str, ...] = ()
    """What was asked, to be sent ahead next time. Never shown, never in a report."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One more host is done: what a face shows while a round runs."""

    host: str
    verdict: Verdict
    failure: HostFailure | None
    hosts_done: int
    hosts_all: int
    counts: Mapping[Verdict, int]
    """Over all hosts so far."""


@dataclass(frozen=True, slots=True)
class RoundLine:
    """One round in a list."""

    number: int
    runbook: str
    title: str
    state: RoundState
    actor: Actor
    started_at: datetime
    hosts: int
    hosts_unreachable: int
    due: int
    done: int
    warn: int
    crit: int
