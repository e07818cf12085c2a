"""What the hospital runs on the hosts: its business systems and the platform beneath them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.language import Text


class Tier(StrEnum):
    """How much stops when a component stops (domain.md 2.1)."""

    T1 = "T1"
    """The whole hospital's main process, or safety."""
    T2 = "T2"
    """Important; there is a manual substitute."""
    T3 = "T3"
    """Everything else."""


@dataclass(frozen=True, slots=True)
class Component:
    """A business system (with `seq`, its number in the contract) or a platform component (without)."""

    slug: str
    title: Text
    tier: Tier
    hosts: tuple[str, ...]
    """Inventory hosts or groups that it runs on."""
    requires: tuple[str, ...] = ()
    """Slugs without which it does not work at all (`dep_hard`)."""
    uses: tuple[str, ...] = ()
    """Slugs without which it works worse (`dep_soft`)."""
    seq: int | None = None
    rto_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All components of a site, in the order of their document."""

    components: tuple[Component, ...]

    def on(self, host: str, groups: Sequence[str]) -> tuple[Component, ...]:
        """Components that run on `host` itself: a decision about it touches those."""
        places = {host, *groups}
        return tuple(item for item in self.components if places & set(item.hosts))

    def affected_by(self, host: str, groups: Sequence[str]) -> tuple[Component, ...]:
        """Components that stop or suffer when `host` fails: those on it and all that require them,
        business systems first, by tier and contract number."""
        hit = {item.slug for item in self.on(host, groups)}
        dependants: Mapping[str, set[str]] = {item.slug: set(item.requires) for item in self.components}
        while True:
            more = {slug for slug, needs in dependants.items() if needs & hit} - hit
            if not more:
                break
            hit |= more
        found = [item for item in self.components if item.slug in hit]
        return tuple(sorted(found, key=lambda item: (item.seq is None, item.tier, item.seq or 0)))
