"""When a number crosses its limit, tried on series whose future is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.language import Text
from orchestrator.model.forecast import Forecast, Point, fills_within
from orchestrator.model.foretelling import Foretelling
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


def test_no_more_is_foretold_than_the_unit_allows() -> None:
    steep = series(lambda day: 85 + day)
    percent, plain = (foresee(steep, CRIT, NOW, unit) for unit in ("%", "GB"))
    assert [(days, round(low), round(high)) for days, low, high in percent.after_days[:1]] == [(30, 100, 100)]
    assert plain.after_days[0][1] > 100
    assert (percent.earliest, percent.latest) == (plain.earliest, plain.latest)
    beyond = foresee(series(lambda day: 120 + day), Limit(Comparison.AT_LEAST, 150.0), NOW, "%")
    assert beyond.after_days[0][2] > 100
    falling = foresee(series(lambda day: 30 - day), Limit(Comparison.AT_MOST, 5.0), NOW, "GB")
    assert [low for _, low, _ in falling.after_days] == [0.0] * len(falling.after_days)


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


def test_of_values_at_the_same_instant_the_last_counts() -> None:
    calm = series(lambda day: 80 + day)
    doubled = [*calm[:-1], Point(calm[-1].at, 5.0), calm[-1]]
    assert foresee(doubled, CRIT, NOW) == foresee(calm, CRIT, NOW)


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


def told(earliest: float | None, latest: float | None = None, crit: str = ">= 90") -> Text:
    """What is said of a crossing so many days from now."""
    first, last = (None if day is None else NOW + timedelta(days=day) for day in (earliest, latest))
    return Foretelling(Forecast(20, 1.0, first, last, 0.8), crit, "%", NOW, SHANGHAI).crossing


@pytest.mark.parametrize(
    ("earliest", "latest", "zh", "en"),
    [
        (
            9,
            14,
            "预计 12 月 3 日至 8 日（9–14 天后）达到严重界限 90%",
            "Reaches its critical limit 90% between 3 Dec and 8 Dec (in 9–14 days)",
        ),
        (
            3,
            44,
            "预计 11 月 27 日至 2027 年 1 月 7 日（3–44 天后）达到严重界限 90%",
            "Reaches its critical limit 90% between 27 Nov and 7 Jan 2027 (in 3–44 days)",
        ),
        (
            0.1,
            0.2,
            "预计 11 月 24 日（一天之内）达到严重界限 90%",
            "Reaches its critical limit 90% on 24 Nov (within a day)",
        ),
        (
            -1,
            2,
            "预计 11 月 24 日至 26 日（2 天之内）达到严重界限 90%",
            "Reaches its critical limit 90% between 24 Nov and 26 Nov (within 2 days)",
        ),
        (
            9,
            None,
            "最早 12 月 3 日（9 天后）达到严重界限 90%，也可能一直不会",
            "Reaches its critical limit 90% on 3 Dec (in 9 days) at the earliest, perhaps never",
        ),
    ],
)
def test_a_crossing_is_one_sentence(earliest: float, latest: float | None, zh: str, en: str) -> None:
    assert told(earliest, latest) == Text(zh, en)


def test_what_falls_is_said_to_fall() -> None:
    assert "降到严重界限 10%" in told(9, 14, "<= 10").zh
    assert "Falls to its critical limit 10%" in told(9, 14, "<= 10").en


def test_without_a_crossing_the_reason_is_said_and_the_values_to_come_beside_it() -> None:
    flat = Forecast(
        samples=20,
        slope=0.03,
        coverage=0.8,
        after_days=((30, 57.93, 60.61),),
        reason=Text("基本不变", "it hardly changes"),
    )
    said = Foretelling(flat, ">= 90", "%", NOW, SHANGHAI)
    assert said.crossing == Text("不预测到限日期：基本不变", "No date foretold: it hardly changes")
    assert said.values == Text("30 天后 57.9–60.6%", "in 30 days 57.9–60.6%")
    assert said.value(60) is None
    assert said.basis == Text("20 个样本，每天 +0.03%，把握 80%", "20 samples, +0.03% a day, 80% sure")


def test_a_forecast_of_nothing_says_only_how_much_it_rests_on() -> None:
    said = Foretelling(Forecast(4, reason=Text("太少", "too few")), ">= 90", "%", NOW, SHANGHAI)
    assert said.values is None
    assert said.basis == Text("4 个样本", "4 samples")


def test_what_is_perhaps_never_is_not_near() -> None:
    assert not fills_within(Forecast(20, 1.0, NOW + timedelta(days=9), None, 0.8), 30, NOW)
    assert fills_within(Forecast(20, 1.0, NOW, NOW + timedelta(days=9), 0.8), 7, NOW)
