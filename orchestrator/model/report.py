"""One round as a report shows it (domain.md 3.10). Renderers see this and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.audit import Anchor
from orchestrator.model.check import Layer
from orchestrator.model.forecast import Forecast, Point
from orchestrator.model.round import HostFailure, RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.system import Component
from orchestrator.model.threshold import Evidence, Value
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver


class Change(StrEnum):
    """How a finding compares with the round before it of the same name."""

    NEW = "new"
    """It was not there last time."""
    PERSISTING = "persisting"
    """It was there last time as well, in this or another degree."""
    CLEARED = "cleared"
    """It was there last time, and a check saw it gone."""
    FLAPPING = "flapping"
    """It comes and goes: several times within the last rounds."""
    FIRST = "first"
    """There is no earlier round to compare with."""

    @property
    def label(self) -> Text:
        return _CHANGES[self]


_CHANGES = {
    Change.NEW: Text("新增", "new"),
    Change.PERSISTING: Text("持续", "persisting"),
    Change.CLEARED: Text("消除", "cleared"),
    Change.FLAPPING: Text("反复", "flapping"),
    Change.FIRST: Text("首轮", "first round"),
}


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One judged value, or one check without a value."""

    host: str
    id: str
    code: str
    title: str
    check: str
    layer: Layer
    verdict: Verdict
    metric: str = ""
    metric_title: Text | None = None
    subject: str = ""
    value: Value | None = None
    unit: str = ""
    warn: str = ""
    """The limit as text, `>= 85`; empty for none."""
    crit: str = ""
    evidence_level: Evidence | None = None
    """How well the limits are founded; `practice` is shown as 默认值，待确认."""
    source: str = ""
    """Where the limits come from."""
    reason: Text | None = None
    evidence: str = ""
    """Masked."""
    previous: Value | None = None
    """The same value in the round before."""
    previous_verdict: Verdict | None = None
    change: Change | None = None
    """Set on findings and on cleared ones; None on all else."""
    since: datetime | None = None
    """Start of the round that saw this finding first."""
    finding: int | None = None
    """Number of the finding, for `wardround finding`."""
    owner: str = ""
    """Who looks after it."""
    due_at: datetime | None = None
    flaps: int = 0
    """How often it came up within the last rounds; 0 where that is no flapping."""
    waiver: Waiver | None = None
    """Why the verdict is `waived`; on a finding: the waiver that ran out and covers it no more."""
    capacity: bool = False
    """It is room that fills up: the metric says so."""
    trend: tuple[Point, ...] = ()
    """Recent values, oldest first, for a small chart; for capacity items and findings with numbers."""
    forecast: Forecast | None = None
    """Of capacity items."""
    affected: tuple[Component, ...] = ()
    """Business systems and platform components that stop or suffer."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ReportHost:
    """One host's line."""

    name: str
    address: str
    groups: tuple[str, ...]
    verdict: Verdict
    counts: Mapping[Verdict, int]
    failure: HostFailure | None
    affected: tuple[Component, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was due was really looked at. Counts checks, one a host and task."""

    due: int
    """All but the skipped."""
    done: int
    """With a value: ok, warn, crit, waived."""
    unknown: int
    not_run: int
    skipped: int

    @property
    def share(self) -> float:
        """done / due, 0..1; 1 when nothing was due."""
        return self.done / self.due if self.due else 1.0

    @property
    def percent(self) -> str:
        """`share` with one decimal, cut and never rounded up: 99.96 % is not 100 % (domain.md 7.4)."""
        tenths = self.done * 1000 // self.due if self.due else 1000
        return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10:.1f}%"


@dataclass(frozen=True, slots=True)
class SystemLine:
    """One component and the worst that was seen beneath it."""

    component: Component
    verdict: Verdict
    """Over its own hosts and those of all that it requires; `skipped` when none was in the round."""
    findings: int
    because: tuple[str, ...]
    """Hosts that the verdict comes from."""


@dataclass(frozen=True, slots=True)
class RoundReport:
    """Everything that a report of one round says."""

    hospital: Text
    round: int
    """The round's number."""
    runbook: str
    title: str
    kind: Kind
    state: RoundState
    started_at: datetime
    finished_at: datetime | None
    actor: Actor
    """Who or what started it."""
    version: str
    """Of the program."""
    plan_digest: str
    coverage: Coverage
    counts: Mapping[Verdict, int]
    """Checks by verdict."""
    matrix: Mapping[Layer, Mapping[Verdict, int]]
    systems: tuple[SystemLine, ...]
    hosts: tuple[ReportHost, ...]
    """Unreachable ones first, then by verdict and name."""
    findings: tuple[ReportItem, ...]
    """warn, crit and unknown, worst first. An unreachable host is one finding, not one a check."""
    cleared: tuple[ReportItem, ...]
    """Findings of the round before that a check saw gone, with their old value as `previous`."""
    items: tuple[ReportItem, ...]
    """Every value of every check, by host."""
    previous_round: int | None
    previous_started_at: datetime | None
    generated_at: datetime
    timezone: str = "Asia/Shanghai"
    waivers: tuple[Waiver, ...] = ()
    """Ran out since the round before, or will within a week."""
    anchor: Anchor | None = None
    """Where the log of events stood when this report was made."""
    partial: bool = False
    """The round was narrowed to some hosts or tasks."""
    single_user: bool = False
    """The site is in single-user mode: nobody's identity was proven."""
    details_removed_at: datetime | None = None
    """When retention removed the round's details; what is left are its counts."""
