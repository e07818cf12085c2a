"""A month of inspections: what each morning and each evening came to (R21)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from orchestrator.language import Text
from orchestrator.model.round import RoundLine, RoundState

NOON = 12


class Completion(StrEnum):
    """What one morning or evening came to."""

    COMPLETED = "completed"
    """A whole round, and all that was due was looked at."""
    INCOMPLETE = "incomplete"
    """A whole round that could not look at everything."""
    BROKEN = "broken"
    """No round came to its end: cancelled or interrupted."""
    MISSING = "missing"
    """There was no round."""
    OPEN = "open"
    """Its time is not over yet."""
    NOT_DUE = "not_due"
    """In the future, or before the site's first round."""

    @property
    def label(self) -> Text:
        return _LABELS[self]


_LABELS = {
    Completion.COMPLETED: Text("完成", "completed"),
    Completion.INCOMPLETE: Text("完成但有未检项", "incomplete"),
    Completion.BROKEN: Text("取消或中断", "cancelled or interrupted"),
    Completion.MISSING: Text("漏检", "missing"),
    Completion.OPEN: Text("待检", "open"),
    Completion.NOT_DUE: Text("无需", "not due"),
}
_BEST_FIRST = (Completion.COMPLETED, Completion.INCOMPLETE, Completion.OPEN, Completion.BROKEN)


@dataclass(frozen=True, slots=True)
class HalfDay:
    """One morning (before noon) or evening."""

    day: date
    evening: bool
    completion: Completion
    rounds: tuple[RoundLine, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """The half days of one month, in order."""

    first: date
    half_days: tuple[HalfDay, ...]

    @property
    def counts(self) -> Mapping[Completion, int]:
        return Counter(half.completion for half in self.half_days)


def month_of(
    first: date, rounds: Sequence[RoundLine], site_began: datetime | None, now: datetime, timezone: ZoneInfo
) -> Month:
    """`rounds`: whole inspection rounds of that month. A round belongs to the half day in which it began."""
    held: dict[tuple[date, bool], list[RoundLine]] = {}
    for one in rounds:
        began = one.started_at.astimezone(timezone)
        held.setdefault((began.date(), began.hour >= NOON), []).append(one)
    halves = []
    for day in _days(first):
        for evening in (False, True):
            lines = held.get((day, evening), [])
            ends = datetime.combine(day, time(NOON), timezone) + timedelta(hours=12 if evening else 0)
            begins = ends - timedelta(hours=12)
            due = site_began is not None and ends > site_began
            halves.append(HalfDay(day, evening, _completion(lines, begins, ends, now, due=due), tuple(lines)))
    return Month(first, tuple(halves))


def _completion(
    lines: Sequence[RoundLine], begins: datetime, ends: datetime, now: datetime, *, due: bool
) -> Completion:
    if lines:
        return min((_of_round(line) for line in lines), key=_BEST_FIRST.index)
    if not due or begins > now:
        return Completion.NOT_DUE
    return Completion.OPEN if now < ends else Completion.MISSING


def _of_round(line: RoundLine) -> Completion:
    match line.state:
        case RoundState.RUNNING:
            return Completion.OPEN
        case RoundState.COMPLETED:
            return Completion.COMPLETED if line.done == line.due > 0 else Completion.INCOMPLETE
        case _:
            return Completion.BROKEN


def _days(first: date) -> Sequence[date]:
    days = [first + timedelta(days=number) for number in range(31)]
    return [day for day in days if day.month == first.month]
