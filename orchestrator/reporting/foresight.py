"""When a number will cross its limit: an interval, or the reason why the data bear none.

docs/discussions/forecasts.md says how, and how often the interval held the truth on series made for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import inf, sqrt

from orchestrator.language import Text
from orchestrator.model.forecast import Forecast, Point
from orchestrator.model.threshold import Comparison, Limit
from orchestrator.reporting.slope import TREND_SURE, USUAL, Slope, theil_sen
from orchestrator.reporting.stretch import FEWEST, Break, Series, last_stretch

WINDOW = 60
"""Days that are looked back: what was before says little of now."""
HORIZON = 180
"""Days that are looked ahead at most."""
REACH = 3
"""Times the days that the trend was seen: so far ahead it is believed."""
COVERAGE = 0.8
"""What the intervals of all kinds of synthetic series hold, rounded down."""
AFTER = (30, 60, 90)
_SHORTEST_SPAN = 2.5
_STALE = 3.0
_RISING = (Comparison.ABOVE, Comparison.AT_LEAST)
_FALLING = (Comparison.BELOW, Comparison.AT_MOST)
_DAY = timedelta(days=1)
_WHOLE = 100.0
"""Per cent."""


def foresee(points: Sequence[Point], crit: Limit | None, now: datetime, unit: str = "") -> Forecast:
    """What a series, oldest first, says of the days after `now`: no more than its unit allows."""
    series = _recent(points, now)
    way = -1.0 if crit is not None and crit.comparison in _FALLING else 1.0
    if crit is None or crit.comparison not in _RISING + _FALLING or isinstance(crit.operand, str):
        return _none(series, Text("没有可预测的严重界限", "it has no critical limit that can be foreseen"))
    if series.values and crit.broken_by(series.values[-1]):
        return _none(series, Text("已超过严重界限", "it is beyond its critical limit already"))
    reason = _unfit(series)
    if reason is not None:
        return _none(series, reason)
    turned = Series(series.days, tuple(way * value for value in series.values))
    stretch, broken = last_stretch(turned)
    reason = _spoilt(stretch, broken)
    if reason is not None:
        return _none(stretch, reason)
    thin = stretch.thinned()
    band = _Band(theil_sen(thin.days, thin.values), stretch.span, whole=stretch.whole)
    return _crossing(band, way * crit.operand, stretch, way, now, _bounds(stretch, way, unit))


class _Band:
    """Where the value will be, some days from now: between `low` and `high`."""

    def __init__(self, slope: Slope, span: float, *, whole: bool) -> None:
        self.slope = slope
        self.sure = slope.between(TREND_SURE)
        self._low, self._high = slope.between(USUAL)
        self._noise = (USUAL * slope.scatter) ** 2
        # What grows by chance strays from its line with the root of the time. Of a chance walk over `span`
        # days, seen about its own line, a fifteenth of its variance is left; twice that, because short series
        # show too little of their memory.
        self._walk = 30 * self._noise * slope.memory / span
        self._rounding = 0.5 if whole else 0.0

    def low(self, ahead: float) -> float:
        return self.slope.level + self._low * (ahead - self.slope.centre) - self._stray(ahead)

    def middle(self, ahead: float) -> float:
        return self.slope.level + self.slope.per_day * (ahead - self.slope.centre)

    def high(self, ahead: float) -> float:
        return self.slope.level + self._high * (ahead - self.slope.centre) + self._stray(ahead)

    def after(self, days: int, way: float, bounds: tuple[float, float]) -> tuple[int, float, float]:
        least, most = bounds
        low, high = sorted(min(max(way * end(days), least), most) for end in (self.low, self.high))
        return days, low, high

    def _stray(self, ahead: float) -> float:
        return sqrt(self._noise + self._walk * ahead) + self._rounding


def _bounds(stretch: Series, way: float, unit: str) -> tuple[float, float]:
    """Between which values the number stays. One that was seen outside is of another kind."""
    seen = [way * value for value in stretch.values]
    least = 0.0 if min(seen) >= 0 else -inf
    most = _WHOLE if unit == "%" and max(seen) <= _WHOLE else inf
    return least, most


def _crossing(
    band: _Band, limit: float, stretch: Series, way: float, now: datetime, bounds: tuple[float, float]
) -> Forecast:
    reach = min(REACH * stretch.span, HORIZON)
    earliest = _first(lambda day: band.high(day) >= limit, HORIZON)
    middle = _first(lambda day: band.middle(day) >= limit, HORIZON)
    latest = _first(lambda day: band.low(day) >= limit, HORIZON)
    reason = _no_trend(band, earliest)
    if reason is None and (earliest is None or middle is None):
        reason = Text(f"{HORIZON} 天内不会达到界限", f"it will not reach its limit within {HORIZON} days")
    elif reason is None and middle is not None and middle > reach:
        reason = Text(
            f"照现在的趋势 {reach:.0f} 天内不会达到；数据只有 {stretch.span:.0f} 天，看不到更远",
            f"not within {reach:.0f} days as it goes now; {stretch.span:.0f} days of data see no further",
        )
    after = tuple(band.after(days, way, bounds) for days in AFTER if days <= reach)
    told = reason is None and earliest is not None
    return Forecast(
        samples=len(stretch),
        slope=way * band.slope.per_day,
        earliest=now + earliest * _DAY if told and earliest is not None else None,
        latest=now + latest * _DAY if told and latest is not None else None,
        coverage=COVERAGE,
        after_days=after,
        reason=reason,
    )


def _no_trend(band: _Band, earliest: float | None) -> Text | None:
    low, high = band.sure
    if high < 0:
        return Text("在回落", "it is going back")
    if low > 0:
        return None
    if earliest is None:
        return Text("基本不变", "it hardly changes")
    return Text("波动太大，看不出趋势", "it varies too much to show a trend")


def _first(reached: Callable[[float], bool], horizon: float) -> float | None:
    """The first time for which `reached` holds; once it does, it goes on to."""
    if reached(0.0):
        return 0.0
    if not reached(horizon):
        return None
    before, after = 0.0, horizon
    while after - before > 0.01:
        middle = (before + after) / 2
        before, after = (before, middle) if reached(middle) else (middle, after)
    return after


def _recent(points: Sequence[Point], now: datetime) -> Series:
    days = [(point.at - now) / _DAY for point in points]
    # Of several values at the same instant the last counts: there is no slope between them.
    kept = {day: point.value for day, point in zip(days, points, strict=True) if -WINDOW <= day <= 0.1}
    return Series(tuple(kept), tuple(kept.values()))


def _unfit(series: Series) -> Text | None:
    if len(series) < FEWEST:
        return Text(
            f"只有 {len(series)} 个数据，至少要 {FEWEST} 个",
            f"only {len(series)} samples of at least {FEWEST}",
        )
    if -series.days[-1] > _STALE:
        return Text(f"{-series.days[-1]:.0f} 天没有新数据", f"no sample for {-series.days[-1]:.0f} days")
    if series.span < _SHORTEST_SPAN:
        return Text("数据的时间跨度太短", "the samples lie too close together in time")
    return None


def _spoilt(stretch: Series, broken: Break) -> Text | None:
    if broken is Break.SAW:
        return Text(
            "反复回落（如日志轮转），不是增长趋势", "it falls back again and again, as rotated logs do"
        )
    if len(stretch) >= FEWEST and stretch.span >= _SHORTEST_SPAN:
        return None
    if broken is Break.GAP:
        return Text("中断之后的数据太少", "too few samples since the gap")
    return Text("突变之后的数据太少", "too few samples since it jumped")


def _none(series: Series, reason: Text) -> Forecast:
    return Forecast(samples=len(series), reason=reason)
