"""When a number crosses its limit, tried on series whose future is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.forecast import Forecast, Point, fills_within, foretell
from orchestrator.model.threshold import Comparison, Limit
from orchestrator.reporting.foresight import COVERAGE, WINDOW, foresee
from orchestrator.reporting.stretch import Series
from tests.synthetic import CRIT, KINDS, NOW, Kind, try_out

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = 20


def series(value: Callable[[float], float], days: float = DAYS, apart: float = 0.5) -> list[Point]:
    count = int(days / apart)
    times = [-apart * number for number in range(count, -1, -1)]
    return [Point(NOW + timedelta(days=day), value(day)) for day in times]


def why(points: list[Point], crit: Limit | None = CRIT) -> str:
    forecast = foresee(points, crit, NOW)
    assert forecast.earliest is None
    assert forecast.latest is None
    assert forecast.reason is not None
    return forecast.reason.en


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.rising], ids=lambda kind: kind.name)
def test_the_interval_holds_the_true_crossing_as_often_as_it_says(kind: Kind) -> None:
    tally = try_out(kind, 150)
    assert tally.told >= 20
    assert tally.coverage >= COVERAGE


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.rising], ids=lambda kind: kind.name)
def test_what_does_not_grow_is_hardly_ever_said_to_fill_up(kind: Kind) -> None:
    tally = try_out(kind, 100)
    # Logs that were rotated once or never within their history look like growth to anyone.
    assert tally.told <= (8 if "saw-tooth" in kind.name else 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_values_of_30_60_and_90_days_hold_as_often_as_they_say(kind: Kind) -> None:
    tally = try_out(kind, 100, seed=3)
    assert tally.after_held >= (COVERAGE - 0.05) * tally.after  # a hundred series are few


def test_a_line_is_foretold_to_the_day() -> None:
    forecast = foresee(series(lambda day: 80 + day), CRIT, NOW)
    assert forecast.slope == pytest.approx(1.0)
    assert forecast.earliest is not None
    assert forecast.latest is not None
    middle = forecast.earliest + (forecast.latest - forecast.earliest) / 2
    assert abs(middle - (NOW + timedelta(days=10))) < timedelta(hours=12)


def test_what_shrinks_towards_a_low_limit_is_foretold_as_well() -> None:
    forecast = foresee(series(lambda day: 20 - day), Limit(Comparison.AT_MOST, 10.0), NOW)
    assert forecast.slope == pytest.approx(-1.0)
    assert fills_within(forecast, 11, NOW)
    assert not fills_within(forecast, 5, NOW)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (series(lambda day: 80 + day, days=2.5), "only 6 samples"),
        (series(lambda day: 80 + day, days=1, apart=0.1), "too close together"),
        (series(lambda day: 95.0), "beyond its critical limit already"),
        (series(lambda day: 60.0), "hardly changes"),
        (series(lambda day: 60 - day), "going back"),
        (series(lambda day: 60 + day * 0.1), "will not reach its limit"),
        (series(lambda day: 60 + day * 0.5, days=10), "see no further"),
        (series(lambda day: 40.0 if day < -1.2 else 60.0), "since it jumped"),
        (series(lambda day: 40.0 if day < -8 else 60.0), "hardly changes"),
        (series(lambda day: 40 + 4 * (day % 5)), "falls back again and again"),
        ([p for p in series(lambda day: 80 + day) if p.at < NOW - timedelta(days=5)], "no sample for"),
        (
            [p for p in series(lambda day: 80 + day) if not 1.5 < (NOW - p.at) / timedelta(days=1) < 18],
            "since the gap",
        ),
        ([], "only 0 samples"),
    ],
)  # fmt: skip
def test_no_time_is_told_where_the_data_bear_none(points: list[Point], reason: str) -> None:
    assert reason in why(points)


def test_noise_is_no_trend() -> None:
    wild = series(lambda day: 60 + 25 * ((day * 7919) % 1.7 - 0.85), apart=0.5)
    assert "varies too much" in why(wild) or "hardly changes" in why(wild)


@pytest.mark.parametrize(
    "crit", [None, Limit(Comparison.IS_NOT, "active"), Limit(Comparison.OUTSIDE, 1.0, 2.0)]
)
def test_without_a_limit_in_one_direction_there_is_nothing_to_foretell(crit: Limit | None) -> None:
    assert "no critical limit" in why(series(lambda day: 80 + day), crit)


def test_one_wild_value_does_not_bend_a_forecast() -> None:
    calm = foresee(series(lambda day: 80 + day), CRIT, NOW)
    wild = foresee(series(lambda day: 5.0 if day == -7 else 80 + day), CRIT, NOW)
    assert wild.slope == pytest.approx(calm.slope)


def test_what_lies_further_back_than_the_window_changes_nothing() -> None:
    recent = series(lambda day: 80 + day)
    old = [Point(NOW - timedelta(days=WINDOW + 10 - number), 5.0) for number in range(5)]
    assert foresee([*old, *recent], CRIT, NOW) == foresee(recent, CRIT, NOW)


@given(st.lists(st.tuples(st.floats(0, 70), st.floats(-1e6, 1e6)), max_size=60))
def test_whatever_the_data_there_is_a_time_or_a_reason(data: list[tuple[float, float]]) -> None:
    times = sorted(dict(data).items(), reverse=True)
    points = [Point(NOW - timedelta(days=day), value) for day, value in times]
    forecast = foresee(points, CRIT, NOW)
    assert (forecast.earliest is None) == (forecast.reason is not None)
    if forecast.earliest is not None:
        assert forecast.earliest >= NOW
        assert forecast.latest is None or forecast.latest >= forecast.earliest
    assert all(low <= high for _, low, high in forecast.after_days)


@given(st.integers(1, 400), st.integers(2, 40))
def test_a_long_series_is_thinned_to_its_slots(count: int, slots: int) -> None:
    days = tuple(float(number - count) for number in range(count))
    thin = Series(days, days).thinned(slots)
    assert len(thin) <= max(slots, 1)
    assert list(thin.days) == sorted(thin.days)


def test_the_forecast_is_one_sentence() -> None:
    forecast = Forecast(
        20, 1.0, NOW + timedelta(days=9), NOW + timedelta(days=14), 0.8
    )  # fmt: skip
    said = foretell(forecast, ">= 90%", NOW, SHANGHAI)
    assert said.zh == "预计 9–14 天后（12-03–12-08）达到严重界限 >= 90%（把握 80%）"
    assert said.en == "Reaches its critical limit >= 90% in 9–14 days (12-03–12-08; 80% sure)"
    perhaps = Forecast(20, 1.0, NOW + timedelta(days=9), None, 0.8)
    assert "perhaps never" in foretell(perhaps, ">= 90%", NOW, SHANGHAI).en
    assert not fills_within(perhaps, 30, NOW)
