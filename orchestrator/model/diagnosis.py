"""What `doctor` found: each thing that was looked at, how it is, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.language import Text


class Condition(StrEnum):
    """How one thing is. The worst first."""

    CRIT = "crit"
    """Something does not work, or will not hold: a person is needed now."""
    UNKNOWN = "unknown"
    """It could not be looked at: that is neither well nor ill, and worse may hide behind it."""
    WARN = "warn"
    """It works, and a person should look."""
    OK = "ok"
    """It was looked at, and is well."""

    @property
    def label(self) -> Text:
        return _CONDITIONS[self]


_CONDITIONS = {
    Condition.CRIT: Text("异常", "CRIT"),
    Condition.UNKNOWN: Text("未知", "UNKNOWN"),
    Condition.WARN: Text("注意", "WARN"),
    Condition.OK: Text("正常", "OK"),
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at."""

    name: str
    """Stable, for scripts: `worker`, `stuck-run`, `disk` ..."""
    condition: Condition
    said: Text
    """What was seen."""
    cure: Text | None = None
    """What mends it: a command where one does. None where nothing has to be mended."""
    subject: str = ""
    """Which of several: a run's number, a worker's name, a folder."""


def worst_first(found: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
    """In the order in which a person should take them up."""
    order = list(Condition)
    return tuple(sorted(found, key=lambda one: order.index(one.condition)))
