"""The rounds that were run. Listing them does not wait for what reaches hosts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.application.abandoned import settle_before_showing
from orchestrator.application.clock import Clock
from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.near_name import near_names
from orchestrator.model.round import RoundLine
from orchestrator.model.runbook import Kind
from orchestrator.model.site import Site
from orchestrator.records.rounds import list_rounds, recorded_runbooks


class PastRounds:
    """Rounds of one site, whose database is open."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site = site
        self._clock = clock

    def list(self, runbook: str | None, limit: int, tell: Callable[[Text], None]) -> tuple[RoundLine, ...]:
        """The latest rounds, newest first; one whose process is gone shows as interrupted.

        Args:
            runbook: only its rounds: `morning` or `inspection/morning`. It may be gone by now.
            tell: hears that the log takes no events.

        Raises:
            NotFound: there is no such inspection, and no round of one.
        """
        settle_before_showing(self._site, self._clock(), tell)
        name = None if runbook is None else runbook.removeprefix(f"{Kind.INSPECTION}/")
        rows = list_rounds(name, limit)
        if name is not None and not rows:
            self._require_known(name)
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
            for row in rows
        )

    def _require_known(self, name: str) -> None:
        """An empty list for a name that nothing has would read as: nobody looked."""
        # Only here: a list that has rows waits for no reader of documents.
        from orchestrator.application.runbooks import list_runbooks

        written = [one.name for one in list_runbooks(self._site) if one.kind == Kind.INSPECTION]
        if name in written:
            return
        known = sorted({*written, *recorded_runbooks()})
        raise NotFound(
            Text(f"没有名为 {name} 的巡检", f"there is no inspection named {name}"), _near(name, known)
        )


def _near(name: str, known: Sequence[str]) -> Text | None:
    if near := ", ".join(near_names(name, known)):
        return Text(f"是否指 {near}？", f"did you mean {near}?")
    there = ", ".join(known)
    return Text(f"可用：{there}", f"there are: {there}") if known else None
