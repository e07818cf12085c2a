"""Whatever a host says can be recorded and read back, on each database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrator.language import Text
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.report import ReportItem
from orchestrator.model.round import HostFailure, HostOutcome, RoundState
from orchestrator.model.system import Catalogue
from orchestrator.model.verdict import Verdict
from orchestrator.records.memory import remember, remembered
from orchestrator.records.rounds import close_round, open_round, record_outcomes
from orchestrator.reporting.round_report import build_report
from tests.rounds import LIMITS, LOST, MASKER, START, WANG, outcome, plan, result

pytestmark = pytest.mark.usefixtures("database")
WORDS = st.text(st.one_of(st.sampled_from("\0\ud800\udfff\n\\'%/a"), st.characters()), max_size=12)
VALUES = st.one_of(st.floats(), WORDS)
ONE_BY_ONE = settings(
    max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NUMBERS = count()


@given(WORDS, WORDS, WORDS, VALUES)
@example("/data\0", "\0", "\ud800", float("nan"))
@example("", "", "", float("-inf"))
@ONE_BY_ONE
def test_any_words_and_values_of_a_check_are_recorded_and_reported(
    subject: str, evidence: str, reason: str, value: float | str
) -> None:
    seen = Judgement(Observation("used_pct", value, subject, evidence), "%", LIMITS, Verdict.CRIT)
    report = _reported(
        outcome("db1", result("disk", seen), result("service", verdict=Verdict.UNKNOWN)), Text(reason, reason)
    )
    assert [item.verdict for item in report if item.id == "disk"] == [Verdict.CRIT]


@given(WORDS)
@ONE_BY_ONE
def test_any_word_about_a_lost_host_is_recorded_and_reported(word: str) -> None:
    lost = outcome("db1", result("disk", verdict=Verdict.UNKNOWN))
    failure = HostFailure(LOST.reason, Text(word, word), Text(word, word))
    report = _reported(_with(lost, failure), Text("", ""))
    assert [item.host for item in report if not item.id] == ["db1"]


@given(st.lists(WORDS, max_size=3))
@example(["printf '\0'"])
@ONE_BY_ONE
def test_any_commands_are_remembered_or_left_out(commands: list[str]) -> None:
    host = f"db{next(NUMBERS)}"
    asked = plan(host)
    remember(asked, [outcome(host, result("disk", verdict=Verdict.UNKNOWN), commands=commands)], MASKER)
    assert set(remembered(asked).get(host, ())) <= set(commands)


def _with(seen: HostOutcome, failure: HostFailure) -> HostOutcome:
    return replace(seen, failure=failure)


def _reported(seen: HostOutcome, reason: Text) -> tuple[ReportItem, ...]:
    """The findings of a round with this one outcome."""
    at = START + timedelta(minutes=next(NUMBERS))
    seen = replace(seen, results=tuple(replace(one, reason=reason) for one in seen.results), started_at=at)
    number = open_round(plan("db1"), WANG, at, "0.1.0")
    record_outcomes(number, [seen], MASKER)
    close_round(number, RoundState.COMPLETED, at)
    return build_report(number, Text("", ""), Catalogue(()), "UTC", at, lambda *_: None).findings
