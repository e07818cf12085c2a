"""The JSON report is what other programs may rely on."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from orchestrator.language import Language
from orchestrator.model.report import RoundReport
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.json import SCHEMA, render
from tests.golden import rounds


def document(report: RoundReport) -> dict[str, Any]:
    found = json.loads(render(report, Language.ZH), parse_constant=pytest.fail)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("case", rounds.CASES)
def test_it_is_the_same_in_every_language_and_names_its_schema(case: str) -> None:
    report = rounds.CASES[case]()
    assert render(report, Language.ZH) == render(report, Language.EN)
    assert document(report)["schema"] == SCHEMA == "wardround/round-report/1"


@pytest.mark.parametrize("case", rounds.CASES)
def test_every_item_has_every_key(case: str) -> None:
    found = document(rounds.CASES[case]())
    keys = {tuple(item) for name in ("findings", "cleared", "items") for item in found[name]}
    assert len(keys) <= 1


def test_counts_name_every_verdict_and_add_up() -> None:
    found = document(rounds.morning())
    assert set(found["counts"]) == {verdict.value for verdict in Verdict}
    for verdict, count in found["counts"].items():
        assert count == sum(row[verdict] for row in found["matrix"].values())


def test_times_carry_their_zone() -> None:
    started = document(rounds.morning())["round"]["started_at"]
    assert started == "2026-11-24T06:31:04+08:00"
    assert datetime.fromisoformat(started).tzinfo is not None


def test_a_value_that_is_no_number_is_null() -> None:
    values = [item["value"] for item in document(rounds.hostile())["items"]]
    assert None in values


def test_the_values_to_come_are_given_also_where_no_crossing_is_foretold() -> None:
    (forecast,) = [
        item["forecast"]
        for item in document(rounds.morning())["items"]
        if item["host"] == "his-db02" and item["forecast"]
    ]
    assert forecast["earliest"] is None
    assert forecast["reason"]["en"] == "it will not reach its limit within 180 days"
    assert [one["days"] for one in forecast["after_days"]] == [30, 60]
    assert forecast["slope_per_day"] == 0.03


def test_every_component_that_is_named_is_described() -> None:
    found = document(rounds.morning())
    named = {slug for item in found["findings"] for slug in item["affected"]}
    assert named
    assert named <= set(found["components"])


def test_a_round_that_checked_nothing_has_no_percentage() -> None:
    found = document(rounds.empty())
    assert found["coverage"]["percent"] is None
    assert found["tone"] == "unknown"
