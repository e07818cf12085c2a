"""What is wrong somewhere, and what people do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.threshold import Value
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver


class FindingState(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    """The last check that looked saw it."""
    WAIVED = "waived"
    """It is there, and a waiver covers it."""
    CLEARED = "cleared"
    """A check saw it gone; nobody has closed it yet."""
    CLOSED = "closed"
    """Gone, and a person said so."""

    @property
    def label(self) -> Text:
        return _STATES[self]


_STATES = {
    FindingState.OPEN: Text("未消除", "open"),
    FindingState.WAIVED: Text("已豁免", "waived"),
    FindingState.CLEARED: Text("已消除", "cleared"),
    FindingState.CLOSED: Text("已关闭", "closed"),
}


class Act(StrEnum):
    """What a person did about a finding."""

    ASSIGNED = "assigned"
    NOTED = "noted"
    CLOSED = "closed"

    @property
    def label(self) -> Text:
        return _ACTS[self]


_ACTS = {
    Act.ASSIGNED: Text("指派", "assigned"),
    Act.NOTED: Text("备注", "note"),
    Act.CLOSED: Text("关闭", "closed"),
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding in a list. It keeps its number for life; coming back later it is another one."""

    number: int
    runbook: str
    host: str
    task: str
    """Empty: the host could not be reached."""
    metric: str
    """Empty: the check as a whole gave no answer."""
    subject: str
    verdict: Verdict
    """As last seen."""
    value: Value | None
    """As last seen."""
    state: FindingState
    since: datetime
    """Start of the round that saw it first."""
    last_seen: datetime
    owner: str
    due_at: datetime | None
    overdue: bool
    """Past its due time and not gone."""

    @property
    def what(self) -> str:
        """`his-db01 disk used_pct /data`."""
        parts = (self.host, self.task or "SSH", self.metric, self.subject)
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a person did or said."""

    at: datetime
    author: Actor
    act: Act
    text: str
    owner: str
    """Whom it was given to, for `assigned`."""
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class SampleRange:
    """The numbers seen while the finding was there."""

    count: int
    least: float
    most: float
    unit: str


@dataclass(frozen=True, slots=True)
class FindingDetail:
    """Everything about one finding."""

    line: FindingLine
    first_round: int
    last_round: int
    cleared_round: int | None
    cleared_at: datetime | None
    closed_at: datetime | None
    closed_by: Actor | None
    notes: tuple[Note, ...]
    """Oldest first."""
    waivers: tuple[Waiver, ...]
    """All that ever covered it, oldest first."""
    samples: SampleRange | None
    """None where it has no numbers."""
    others: tuple[int, ...]
    """Numbers of the same thing at other times, oldest first."""


class Seen(StrEnum):
    """What a recheck came to."""

    GONE = "gone"
    STILL_THERE = "still_there"
    COULD_NOT_LOOK = "could_not_look"


@dataclass(frozen=True, slots=True)
class Recheck:
    """A finding looked at again, alone."""

    finding: FindingLine
    """As it stands now."""
    round: int
    """The round that looked; partial."""
    seen: Seen
    reason: Text | None
    """Why we could not look."""
