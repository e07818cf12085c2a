"""Waivers laid over what a round saw of one host. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.model.observation import Judgement
from orchestrator.model.round import CheckResult, HostOutcome
from orchestrator.model.verdict import Verdict, worst
from orchestrator.model.waiver import Waiver
from orchestrator.records.sighting import Identity, stands_alone


def waive(outcome: HostOutcome, waivers: Sequence[Waiver]) -> HostOutcome:
    """Each value that a waiver accepts at that time becomes `waived`; all else stays as it was.

    Args:
        outcome: masked, for a waiver's subject was taken from the records.
        waivers: of the round's runbook.
    """
    held = [one for one in waivers if one.host == outcome.host and one.holds(outcome.started_at)]
    if outcome.failure is not None or not held:
        return outcome
    return replace(outcome, results=tuple(_result(result, held) for result in outcome.results))


def concerns(waiver: Waiver, identity: Identity) -> bool:
    """Whether a waiver is about that thing, however bad it is."""
    return (
        (waiver.host, waiver.task) == (identity.host, identity.task)
        and waiver.metric in ("", identity.metric)
        and waiver.subject in ("", identity.subject)
    )


def _result(result: CheckResult, held: Sequence[Waiver]) -> CheckResult:
    own = [one for one in held if one.task == result.id]
    judgements = [_judgement(one, own) for one in result.judgements]
    if all(new is old for new, old in zip(judgements, result.judgements, strict=True)):
        return result
    judgements.sort(key=lambda one: one.verdict.rank)
    verdict = worst([*(one.verdict for one in judgements), *_beside_the_values(result)])
    return replace(result, judgements=tuple(judgements), verdict=verdict)


def _judgement(judgement: Judgement, held: Sequence[Waiver]) -> Judgement:
    seen = judgement.observation
    accepted = any(
        one.metric in ("", seen.metric)
        and one.subject in ("", seen.subject)
        and judgement.verdict in _ACCEPTED[one.covers]
        for one in held
    )
    return replace(judgement, verdict=Verdict.WAIVED) if accepted else judgement


def _beside_the_values(result: CheckResult) -> tuple[Verdict, ...]:
    """What the check says beyond its values. A waiver is about values: that some could not be seen remains,
    also where a critical value hid it so far."""
    if stands_alone(result):
        return (result.verdict,)
    unseen = all(one.verdict is not Verdict.UNKNOWN for one in result.judgements)
    return (Verdict.UNKNOWN,) if result.reason is not None and unseen else ()


_ACCEPTED = {
    Verdict.WARN: frozenset({Verdict.WARN}),
    Verdict.CRIT: frozenset({Verdict.WARN, Verdict.CRIT}),
}
