"""The rounds that were run. Listing them does not wait for what reaches hosts."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.application.abandoned import settle_before_showing
from orchestrator.application.clock import Clock
from orchestrator.language import Text
from orchestrator.model.round import RoundLine
from orchestrator.model.site import Site
from orchestrator.records.rounds import list_rounds


class PastRounds:
    """Rounds of one site, whose database is open."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site = site
        self._clock = clock

    def list(self, runbook: str | None, limit: int, tell: Callable[[Text], None]) -> tuple[RoundLine, ...]:
        """The latest rounds, newest first; one whose process is gone shows as interrupted.

        `tell` hears that the log takes no events.
        """
        settle_before_showing(self._site, self._clock(), tell)
        return tuple(
            RoundLine(
                number=row.number,
                runbook=row.runbook,
                title=row.title,
                state=row.round_state,
                actor=row.started_by,
                started_at=row.started_at.astimezone(self._site.timezone),
                hosts=row.hosts,
                hosts_unreachable=row.hosts_unreachable,
                due=row.due,
                done=row.done,
                warn=row.warn,
                crit=row.crit,
            )
            for row in list_rounds(runbook, limit)
        )
