"""What a report says of a recorded round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.check import Layer, Metric
from orchestrator.model.report import Change, ReportItem, RoundReport
from orchestrator.model.round import CheckResult, HostOutcome, RoundState
from orchestrator.model.system import Catalogue, Component, Tier
from orchestrator.model.threshold import Evidence
from orchestrator.model.verdict import Verdict
from orchestrator.records.rounds import settle_interrupted
from orchestrator.reporting.round_report import build_report
from tests.rounds import LAYERS, START, VALUES, lost, outcome, plan, recorded, result, seen, value

pytestmark = pytest.mark.usefixtures("database")

HOSPITAL = Text("夏邑县人民医院", "Xiayi County Hospital")
DATABASE = Component("p_his_db", Text("HIS 数据库", "HIS database"), Tier.T1, ("db1",))
BILLING = Component("op_billing", Text("门诊收费", "billing"), Tier.T1, (), ("p_his_db",), seq=2)
LIBRARY = Component("library", Text("图书馆", "library"), Tier.T3, ("web",), seq=40)
LAUNDRY = Component("laundry", Text("洗衣", "laundry"), Tier.T3, ("far1",), seq=47)
CATALOGUE = Catalogue((DATABASE, BILLING, LIBRARY, LAUNDRY))
USED = Text("使用率", "used")
METRIC = Metric("used_pct", USED, capacity=True)


def report(number: int) -> RoundReport:
    return build_report(
        number,
        HOSPITAL,
        CATALOGUE,
        "Asia/Shanghai",
        START + timedelta(days=30),
        lambda check, metric: METRIC if (check, metric) == ("filesystem_usage", "used_pct") else None,
    )


def told(items: Sequence[ReportItem]) -> list[tuple[str, str, Verdict, Change | None]]:
    return [(item.host, item.id, item.verdict, item.change) for item in items]


def test_there_is_no_report_of_a_round_that_never_was() -> None:
    with pytest.raises(NotFound):
        report(1)


def test_a_value_is_reported_with_all_that_makes_it_a_finding() -> None:
    (item,) = report(recorded(plan("db1"), seen("db1", Verdict.WARN))).findings
    assert (item.host, item.id, item.code, item.title) == ("db1", "disk", "LNX05", "任务 disk")
    assert (item.metric, item.metric_title, item.subject) == ("used_pct", USED, "/data")
    assert (item.value, item.unit, item.warn) == (86.0, "%", ">= 85")
    assert (item.evidence_level, item.source) == (Evidence.PRACTICE, "domain.md 3.2 LNX05")
    assert (item.evidence, item.layer, item.seconds) == ("df says so", Layer.SYSTEM, 0.25)
    assert [one.slug for one in item.affected] == ["op_billing", "p_his_db"]


def test_coverage_counts_unknown_and_not_run_as_not_done() -> None:
    number = recorded(plan("db1", "db2", "web1"), seen("db1", Verdict.OK), seen("db2", Verdict.UNKNOWN))
    shown = report(number).coverage
    assert (shown.due, shown.done, shown.unknown, shown.not_run, shown.skipped) == (7, 3, 1, 3, 2)


def test_findings_come_worst_first_then_by_what_depends_on_them() -> None:
    outcomes = (
        seen("web1", Verdict.CRIT),
        seen("web2", Verdict.WARN),
        seen("db1", Verdict.CRIT),
        seen("db2", Verdict.WARN),
        lost("far1"),
        seen("web3", Verdict.UNKNOWN),
    )
    hosts = ("web1", "web2", "db1", "db2", "far1", "web3")
    found = report(recorded(plan(*hosts), *outcomes)).findings
    assert [(item.host, item.verdict) for item in found] == [
        ("db1", Verdict.CRIT),
        ("web1", Verdict.CRIT),
        ("far1", Verdict.UNKNOWN),
        ("web3", Verdict.UNKNOWN),
        ("web2", Verdict.WARN),
        ("db2", Verdict.WARN),
    ]


def test_a_lost_host_is_one_finding_and_its_checks_are_unknown() -> None:
    shown = report(recorded(plan("db1", "web1"), seen("db1", Verdict.OK), lost("web1")))
    assert told(shown.findings) == [("web1", "", Verdict.UNKNOWN, Change.FIRST)]
    assert shown.findings[0].reason == Text("十秒内没有应答", "no answer in ten seconds")
    assert shown.counts[Verdict.UNKNOWN] == 3
    assert [item.verdict for item in shown.items if item.host == "web1"] == [Verdict.UNKNOWN] * 3
    line = shown.hosts[0]
    assert (line.name, line.verdict, line.address) == ("web1", Verdict.UNKNOWN, "ward@web1:22")
    assert line.failure is not None
    assert line.failure.hint == Text("查看电源", "see its power")


def test_hosts_come_lost_ones_first_then_worst_first() -> None:
    hosts = ("ok1", "bad1", "lost1", "late1")
    outcomes = (seen("ok1", Verdict.OK), seen("bad1", Verdict.CRIT), lost("lost1"))
    shown = report(recorded(plan(*hosts), *outcomes, state=RoundState.CANCELLED)).hosts
    assert [line.name for line in shown] == ["lost1", "bad1", "late1", "ok1"]


def test_the_first_round_has_nothing_to_compare_with() -> None:
    shown = report(recorded(plan("db1"), seen("db1", Verdict.CRIT)))
    assert told(shown.findings) == [("db1", "disk", Verdict.CRIT, Change.FIRST)]
    assert (shown.previous_round, shown.previous_started_at) == (None, None)


def test_what_is_new_persists_and_clears_is_told_with_old_values_and_since_when() -> None:
    first = recorded(plan("db1", "web1"), seen("db1", Verdict.WARN), seen("web1", Verdict.OK))
    second = recorded(plan("db1", "web1"), seen("db1", Verdict.CRIT), seen("web1", Verdict.WARN), day=1)
    third = recorded(plan("db1", "web1"), seen("db1", Verdict.OK), seen("web1", Verdict.WARN), day=2)

    shown = report(second)
    assert (shown.previous_round, shown.previous_started_at) == (first, START)
    old, new = shown.findings
    assert (old.host, old.change, old.since) == ("db1", Change.PERSISTING, START)
    assert (old.value, old.previous, old.previous_verdict) == (97.5, 86.0, Verdict.WARN)
    assert (new.host, new.change, new.since) == ("web1", Change.NEW, START + timedelta(days=1))
    assert (new.previous, new.previous_verdict) == (41.0, Verdict.OK)
    assert shown.cleared == ()

    shown = report(third)
    assert told(shown.findings) == [("web1", "disk", Verdict.WARN, Change.PERSISTING)]
    (gone,) = shown.cleared
    assert (gone.host, gone.change, gone.verdict, gone.value) == ("db1", Change.CLEARED, Verdict.OK, 41.0)
    assert (gone.previous, gone.previous_verdict, gone.since) == (97.5, Verdict.CRIT, START)
    assert [one.slug for one in gone.affected] == ["op_billing", "p_his_db"]


def test_a_report_of_an_old_round_says_the_same_however_many_rounds_follow() -> None:
    recorded(plan("db1"), seen("db1", Verdict.WARN))
    number = recorded(plan("db1"), seen("db1", Verdict.CRIT), day=1)
    before = report(number)
    for day, verdict in ((2, Verdict.OK), (3, Verdict.WARN)):
        recorded(plan("db1"), seen("db1", verdict, START + timedelta(days=day)), day=day)
    assert report(number) == before


def test_a_finding_that_a_narrow_round_did_not_look_at_is_not_new_afterwards() -> None:
    recorded(plan("db1", "web1"), seen("db1", Verdict.CRIT), seen("web1", Verdict.OK))
    recorded(plan("web1"), seen("web1", Verdict.OK), day=1)
    shown = report(recorded(plan("db1"), seen("db1", Verdict.CRIT), day=2))
    (item,) = shown.findings
    assert (item.change, item.since, item.previous) == (Change.PERSISTING, START, None)


def test_a_lost_host_that_answers_again_is_told_as_cleared() -> None:
    recorded(plan("db1"), lost("db1"))
    shown = report(recorded(plan("db1"), seen("db1", Verdict.OK), day=1))
    (gone,) = shown.cleared
    assert (gone.host, gone.change, gone.verdict) == ("db1", Change.CLEARED, Verdict.OK)
    assert gone.previous_verdict is Verdict.UNKNOWN


def test_a_check_that_could_not_look_and_now_can_is_told_as_cleared() -> None:
    recorded(plan("db1"), seen("db1", Verdict.UNKNOWN))
    shown = report(recorded(plan("db1"), seen("db1", Verdict.WARN), day=1))
    assert told(shown.cleared) == [("db1", "disk", Verdict.WARN, Change.CLEARED)]
    assert told(shown.findings) == [("db1", "disk", Verdict.WARN, Change.NEW)]


def test_a_check_worse_than_its_values_is_a_finding_of_its_own() -> None:
    half = result("disk", value(Verdict.OK), verdict=Verdict.UNKNOWN)
    shown = report(recorded(plan("db1"), outcome("db1", half)))
    assert told(shown.findings) == [("db1", "disk", Verdict.UNKNOWN, Change.FIRST)]
    assert len([item for item in shown.items if item.id == "disk"]) == 2


@pytest.mark.parametrize("state", [RoundState.CANCELLED, RoundState.INTERRUPTED, None])
def test_hosts_that_a_round_did_not_get_to_are_not_run(state: RoundState | None) -> None:
    number = recorded(plan("db1", "web1"), seen("db1", Verdict.OK), state=state)
    shown = report(number)
    assert {item.verdict for item in shown.items if item.host == "web1"} == {Verdict.NOT_RUN}
    assert shown.coverage.not_run == 3
    assert shown.state is (state or RoundState.RUNNING)


def test_an_interrupted_round_reports_what_it_has_and_no_end() -> None:
    recorded(plan("db1"), seen("db1", Verdict.OK))
    number = recorded(plan("db1", "web1"), seen("db1", Verdict.CRIT), state=None, day=1)
    settle_interrupted("morning", START + timedelta(days=2))
    shown = report(number)
    assert (shown.state, shown.finished_at) == (RoundState.INTERRUPTED, None)
    assert told(shown.findings) == [("db1", "disk", Verdict.CRIT, Change.NEW)]


def test_a_system_is_as_bad_as_the_worst_host_beneath_it() -> None:
    shown = report(
        recorded(
            plan("db1", "web1", "web2"),
            seen("db1", Verdict.CRIT),
            seen("web1", Verdict.OK),
            lost("web2"),
        )
    )
    lines = [(line.component.slug, line.verdict, line.findings, line.because) for line in shown.systems]
    assert lines == [
        ("op_billing", Verdict.CRIT, 1, ("db1",)),
        ("p_his_db", Verdict.CRIT, 1, ("db1",)),
        ("library", Verdict.UNKNOWN, 1, ("web2",)),
        ("laundry", Verdict.SKIPPED, 0, ()),
    ]


verdicts = st.sampled_from([*VALUES, Verdict.UNKNOWN, Verdict.SKIPPED, Verdict.NOT_RUN, Verdict.WAIVED])


@st.composite
def outcomes(draw: st.DrawFn) -> tuple[HostOutcome, ...]:
    """Of some of five hosts, each with any verdicts at all, values or none."""

    def host(name: str) -> HostOutcome:
        if draw(st.integers(0, 5)) == 0:
            return lost(name)
        return outcome(name, *(check(task) for task in LAYERS))

    def check(task: str) -> CheckResult:
        values = tuple(
            value(one, f"/{place}") for place, one in enumerate(draw(st.lists(verdicts, max_size=2)))
        )
        return result(task, *values, verdict=None if values else draw(verdicts))

    return tuple(host(name) for name in draw(st.sets(st.sampled_from(HOSTS))))


HOSTS = ("db1", "db2", "web1", "web2", "far1")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=outcomes())
def test_the_numbers_of_a_report_add_up(database: Path, given: tuple[HostOutcome, ...]) -> None:
    shown = report(recorded(plan(*HOSTS), *given))
    coverage = shown.coverage
    assert coverage.due == coverage.done + coverage.unknown + coverage.not_run
    assert coverage.due + coverage.skipped == len(HOSTS) * len(LAYERS) == sum(shown.counts.values())
    assert sum((Counter(row) for row in shown.matrix.values()), Counter()) == Counter(shown.counts)
    assert sum((Counter(host.counts) for host in shown.hosts), Counter()) == Counter(shown.counts)
    assert {(item.host, item.id) for item in shown.items} == {
        (host, task) for host in HOSTS for task in LAYERS
    }
    assert all(item.verdict.finding and item.change for item in shown.findings)
    assert not any(item.verdict.finding and item.host in healthy(shown) for item in shown.items)


def healthy(shown: RoundReport) -> set[str]:
    """Hosts that no finding names."""
    return {host.name for host in shown.hosts} - {item.host for item in shown.findings}
