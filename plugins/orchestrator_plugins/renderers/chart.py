"""A small line chart as SVG: a series over time, its limits, and the days to come where they are foretold.

It knows no report: whatever has points can be drawn, and every word on it is handed in. The drawing is whole
in itself (no script, no style sheet, no link), says in words what it shows, and reads in black and white.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from markupsafe import Markup

from orchestrator.model.forecast import Point
from orchestrator_plugins.renderers.legibility import label

_GAP = 3.5
"""A pause this many times as long as usual is a gap: nobody looked, so no line is drawn."""
_INK, _SOFT, _WARN, _CRIT, _BED = "#1d4a66", "#56636f", "#8a5200", "#ab1f1b", "#dfe5ea"


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit, drawn as a line across."""

    value: float
    words: str
    final: bool = False
    """The second limit is drawn through, the first dashed."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the value will be at one time: somewhere between the two."""

    at: datetime
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a limit will be reached: at the earliest and at the latest, which may be never."""

    earliest: datetime
    latest: datetime | None
    limit: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn."""

    title: str
    description: str
    """What it shows, for who can't see it."""
    points: tuple[Point, ...]
    """Oldest first. What is no finite number is a gap."""
    number: Callable[[float], str]
    day: Callable[[datetime], str]
    rules: tuple[Rule, ...] = ()
    reaches: tuple[Reach, ...] = ()
    crossing: Crossing | None = None

    @property
    def drawable(self) -> bool:
        return sum(1 for point in self.points if math.isfinite(point.value)) > 1


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


def draw(chart: Chart, size: Size = FULL, *, font: str = "") -> Markup:
    """The chart as one `svg` element for a page. With `font` it is a document of its own, for a file."""
    frame = _Frame.around(chart, size)
    inside, alone = Markup(" class=chart"), Markup(' xmlns="http://www.w3.org/2000/svg" font-family="{}"')
    opening = Markup('<svg{} viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        alone.format(font) if font else inside, _n(size.width), _n(size.height), label(chart.title)
    )
    parts = [
        _element("title", chart.title),
        _element("desc", chart.description),
        *_reaches(chart, frame),
        *_rules(chart, frame),
        *_series(chart.points, frame),
        *_crossing(chart, frame),
        *(_axes(chart, frame) if size.labelled else ()),
    ]
    return opening + Markup("").join(parts) + Markup("</svg>")


@dataclass(frozen=True, slots=True)
class _Frame:
    """From times and values to places on the drawing."""

    size: Size
    start: datetime
    end: datetime
    low: float
    high: float

    @classmethod
    def around(cls, chart: Chart, size: Size) -> _Frame:
        seen = [point for point in chart.points if math.isfinite(point.value)]
        start, now = seen[0].at, seen[-1].at
        end = _horizon(chart, start, now)
        values = [point.value for point in seen] + [rule.value for rule in chart.rules]
        values += [edge for one in _until(chart, end) for edge in (one.low, one.high)]
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


def _until(chart: Chart, end: datetime) -> list[Reach]:
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


def _reaches(chart: Chart, frame: _Frame) -> Iterator[Markup]:
    path = _until(chart, frame.end)
    if len(path) < 2:
        return
    upper = [(frame.x(one.at), frame.y(one.high)) for one in path]
    lower = [(frame.x(one.at), frame.y(one.low)) for one in path]
    yield _path(_line([*upper, *reversed(lower)]) + "Z", fill=_BED)
    for edge in (upper, lower):
        yield _path(_line(edge), stroke=_SOFT, stroke_width="0.9", stroke_dasharray="1 2.2")


def _rules(chart: Chart, frame: _Frame) -> Iterator[Markup]:
    left, right = frame.size.left, frame.size.width - frame.size.right
    taken: list[float] = []
    for rule in sorted(chart.rules, key=lambda one: not one.final):
        at = frame.y(rule.value)
        dashes = {} if rule.final else {"stroke_dasharray": "5 3"}
        colour = _CRIT if rule.final else _WARN
        yield _path(_line([(left, at), (right, at)]), stroke=colour, stroke_width="1", **dashes)
        if frame.size.labelled and all(abs(at - other) >= 8 for other in taken):
            yield _words(right + 3, at + 3, rule.words, colour)
            taken.append(at)


def _series(points: Sequence[Point], frame: _Frame) -> Iterator[Markup]:
    for stretch in _stretches(points):
        places = [(frame.x(point.at), frame.y(point.value)) for point in stretch]
        if len(places) == 1:
            yield _dot(*places[0], 1.6)
        else:
            yield _path(_line(places), stroke=_INK, stroke_width="1.7")
    last = next(point for point in reversed(points) if math.isfinite(point.value))
    yield _dot(frame.x(last.at), frame.y(last.value), 2.4)


def _stretches(points: Sequence[Point]) -> Iterator[list[Point]]:
    """The series cut wherever nobody looked, or what was seen is no number."""
    pauses = [(after.at - before.at).total_seconds() for before, after in pairwise(points)]
    longest = _GAP * median(pauses) if pauses else 0.0
    stretch: list[Point] = []
    for point in points:
        lost = not math.isfinite(point.value)
        if stretch and (lost or (point.at - stretch[-1].at).total_seconds() > longest):
            yield stretch
            stretch = []
        if not lost:
            stretch.append(point)
    if stretch:
        yield stretch


def _crossing(chart: Chart, frame: _Frame) -> Iterator[Markup]:
    """A heavy bar on the limit, from the earliest to the latest time; open where it may be never."""
    if chart.crossing is None or not chart.reaches:
        return
    at = frame.y(chart.crossing.limit)
    left = frame.x(chart.crossing.earliest)
    right = frame.x(chart.crossing.latest or frame.end)
    open_end = {} if chart.crossing.latest else {"stroke_dasharray": "4 2"}
    yield _path(_line([(left, at), (max(right, left + 2), at)]), stroke=_CRIT, stroke_width="4", **open_end)
    for place in (left, right) if chart.crossing.latest else (left,):
        foot = frame.size.height - frame.size.bottom
        yield _path(
            _line([(place, at), (place, foot)]), stroke=_CRIT, stroke_width="0.7", stroke_dasharray="2 2"
        )


def _axes(chart: Chart, frame: _Frame) -> Iterator[Markup]:
    size = frame.size
    foot, right = size.height - size.bottom, size.width - size.right
    yield _path(
        _line([(size.left, size.top), (size.left, foot), (right, foot)]), stroke=_SOFT, stroke_width="0.8"
    )
    seen = [point for point in chart.points if math.isfinite(point.value)]
    lowest, highest = min(point.value for point in seen), max(point.value for point in seen)
    yield _words(size.left - 3, frame.y(highest) + 3, chart.number(highest), _SOFT, "end")
    if frame.y(lowest) - frame.y(highest) >= 9:
        yield _words(size.left - 3, frame.y(lowest) + 3, chart.number(lowest), _SOFT, "end")
    yield from _dates(chart, frame, seen[-1].at)


def _dates(chart: Chart, frame: _Frame, now: datetime) -> Iterator[Markup]:
    """Under the axis: the first day, the last that was seen, and the crossing, as far as there is room."""
    foot = frame.size.height - frame.size.bottom + 11
    crossing = chart.crossing if chart.reaches else None
    wanted = [(frame.start, "start"), (now, "middle")]
    if crossing:
        wanted += [(one, "middle") for one in (crossing.earliest, crossing.latest) if one]
    taken: list[float] = []
    for at, anchor in (wanted[0], *reversed(wanted[1:])):
        place = frame.x(at)
        middle = place + 14 if anchor == "start" else place
        if all(abs(middle - other) >= 32 for other in taken):
            yield _words(place, foot, chart.day(at), _SOFT, anchor)
            taken.append(middle)


def _element(tag: str, words: str) -> Markup:
    return Markup(f"<{tag}>{{}}</{tag}>").format(label(words))  # noqa: S704 - the tag is ours


def _words(x: float, y: float, words: str, colour: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" font-size="9" fill="{}" text-anchor="{}">{}</text>').format(
        _n(x), _n(y), colour, anchor, label(words)
    )


def _path(way: str, *, fill: str = "none", stroke: str = "none", **more: str) -> Markup:
    attributes = {"fill": fill, "stroke": stroke, **more}
    written = Markup(" ").join(
        Markup('{}="{}"').format(name.replace("_", "-"), value) for name, value in attributes.items()
    )
    return Markup('<path d="{}" {}/>').format(way, written)


def _dot(x: float, y: float, radius: float) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="{}" fill="{}"/>').format(_n(x), _n(y), radius, _INK)


def _line(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in places)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
