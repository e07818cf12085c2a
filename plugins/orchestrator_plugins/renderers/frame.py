"""Where on a drawing the times and values of a chart lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator_plugins.renderers.chart import Chart, Reach


@dataclass(frozen=True, slots=True)
class Size:
    """In the drawing's own units; it scales with the page."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float

    @property
    def labelled(self) -> bool:
        return self.bottom > 0


FULL = Size(250, 112, left=32, right=48, top=8, bottom=16)
SPARK = Size(180, 40, left=3, right=3, top=4, bottom=0)


@dataclass(frozen=True, slots=True)
class Frame:
    """From times and values to places on the drawing."""

    size: Size
    start: datetime
    end: datetime
    low: float
    high: float

    @classmethod
    def around(cls, chart: Chart, size: Size) -> Frame:
        seen = [point for point in chart.points if math.isfinite(point.value)]
        start, now = seen[0].at, seen[-1].at
        end = _horizon(chart, start, now)
        values = [point.value for point in seen] + [rule.value for rule in chart.rules]
        values += [edge for one in path_ahead(chart, end) for edge in (one.low, one.high)]
        low, high = min(values), max(values)
        if 0 <= low < 0.4 * high:
            low = 0.0
        room = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
        return cls(size, start, end, low if low == 0 else low - room, high + room)

    def x(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start) if self.end > self.start else 0.0
        return self.size.left + min(1.0, max(0.0, share)) * (
            self.size.width - self.size.left - self.size.right
        )

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return (
            self.size.height
            - self.size.bottom
            - share * (self.size.height - self.size.top - self.size.bottom)
        )


def _horizon(chart: Chart, start: datetime, now: datetime) -> datetime:
    """How far into the future the drawing reaches: a little beyond the crossing, and nowhere without one."""
    if chart.crossing is None or not chart.reaches:
        return now
    last = chart.crossing.latest or chart.crossing.earliest + (chart.crossing.earliest - now)
    return max(last, now) + max((now - start) * 0.06, timedelta(hours=12))


def path_ahead(chart: Chart, end: datetime) -> list[Reach]:
    """What is foretold, beginning with what was seen last and cut at the end of the drawing."""
    if chart.crossing is None or not chart.reaches:
        return []
    last = next(point for point in reversed(chart.points) if math.isfinite(point.value))
    path = [Reach(last.at, last.value, last.value)]
    for one in chart.reaches:
        if one.at >= end:
            return [*path, _between(path[-1], one, end)]
        path.append(one)
    return path


def _between(before: Reach, after: Reach, at: datetime) -> Reach:
    share = (at - before.at) / (after.at - before.at) if after.at > before.at else 1.0
    return Reach(
        at, before.low + share * (after.low - before.low), before.high + share * (after.high - before.high)
    )
