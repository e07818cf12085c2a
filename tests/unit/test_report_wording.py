"""How a report writes numbers, limits, times and hostile text."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.language import Language
from orchestrator.model.quantity import number, span
from orchestrator.model.threshold import Value
from orchestrator_plugins.renderers.legibility import EVIDENCE_LIMIT, EVIDENCE_LINES, excerpt, legible
from orchestrator_plugins.renderers.wording import Wording

ZH = Wording(Language.ZH, ZoneInfo("Asia/Shanghai"))
EN = Wording(Language.EN, ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (93.0, "%", "93%"),
        (93.456, "%", "93.46%"),
        (0.0021, "s", "0.0021\u00a0秒"),
        (1234567.0, "", "1,234,567"),
        (-0.0, "", "0"),
        (5e-324, "", "4.9e-324"),
        (1e300, "", "1e+300"),
        (float("nan"), "", "?"),
        ("active", "", "active"),
        ("true", "", "是"),
        ("", "", "—"),
        (None, "%", "—"),
    ],
)
def test_a_value_is_written_as_a_person_would(value: Value | None, unit: str, written: str) -> None:
    assert ZH.amount(value, unit) == written


@pytest.mark.parametrize(
    ("limit", "unit", "written"),
    [
        (">= 85", "%", "≥\u00a085%"),
        ("<= 3", "d", "≤\u00a03\u00a0天"),
        ("!= active", "", "≠\u00a0active"),
        ("!= true", "", "≠\u00a0是"),
        ("outside 18..27", "", "超出 18–27"),
        ("", "%", "—"),
        ("nonsense", "%", "nonsense"),
    ],
)
def test_a_limit_is_written_with_its_sign_and_unit(limit: str, unit: str, written: str) -> None:
    assert ZH.limit(limit, unit) == written


@pytest.mark.parametrize(
    ("value", "previous", "written"),
    [
        (93.4, 91.2, "+2.2"),
        (6.0, 52.0, "−46"),
        (1.0, 1.0, "±0"),
        ("up", 1.0, ""),
        (1.0, None, ""),
        (1e308, -1e308, ""),
    ],
)
def test_a_change_carries_its_sign(value: Value, previous: Value | None, written: str) -> None:
    assert ZH.difference(value, previous) == written


def test_times_are_those_of_the_hospital_and_durations_are_words() -> None:
    started = datetime(2026, 11, 23, 22, 31, 4, tzinfo=UTC)
    assert ZH.when(started) == "2026-11-24 06:31"
    assert ZH.until(started + timedelta(seconds=38), started) == "06:31:42"
    assert ZH.until(started + timedelta(days=1), started) == "2026-11-25 06:31:04"
    assert EN.until(None, started) == "not ended"
    assert ZH.duration(timedelta(minutes=3, seconds=12)) == "3\u00a0分 12\u00a0秒"
    assert EN.duration(timedelta(hours=2, seconds=5)) == "2\u00a0h 0\u00a0min"


@given(st.floats())
def test_any_number_can_be_written_in_little_room(value: float) -> None:
    assert len(number(value)) <= 23


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (94.13, 97.42, "94.1–97.4%"),
        (65.1, 88.93, "65–89%"),
        (61.031, 61.339, "61.03–61.34%"),
        (58.0, 58.0, "58%"),
        (float("nan"), 3.0, "?–3%"),
    ],
)
def test_a_span_is_written_no_finer_than_its_ends_lie_apart(low: float, high: float, written: str) -> None:
    assert span(low, high, "%").zh == written


@given(st.text(st.characters(codec=None)))
def test_legible_text_hides_nothing_and_stays_as_it_is(text: str) -> None:
    shown = legible(text)
    kept = "\n\t\u200c\u200d"
    assert not [
        one
        for one in shown
        if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") and one not in kept
    ]
    assert legible(shown) == shown
    shown.encode()


@given(st.text(st.characters(codec=None), max_size=4000))
def test_an_excerpt_counts_every_character_that_it_leaves_out(evidence: str) -> None:
    shown = excerpt(evidence)
    assert shown.text.count("\n") < EVIDENCE_LINES
    assert 0 <= shown.left_out <= len(evidence)
    assert shown.left_out or legible(evidence.rstrip()) == shown.text
    assert len(evidence) <= EVIDENCE_LIMIT or shown.left_out or len(evidence.rstrip()) <= EVIDENCE_LIMIT
