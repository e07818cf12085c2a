"""Observations held against thresholds. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.plan import PlannedCheck
from orchestrator.model.threshold import Threshold
from orchestrator.model.verdict import Verdict, worst


@dataclass(frozen=True, slots=True)
class Judged:
    """What a check's observations come down to."""

    judgements: tuple[Judgement, ...]
    """Worst first."""
    verdict: Verdict
    reason: Text | None
    """Why a value could not be judged, or why there is none."""


def judge(planned: PlannedCheck, spec: CheckSpec, observations: Sequence[Observation]) -> Judged:
    """The verdict over all that a check saw. Having seen nothing is `unknown`, never `ok`."""
    if not observations:
        return Judged((), Verdict.UNKNOWN, Text("检查没有看到任何值", "the check saw nothing"))
    if len(observations) == 1:
        judgement, reason = _judge(planned, spec, observations[0])
        return Judged((judgement,), judgement.verdict, reason)
    pairs = [_judge(planned, spec, observation) for observation in observations]
    judgements = [judgement for judgement, _ in pairs]
    reasons = [reason for _, reason in pairs if reason is not None]
    verdict = worst(judgement.verdict for judgement in judgements)
    return Judged(_worst_first(judgements), verdict, reasons[0] if reasons else None)


def _judge(planned: PlannedCheck, spec: CheckSpec, observation: Observation) -> tuple[Judgement, Text | None]:
    threshold = planned.thresholds.get(observation.metric)
    try:
        unit = planned.unit or spec.metric(observation.metric).unit
    except KeyError:
        return _unknown(observation, "", threshold, _strange_metric(planned.check, observation.metric))
    plain = _plain(observation)
    if plain is None:
        return _unknown(observation, unit, threshold, _unusable(observation))
    try:
        return Judgement(plain, unit, threshold, _hold(plain, threshold)), None
    except ValueError:
        return _unknown(plain, unit, threshold, _incomparable(plain, threshold))


def _hold(observation: Observation, threshold: Threshold | None) -> Verdict:
    """
    Raises:
        ValueError: the value and a limit can't be compared.
    """
    if threshold is None:
        return Verdict.OK
    if threshold.crit is not None and threshold.crit.broken_by(observation.value):
        return Verdict.CRIT
    if threshold.warn is not None and threshold.warn.broken_by(observation.value):
        return Verdict.WARN
    return Verdict.OK


def _plain(observation: Observation) -> Observation | None:
    """The observation with a value that limits and records understand; None where there is no such value."""
    value: object = observation.value
    match value:
        case bool():
            return replace(observation, value="true" if value else "false")
        case int() | float() if math.isfinite(value):
            return observation if type(value) is float else replace(observation, value=float(value))
        case str():
            return observation
    return None


def _unknown(
    observation: Observation, unit: str, threshold: Threshold | None, reason: Text
) -> tuple[Judgement, Text]:
    shown = (
        observation
        if isinstance(observation.value, str)
        else replace(observation, value=str(observation.value))
    )
    return Judgement(shown, unit, threshold, Verdict.UNKNOWN), reason


def _worst_first(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    rest, ordered = list(judgements), []
    while rest:
        verdict = worst(judgement.verdict for judgement in rest)
        ordered += [judgement for judgement in rest if judgement.verdict is verdict]
        rest = [judgement for judgement in rest if judgement.verdict is not verdict]
    return tuple(ordered)


def _strange_metric(check: str, metric: str) -> Text:
    return Text(
        f"检查插件 {check} 给出了未声明的指标 {metric}",
        f"the check plugin {check} yields the metric {metric}, which it does not declare",
    )


def _unusable(observation: Observation) -> Text:
    return Text(
        f"指标 {observation.metric} 的值 {observation.value!r} 不能用于判断",
        f"the value {observation.value!r} of {observation.metric} is neither a finite number nor a word",
    )


def _incomparable(observation: Observation, threshold: Threshold | None) -> Text:
    limits = [str(limit) for limit in (threshold.crit, threshold.warn) if limit] if threshold else []
    shown = ", ".join(limits)
    return Text(
        f"{observation.metric} 的值 {observation.value!r} 无法与阈值 {shown} 比较",
        f"the value {observation.value!r} of {observation.metric} can't be held against {shown}",
    )
