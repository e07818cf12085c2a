"""From what came of a check to its result."""

from __future__ import annotations

from orchestrator.execution.attempt import Ended
from orchestrator.execution.judgement import judge
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec
from orchestrator.model.observation import Judgement
from orchestrator.model.plan import PlannedCheck
from orchestrator.model.round import CheckResult
from orchestrator.model.verdict import Verdict, worst


def conclude(planned: PlannedCheck, spec: CheckSpec, ended: Ended, seconds: float) -> CheckResult:
    """The result of a check that came to its end. What it saw before it failed is judged and kept: a value
    beyond its limit stays a finding, and the rest makes the whole `unknown`."""
    if ended.verdict is not None and not ended.observations:
        return without_value(planned, ended.verdict, ended.reason, ended.evidence, seconds)
    judged = judge(planned, spec, ended.observations)
    verdict = worst((judged.verdict, ended.verdict)) if ended.verdict else judged.verdict
    reason = ended.reason or judged.reason
    return _result(planned, verdict, judged.judgements, reason, ended.evidence, seconds)


def without_value(
    planned: PlannedCheck, verdict: Verdict, reason: Text | None, evidence: str = "", seconds: float = 0.0
) -> CheckResult:
    return _result(planned, verdict, (), reason, evidence, seconds)


def _result(
    planned: PlannedCheck,
    verdict: Verdict,
    judgements: tuple[Judgement, ...],
    reason: Text | None,
    evidence: str,
    seconds: float,
) -> CheckResult:
    return CheckResult(
        planned.id,
        planned.title,
        planned.check,
        planned.code,
        planned.layer,
        verdict,
        judgements,
        reason,
        evidence,
        round(seconds, 6),
    )
