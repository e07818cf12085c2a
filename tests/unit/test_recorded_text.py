"""What is written compactly reads back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.round import CheckResult
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource
from orchestrator.model.verdict import Verdict
from orchestrator.records.result_text import read_results, write_results
from orchestrator.records.scope import Task, read_scope, write_scope
from tests.rounds import plan

words = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(numbers, words)
limits = st.one_of(
    st.none(),
    st.builds(Limit, st.sampled_from(Comparison), values, st.one_of(st.none(), numbers)),
)
thresholds = st.one_of(
    st.none(),
    st.builds(Threshold, limits, limits, st.builds(ThresholdSource, st.sampled_from(Evidence), words)),
)
judgements = st.builds(
    Judgement,
    st.builds(Observation, words, values, words, words),
    words,
    thresholds,
    st.sampled_from(Verdict),
)
results = st.lists(
    st.builds(
        CheckResult,
        id=words,
        title=words,
        check=words,
        code=words,
        layer=st.sampled_from(Layer),
        verdict=st.sampled_from(Verdict),
        judgements=st.lists(judgements, max_size=4).map(tuple),
        reason=st.one_of(st.none(), st.builds(Text, words, words)),
        evidence=words,
        seconds=st.integers(0, 10**6).map(lambda milliseconds: milliseconds / 1000),
    ),
    unique_by=lambda result: result.id,
    max_size=5,
).map(tuple)


@given(results)
def test_results_read_back_as_they_were(written: tuple[CheckResult, ...]) -> None:
    tasks = {one.id: Task(one.id, one.title, one.check, one.code, one.layer) for one in written}
    assert read_results(write_results(written), tasks) == written


def test_a_scope_reads_back_every_host_with_its_tasks_in_order() -> None:
    planned = plan("db2", "db1", "web1", tasks=("service", "disk"))
    hosts = read_scope(write_scope(planned))
    assert [(one.name, one.address, one.groups) for one in hosts] == [
        (one.name, one.address, one.groups) for one in planned.hosts
    ]
    assert [task.layer for task in hosts[0].tasks.values()] == [Layer.APPLICATION, Layer.SYSTEM]


def test_a_scope_of_thousands_of_like_hosts_says_what_they_share_once() -> None:
    small, large = (len(write_scope(plan(*(f"db{place}" for place in range(size))))) for size in (1000, 2000))
    assert (large - small) / 1000 < 40
