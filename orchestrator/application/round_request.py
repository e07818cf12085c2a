"""What is asked for when a round is started, and what is told while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.actor import Actor
from orchestrator.model.round import Progress

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class RoundRequest:
    """What a face or a schedule asks for."""

    runbook: str
    actor: Actor
    """Who or what starts it, for the record."""
    limit: str | None = None
    """An Ansible host pattern that narrows the runbook's own."""
    inventory: tuple[Path, ...] = ()
    """Instead of the site's."""
    tasks: tuple[str, ...] = ()
    """Ids of the only tasks to run, for a recheck; none: all."""

    @property
    def partial(self) -> bool:
        return self.limit is not None or bool(self.tasks)
