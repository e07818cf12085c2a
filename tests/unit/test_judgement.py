"""Values held against limits: what can't be judged is never called ok."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.execution.judgement import judge
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.plan import PlannedCheck
from orchestrator.model.threshold import Threshold, Value
from orchestrator.model.verdict import Verdict, worst
from tests.inspections import planned_check, threshold

SPEC = CheckSpec(
    "",
    Text("测试", "test"),
    Layer.SYSTEM,
    (Metric("used", Text("使用率", "used"), unit="%"), Metric("state", Text("状态", "state"))),
)


def planned(**thresholds: Threshold) -> PlannedCheck:
    return planned_check("disk", thresholds=thresholds)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(10.0, Verdict.OK), (85.0, Verdict.WARN), (95.0, Verdict.CRIT), (7, Verdict.OK), ("95", Verdict.CRIT)],
)
def test_the_worse_limit_is_asked_first(value: Value, verdict: Verdict) -> None:
    judged = judge(planned(used=threshold(">= 80", ">= 90")), SPEC, [Observation("used", value)])
    assert judged.verdict is verdict
    assert judged.reason is None


def test_a_metric_without_limits_is_recorded_as_ok_with_its_unit() -> None:
    [judgement] = judge(planned(), SPEC, [Observation("used", 99.0, "/data")]).judgements
    assert (judgement.verdict, judgement.unit, judgement.threshold) == (Verdict.OK, "%", None)


def test_the_runbooks_unit_replaces_the_metrics_own() -> None:
    check = replace(planned(), unit="MiB")
    assert judge(check, SPEC, [Observation("used", 1.0)]).judgements[0].unit == "MiB"


def test_the_whole_is_as_bad_as_its_worst_value_which_stands_first() -> None:
    seen = [
        Observation("used", 10.0, "/"),
        Observation("used", 95.0, "/data"),
        Observation("used", 85.0, "/var"),
    ]
    judged = judge(planned(used=threshold(">= 80", ">= 90")), SPEC, seen)
    assert judged.verdict is Verdict.CRIT
    assert [judgement.observation.subject for judgement in judged.judgements] == ["/data", "/var", "/"]


def test_nothing_seen_is_unknown() -> None:
    judged = judge(planned(), SPEC, [])
    assert judged.verdict is Verdict.UNKNOWN
    assert str(judged.reason) == "the check saw nothing"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_unknown_even_without_limits(value: float) -> None:
    judged = judge(planned(), SPEC, [Observation("used", value)])
    assert judged.verdict is Verdict.UNKNOWN
    assert judged.judgements[0].observation.value == str(value)


def test_a_word_against_a_numeric_limit_is_unknown_and_says_both() -> None:
    judged = judge(planned(used=threshold(crit="> 90")), SPEC, [Observation("used", "full")])
    assert judged.verdict is Verdict.UNKNOWN
    assert "'full'" in str(judged.reason)
    assert "> 90" in str(judged.reason)


def test_a_warn_limit_that_can_not_be_held_is_no_reason_to_call_the_value_ok() -> None:
    judged = judge(planned(state=threshold("> 5", "== failed")), SPEC, [Observation("state", "active")])
    assert judged.verdict is Verdict.UNKNOWN


def test_a_metric_that_the_plugin_does_not_declare_is_unknown() -> None:
    judged = judge(planned(), SPEC, [Observation("usage", 1.0)])
    assert judged.verdict is Verdict.UNKNOWN
    assert "disk yields the metric usage" in str(judged.reason)


def test_yes_and_no_are_judged_as_the_words_that_limits_know() -> None:
    judged = judge(planned(state=threshold(crit="!= true")), SPEC, [Observation("state", False)])
    assert judged.verdict is Verdict.CRIT
    assert judged.judgements[0].observation.value == "false"


@given(
    st.lists(
        st.builds(
            Observation,
            st.sampled_from(["used", "state", "nonsense"]),
            st.one_of(st.floats(), st.text(max_size=5), st.none()),
        )
    )
)
def test_every_value_keeps_its_place_in_the_result_and_ok_means_that_all_are(seen: list[Observation]) -> None:
    judged = judge(planned(used=threshold(">= 80", ">= 90")), SPEC, seen)
    assert len(judged.judgements) == len(seen)
    verdicts = [judgement.verdict for judgement in judged.judgements]
    assert judged.verdict is (worst(verdicts) if seen else Verdict.UNKNOWN)
    assert (judged.verdict is Verdict.UNKNOWN) <= (judged.reason is not None)
    assert all(isinstance(one.observation.value, float | str) for one in judged.judgements)
