"""What a check is, before it meets a host."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.threshold import Direction, Evidence


class Layer(StrEnum):
    """The three layers of an inspection (domain.md 3.1, R21)."""

    SYSTEM = "system"
    """Host, database, middleware, network, storage, machine room."""
    APPLICATION = "application"
    """Services, logs, certificates, interfaces."""
    BUSINESS = "business"
    """Counts, ages and rates of the hospital's own work; never a patient's data."""

    @property
    def label(self) -> Text:
        return _LAYERS[self]


_LAYERS = {
    Layer.SYSTEM: Text("系统层", "system"),
    Layer.APPLICATION: Text("应用层", "application"),
    Layer.BUSINESS: Text("业务层", "business"),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that a check measures, with the limits that hold unless somebody says otherwise."""

    name: str
    title: Text
    unit: str = ""
    direction: Direction = Direction.HIGH
    warn: str | float | None = None
    """Default limit, in the text form of `Limit.parse`."""
    crit: str | float | None = None
    evidence: Evidence = Evidence.PRACTICE
    source: str = ""
    """Where the default limits come from, such as `domain.md 3.2 LNX05 [S20]`."""
    capacity: bool = False
    """Whether it is room that is used up and stays so, as on a disk: only then is a forecast worth its words.
    What a process gives back by itself (memory, swap, connections, locks) is not."""


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """What the catalogue knows of a check. Its name is that of its entry point."""

    code: str
    """The catalogue's id: `LNX05`. Empty where the catalogue has none."""
    title: Text
    layer: Layer
    metrics: tuple[Metric, ...]
    effect: Effect = Effect.READ
    free: tuple[str, ...] = ()
    """Parameters that hold a free command, SQL or a path to site Python. Each must have been accepted
    (design.md section 1) or the runbook is refused."""
    secret: tuple[str, ...] = ()
    """Parameters that may hold a secret, such as a database URL. A plan carries their template and a
    keyed fingerprint; they are rendered by the worker, just before use."""
    site_python: bool = False
    """Whether it runs Python of the site, which may sleep or never end: it gets a thread of its own."""
    caveat: Text | None = None
    """What the catalogue must say, such as `not tried on the real thing`."""
    scalar: str = ""
    """The parameter that a bare value stands for: `run: "df -P"` means `run: {command: "df -P"}`."""
    open_unit: bool = False
    """Whether the runbook's `unit:` names the unit (free commands and SQL); refused elsewhere."""

    def metric(self, name: str) -> Metric:
        """The metric of that name.

        Raises:
            KeyError: there is none.
        """
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(name)
