"""What an inspection says of one item."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from orchestrator.language import Text


class Verdict(StrEnum):
    """How one item ended (design.md section 4, domain.md 3.1)."""

    OK = "ok"
    """We looked, and it is within its limits."""
    WARN = "warn"
    """Beyond the first limit."""
    CRIT = "crit"
    """Beyond the second limit."""
    UNKNOWN = "unknown"
    """We could not look: unreachable, timed out, unreadable. Never counts as `ok`."""
    NOT_RUN = "not_run"
    """The round ended before its turn came."""
    SKIPPED = "skipped"
    """Not applicable to this host, so not in the denominator."""
    WAIVED = "waived"
    """A person accepted the finding, with reason, name and expiry."""

    @property
    def done(self) -> bool:
        """Whether the item was really looked at; `unknown` and `not_run` are not done."""
        return self in (Verdict.OK, Verdict.WARN, Verdict.CRIT, Verdict.WAIVED)

    @property
    def due(self) -> bool:
        """Whether the item belongs in the denominator of the coverage."""
        return self is not Verdict.SKIPPED

    @property
    def finding(self) -> bool:
        """Whether somebody has to act on it."""
        return self in (Verdict.WARN, Verdict.CRIT, Verdict.UNKNOWN)

    @property
    def rank(self) -> int:
        """For sorting: the worst first."""
        return _RANKS[self]

    @property
    def label(self) -> Text:
        return _TITLES[self]


_TITLES = {
    Verdict.OK: Text("正常", "ok"),
    Verdict.WARN: Text("预警", "warning"),
    Verdict.CRIT: Text("严重", "critical"),
    Verdict.UNKNOWN: Text("未知", "unknown"),
    Verdict.NOT_RUN: Text("未检", "not run"),
    Verdict.SKIPPED: Text("不适用", "skipped"),
    Verdict.WAIVED: Text("已豁免", "waived"),
}

_WORST_FIRST = (
    Verdict.CRIT,
    Verdict.UNKNOWN,
    Verdict.NOT_RUN,
    Verdict.WARN,
    Verdict.WAIVED,
    Verdict.OK,
    Verdict.SKIPPED,
)
_RANKS = {verdict: rank for rank, verdict in enumerate(_WORST_FIRST)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that stands for several. `unknown` outranks `warn`: what we could not see may be worse.

    Nothing at all is `skipped`: there was nothing to look at.
    """
    return min(verdicts, key=_RANKS.__getitem__, default=Verdict.SKIPPED)
