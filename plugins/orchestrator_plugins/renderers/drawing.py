"""A chart as a small SVG drawing.

It is whole in itself (no script, no style sheet, no link), says in words what it shows, and reads in black
and white.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

from markupsafe import Markup

from orchestrator.model.forecast import Point
from orchestrator_plugins.renderers.chart import Chart
from orchestrator_plugins.renderers.frame import FULL, Frame, Size, path_ahead
from orchestrator_plugins.renderers.legibility import label
from orchestrator_plugins.renderers.svg import dot, element, line, path, shortest, words

_GAP = 3.5
"""A pause this many times as long as usual is a gap: nobody looked, so no line is drawn."""
_INK, _SOFT, _WARN, _CRIT, _BED = "#1d4a66", "#56636f", "#8a5200", "#ab1f1b", "#dfe5ea"


def draw(chart: Chart, size: Size = FULL, *, font: str = "") -> Markup:
    """The chart as one `svg` element for a page. With `font` it is a document of its own, for a file."""
    frame = Frame.around(chart, size)
    inside, alone = Markup(" class=chart"), Markup(' xmlns="http://www.w3.org/2000/svg" font-family="{}"')
    opening = Markup('<svg{} viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        alone.format(font) if font else inside,
        shortest(size.width),
        shortest(size.height),
        label(chart.title),
    )
    parts = [
        element("title", chart.title),
        element("desc", chart.description),
        *_reaches(chart, frame),
        *_rules(chart, frame),
        *_series(chart.points, frame),
        *_crossing(chart, frame),
        *(_axes(chart, frame) if size.labelled else ()),
    ]
    return opening + Markup("").join(parts) + Markup("</svg>")


def _reaches(chart: Chart, frame: Frame) -> Iterator[Markup]:
    ahead = path_ahead(chart, frame.end)
    if len(ahead) < 2:
        return
    upper = [(frame.x(one.at), frame.y(one.high)) for one in ahead]
    lower = [(frame.x(one.at), frame.y(one.low)) for one in ahead]
    yield path(line([*upper, *reversed(lower)]) + "Z", fill=_BED)
    for edge in (upper, lower):
        yield path(line(edge), stroke=_SOFT, stroke_width="0.9", stroke_dasharray="1 2.2")


def _rules(chart: Chart, frame: Frame) -> Iterator[Markup]:
    left, right = frame.size.left, frame.size.width - frame.size.right
    taken: list[float] = []
    for rule in sorted(chart.rules, key=lambda one: not one.final):
        at = frame.y(rule.value)
        dashes = {} if rule.final else {"stroke_dasharray": "5 3"}
        colour = _CRIT if rule.final else _WARN
        yield path(line([(left, at), (right, at)]), stroke=colour, stroke_width="1", **dashes)
        if frame.size.labelled and all(abs(at - other) >= 8 for other in taken):
            yield words(right + 3, at + 3, rule.words, colour)
            taken.append(at)


def _series(points: Sequence[Point], frame: Frame) -> Iterator[Markup]:
    for stretch in _stretches(points):
        places = [(frame.x(point.at), frame.y(point.value)) for point in stretch]
        if len(places) == 1:
            yield dot(*places[0], 1.6, _INK)
        else:
            yield path(line(places), stroke=_INK, stroke_width="1.7")
    last = next(point for point in reversed(points) if math.isfinite(point.value))
    yield dot(frame.x(last.at), frame.y(last.value), 2.4, _INK)


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


def _crossing(chart: Chart, frame: Frame) -> Iterator[Markup]:
    """A heavy bar on the limit, from the earliest to the latest time; open where it may be never."""
    if chart.crossing is None or not chart.reaches:
        return
    at = frame.y(chart.crossing.limit)
    left = frame.x(chart.crossing.earliest)
    right = frame.x(chart.crossing.latest or frame.end)
    open_end = {} if chart.crossing.latest else {"stroke_dasharray": "4 2"}
    yield path(line([(left, at), (max(right, left + 2), at)]), stroke=_CRIT, stroke_width="4", **open_end)
    for place in (left, right) if chart.crossing.latest else (left,):
        foot = frame.size.height - frame.size.bottom
        yield path(
            line([(place, at), (place, foot)]), stroke=_CRIT, stroke_width="0.7", stroke_dasharray="2 2"
        )


def _axes(chart: Chart, frame: Frame) -> Iterator[Markup]:
    size = frame.size
    foot, right = size.height - size.bottom, size.width - size.right
    yield path(
        line([(size.left, size.top), (size.left, foot), (right, foot)]), stroke=_SOFT, stroke_width="0.8"
    )
    seen = [point for point in chart.points if math.isfinite(point.value)]
    lowest, highest = min(point.value for point in seen), max(point.value for point in seen)
    yield words(size.left - 3, frame.y(highest) + 3, chart.number(highest), _SOFT, "end")
    if frame.y(lowest) - frame.y(highest) >= 9:
        yield words(size.left - 3, frame.y(lowest) + 3, chart.number(lowest), _SOFT, "end")
    yield from _dates(chart, frame, seen[-1].at)


def _dates(chart: Chart, frame: Frame, now: datetime) -> Iterator[Markup]:
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
            yield words(place, foot, chart.day(at), _SOFT, anchor)
            taken.append(middle)
