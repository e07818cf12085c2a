"""Limits mean what a person reads in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.threshold import Direction, Limit


@pytest.mark.parametrize(
    ("text", "value", "broken"),
    [
        ("> 85", 85, False),
        ("> 85", 85.1, True),
        (">= 85", 85, True),
        ("< 10", 9.9, True),
        ("<= 10", 10, True),
        ("!= active", "active", False),
        ("!= active", "failed", True),
        ("== 5", 5.0, True),
        ("outside 18..27", 18, False),
        ("outside 18..27", 27.5, True),
    ],
)
def test_a_comparison_is_broken_when_it_is_true(text: str, value: float | str, broken: bool) -> None:
    assert Limit.parse(text).broken_by(value) is broken


def test_a_bare_number_takes_the_direction_of_its_metric() -> None:
    assert Limit.parse(85, Direction.HIGH).broken_by(85)
    assert not Limit.parse("10", Direction.LOW).broken_by(11)


@pytest.mark.parametrize("text", ["> lots", "outside 5", "outside 9..2", "", "nan", "> inf", True])
def test_what_is_no_limit_is_refused(text: str | bool) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Limit.parse(text, Direction.HIGH)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([">", ">=", "<", "<="]))
def test_a_limit_prints_as_it_is_read(number: float, sign: str) -> None:
    limit = Limit.parse(f"{sign} {number!r}")
    again = Limit.parse(str(limit))
    assert again.comparison is limit.comparison
    assert float(again.operand) == pytest.approx(float(limit.operand), rel=1e-5)
