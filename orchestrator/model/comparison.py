"""Two rounds side by side, honest where one of them did not look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.model.report import ReportItem, RoundReport
from orchestrator.model.verdict import Verdict

_Key = tuple[str, str, str, str]
_MOST_MOVED = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """One thing as both rounds saw it; None: that round did not look at it."""

    before: ReportItem | None
    after: ReportItem | None

    @property
    def item(self) -> ReportItem:
        """The later of the two."""
        item = self.after or self.before
        assert item is not None, "a pair has at least one side"  # noqa: S101
        return item

    @property
    def moved(self) -> float:
        """By how much the value changed, held against its size."""
        values = [one.value for one in (self.before, self.after) if one is not None]
        numbers = [value for value in values if isinstance(value, int | float)]
        if len(numbers) < 2:
            return 0.0
        size = 100.0 if self.item.unit == "%" else max(map(abs, numbers))
        return abs(numbers[1] - numbers[0]) / size if size else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the first round's findings, and which the second one has besides."""

    before: RoundReport
    after: RoundReport
    new: tuple[Pair, ...]
    """The first round saw it well."""
    worse: tuple[Pair, ...]
    better: tuple[Pair, ...]
    same: tuple[Pair, ...]
    cleared: tuple[Pair, ...]
    """The second round saw it well."""
    unseen_before: tuple[Pair, ...]
    """Wrong in the second round; the first did not look or could not."""
    unseen_after: tuple[Pair, ...]
    """Wrong in the first round; the second did not look or could not: it may still be so."""
    moved: tuple[Pair, ...]
    """Values that moved most, whatever their verdict."""
    hosts_only_before: tuple[str, ...]
    hosts_only_after: tuple[str, ...]
    lost_before: tuple[str, ...]
    """Hosts that the first round could not ask."""
    lost_after: tuple[str, ...]


def compare(before: RoundReport, after: RoundReport) -> Comparison:
    """Hold one round against another, whatever their runbooks."""
    pairs = list(_pairs(before, after))
    sorts: dict[str, list[Pair]] = {}
    for pair in pairs:
        sorts.setdefault(_sort(pair), []).append(pair)
    first, second = ({host.name for host in report.hosts} for report in (before, after))
    moved = sorted((pair for pair in pairs if pair.moved), key=lambda pair: -pair.moved)

    def of(sort: str) -> tuple[Pair, ...]:
        return tuple(sorts.get(sort, ()))

    return Comparison(
        before=before,
        after=after,
        new=of("new"),
        worse=of("worse"),
        better=of("better"),
        same=of("same"),
        cleared=of("cleared"),
        unseen_before=of("unseen_before"),
        unseen_after=of("unseen_after"),
        moved=tuple(moved[:_MOST_MOVED]),
        hosts_only_before=tuple(sorted(first - second)),
        hosts_only_after=tuple(sorted(second - first)),
        lost_before=_lost(before),
        lost_after=_lost(after),
    )


def _lost(report: RoundReport) -> tuple[str, ...]:
    return tuple(host.name for host in report.hosts if host.failure)


def _pairs(before: RoundReport, after: RoundReport) -> Iterator[Pair]:
    first, second = ({_key(item): item for item in report.items} for report in (before, after))
    for key in (*second, *(key for key in first if key not in second)):
        yield Pair(_looked_at(first.get(key)), _looked_at(second.get(key)))


def _looked_at(item: ReportItem | None) -> ReportItem | None:
    return item if item is not None and item.verdict.done else None


def _sort(pair: Pair) -> str:
    if pair.before is None and pair.after is None:
        return "unseen"
    if pair.before is None:
        return "unseen_before" if pair.item.verdict.finding else "well"
    if pair.after is None:
        return "unseen_after" if pair.item.verdict.finding else "well"
    was, now = pair.before.verdict, pair.after.verdict
    if not was.finding:
        return "new" if now.finding else "well"
    if not now.finding:
        return "cleared"
    if was is now:
        return "same"
    return "worse" if now is Verdict.CRIT else "better"


def _key(item: ReportItem) -> _Key:
    return item.host, item.id, item.metric, item.subject
