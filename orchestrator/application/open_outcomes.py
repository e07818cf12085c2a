"""Outcomes that nobody knows, with who ruled what on them and who has to rule next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from orchestrator.errors import OrchestratorError
from orchestrator.model.effect import Effect
from orchestrator.model.ruling import OpenOutcome, Ruling, persons
from orchestrator.model.run import Attempt, Intent, Run
from orchestrator.model.site import Site
from orchestrator.records.store import Store


def open_outcomes(
    site: Site, run: Run, unknown: Collection[Attempt], rulings: Sequence[Ruling]
) -> tuple[OpenOutcome, ...]:
    """
    Args:
        unknown: attempts of the run of which nobody knows what came.
        rulings: all of the run.
    """
    if not unknown:
        return ()
    needed = _persons(site, run) if rulings else _careful
    return tuple(
        OpenOutcome(one, tuple(word for word in rulings if _about(word, one.intent)), needed(one.intent))
        for one in unknown
    )


def _about(word: Ruling, intent: Intent) -> bool:
    return (word.host, word.task, word.number) == (intent.host, intent.task, intent.number)


def _persons(site: Site, run: Run) -> Callable[[Intent], int]:
    """How many have to agree, as the frozen plan says."""
    from orchestrator.planning.thaw import thaw_plan

    try:
        plan = thaw_plan(Store(site.state).plan(run.frozen), run.plan_digest)
    except OrchestratorError:
        return _careful
    return lambda intent: persons(plan, intent.host, intent.effect)


def _careful(intent: Intent) -> int:
    """Where the plan is not at hand any host may be production."""
    return 2 if intent.effect is Effect.ONCE else 1
