"""What a CI system makes of a round: nothing that was not seen may look passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.language import Language, Text
from orchestrator.model.report import RoundReport
from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.junit import render
from tests.golden import rounds

_SHAPE: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "testsuites": (
        frozenset({"name", "tests", "failures", "errors", "skipped", "time"}),
        frozenset({"testsuite"}),
    ),
    "testsuite": (
        frozenset({"name", "hostname", "tests", "failures", "errors", "skipped", "time", "timestamp"}),
        frozenset({"testcase"}),
    ),
    "testcase": (frozenset({"name", "classname", "time"}), frozenset({"failure", "error", "skipped"})),
    "failure": (frozenset({"message", "type"}), frozenset()),
    "error": (frozenset({"message", "type"}), frozenset()),
    "skipped": (frozenset({"message"}), frozenset()),
}
"""Attributes and children as Jenkins' and Maven Surefire's schema know them."""


def tree(report: RoundReport, language: Language = Language.ZH) -> ET.Element:
    return ET.fromstring(render(report, language))


@pytest.mark.parametrize("case", rounds.CASES)
@pytest.mark.parametrize("language", Language)
def test_it_has_the_shape_that_ci_systems_read(case: str, language: Language) -> None:
    for one in tree(rounds.CASES[case](), language).iter():
        attributes, children = _SHAPE[one.tag]
        assert set(one.attrib) == attributes
        assert {child.tag for child in one} <= children
        assert one.tag != "testcase" or len(one) <= 1


@pytest.mark.parametrize("case", rounds.CASES)
def test_its_totals_are_those_of_its_test_cases(case: str) -> None:
    root = tree(rounds.CASES[case]())
    for one in (root, *root.iter("testsuite")):
        cases = list(one.iter("testcase"))
        assert int(one.attrib["tests"]) == len(cases)
        for tag in ("failure", "error", "skipped"):
            total = one.attrib[tag if tag == "skipped" else f"{tag}s"]
            assert int(total) == sum(1 for case in cases if case.find(tag) is not None)


@pytest.mark.parametrize("case", rounds.CASES)
def test_only_what_was_seen_and_is_fine_passes(case: str) -> None:
    report = rounds.CASES[case]()
    suites = [one for one in tree(report).iter("testsuite") if one.attrib["name"] != "wardround"]
    passed = sum(1 for suite in suites for one in suite.iter("testcase") if len(one) == 0)
    assert passed == sum(1 for item in report.items if item.verdict is Verdict.OK)


def test_findings_are_failures_and_what_was_not_seen_is_an_error() -> None:
    morning = tree(rounds.morning())
    assert {one.attrib["type"] for one in morning.iter("failure")} == {"warn", "crit"}
    assert {one.attrib["type"] for one in morning.iter("error")} == {"unknown"}
    assert "not_run" in {one.attrib["type"] for one in tree(rounds.cancelled()).iter("error")}


def test_a_waived_finding_is_skipped_with_who_accepted_it() -> None:
    said = [one.attrib["message"] for one in tree(rounds.morning()).iter("skipped")]
    assert any("李主任" in one and "厂商确认内存条已订购" in one for one in said)


@pytest.mark.parametrize("state", [RoundState.CANCELLED, RoundState.INTERRUPTED, RoundState.RUNNING])
def test_a_round_that_did_not_end_is_red_even_where_all_seen_is_fine(state: RoundState) -> None:
    assert int(tree(replace(rounds.clean(), state=state)).attrib["errors"]) == 1


def test_a_round_that_saw_nothing_is_red() -> None:
    assert int(tree(rounds.empty()).attrib["errors"]) == 1


def test_a_host_without_any_value_is_red() -> None:
    root = tree(replace(rounds.morning(), items=()))
    suite = next(one for one in root.iter("testsuite") if one.attrib["name"] == "lis-db01")
    assert suite.attrib["errors"] == "1"


def test_names_within_a_suite_are_unique() -> None:
    for suite in tree(rounds.fleet(2)).iter("testsuite"):
        names = [one.attrib["name"] for one in suite]
        assert len(names) == len(set(names))


@given(st.text(st.characters(codec=None)))
@settings(max_examples=60)
def test_any_text_of_a_host_leaves_the_file_well_formed(evil: str) -> None:
    report = rounds.first()
    item = replace(report.findings[0], title=evil, subject=evil, evidence=evil, reason=Text(evil, evil))
    root = tree(replace(report, title=evil, runbook=evil, items=(item,)))
    assert len(list(root.iter("testsuite"))) == len(report.hosts) + 1
