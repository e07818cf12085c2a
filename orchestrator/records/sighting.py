"""What a host's outcome says of each thing that can be wrong with it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from orchestrator.model.round import CheckResult, HostOutcome
from orchestrator.model.threshold import Value
from orchestrator.model.verdict import Verdict, worst


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two findings of one runbook the same one, in whichever round or degree."""

    host: str
    task: str = ""
    """Empty: that the host can't be reached."""
    metric: str = ""
    """Empty: that the check as a whole gave no answer."""
    subject: str = ""

    def fingerprint(self, runbook: str) -> str:
        """The same for the same thing seen by `runbook`.

        Another runbook may ask another question under the same task id, or hold the answer against other
        limits: its word clears nothing of ours. Whether a host can be reached is the same for all.
        """
        parts = json.dumps((runbook if self.task else "", self.host, self.task, self.metric, self.subject))
        return hashlib.sha256(parts.encode()).hexdigest()[:32]

    def __str__(self) -> str:
        return " ".join(part for part in (self.host, self.task, self.metric, self.subject) if part)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One identity looked at once: wrong, accepted as it is (`waived`), or seen to be well (`ok`)."""

    identity: Identity
    verdict: Verdict
    value: Value | None = None


def sightings(outcome: HostOutcome, open_ones: Collection[Identity]) -> tuple[Sighting, ...]:
    """One for each thing seen to be wrong, and for each of `open_ones` seen to be well: most of what a round
    sees is well and always was. Where we could not or did not look there is none."""
    if outcome.failure is not None:
        return (Sighting(Identity(outcome.host), Verdict.UNKNOWN),)
    found = list(_of_results(outcome, open_ones))
    host = Identity(outcome.host)
    if host in open_ones and any(result.verdict is not Verdict.NOT_RUN for result in outcome.results):
        found.append(Sighting(host, Verdict.OK))
    return _one_each(found)


def stands_alone(result: CheckResult) -> bool:
    """Whether a check says something that none of its values says: it has none, or is worse than they are."""
    if not result.judgements:
        return True
    if not result.verdict.finding:
        return False
    seen = worst(judgement.verdict for judgement in result.judgements)
    return result.verdict is not seen and worst((result.verdict, seen)) is result.verdict


def _of_results(outcome: HostOutcome, open_ones: Collection[Identity]) -> Iterator[Sighting]:
    for result in outcome.results:
        if stands_alone(result) and result.verdict.finding:
            yield Sighting(Identity(outcome.host, result.id), result.verdict)
        elif open_ones and result.verdict.done and (whole := Identity(outcome.host, result.id)) in open_ones:
            yield Sighting(whole, Verdict.OK)
        for judgement in result.judgements:
            seen, verdict = judgement.observation, judgement.verdict
            wrong = verdict.finding or verdict is Verdict.WAIVED
            if not wrong and not (open_ones and verdict is Verdict.OK):
                continue
            identity = Identity(outcome.host, result.id, seen.metric, seen.subject)
            if wrong or identity in open_ones:
                yield Sighting(identity, verdict, seen.value)


def _one_each(found: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """A check may name a thing twice; the worse counts."""
    kept: dict[Identity, Sighting] = {}
    for sighting in found:
        other = kept.get(sighting.identity)
        if other is None or worst((sighting.verdict, other.verdict)) is not other.verdict:
            kept[sighting.identity] = sighting
    return tuple(kept.values())
