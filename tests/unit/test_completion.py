"""What each morning and evening of a month came to."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestrator.model.completion import Completion, month_of
from orchestrator.model.round import RoundLine, RoundState
from tests.rounds import WANG

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 11, 1)
BEGAN = datetime(2026, 11, 2, 7, tzinfo=ZONE)
NOW = datetime(2026, 11, 10, 9, tzinfo=ZONE)


def line(day: int, hour: int, state: RoundState = RoundState.COMPLETED, done: int = 4) -> RoundLine:
    at = datetime(2026, 11, day, hour, tzinfo=ZONE)
    return RoundLine(day * 100 + hour, "morning", "早巡检", state, WANG, at, 1, 0, 4, done, 0, 0)


def half(day: int, *lines: RoundLine, evening: bool = False) -> Completion:
    month = month_of(FIRST, lines, BEGAN, NOW, ZONE)
    return month.half_days[2 * (day - 1) + evening].completion


@pytest.mark.parametrize(
    ("lines", "completion"),
    [
        ((line(5, 7),), Completion.COMPLETED),
        ((line(5, 7, done=3),), Completion.INCOMPLETE),
        ((line(5, 7, RoundState.CANCELLED),), Completion.BROKEN),
        ((line(5, 7, RoundState.INTERRUPTED),), Completion.BROKEN),
        ((line(5, 7, RoundState.RUNNING),), Completion.OPEN),
        ((line(5, 7, RoundState.CANCELLED), line(5, 8)), Completion.COMPLETED),
        ((line(5, 13),), Completion.MISSING),
        ((), Completion.MISSING),
    ],
)
def test_the_best_round_of_a_morning_counts(lines: tuple[RoundLine, ...], completion: Completion) -> None:
    assert half(5, *lines) is completion


def test_a_half_day_is_missing_only_once_it_is_over() -> None:
    assert half(9, evening=True) is Completion.MISSING
    assert half(10) is Completion.OPEN
    assert half(10, evening=True) is Completion.NOT_DUE
    assert half(11) is Completion.NOT_DUE


def test_nothing_was_due_before_the_first_round_of_the_site() -> None:
    assert half(1, evening=True) is Completion.NOT_DUE
    assert half(2) is Completion.MISSING
    assert month_of(FIRST, (), None, NOW, ZONE).counts == {Completion.NOT_DUE: 60}
