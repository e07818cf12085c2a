"""The small charts draw what was seen, and nothing that was not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.forecast import Point
from orchestrator_plugins.renderers.chart import Chart, Crossing, Reach, Rule
from orchestrator_plugins.renderers.drawing import draw
from orchestrator_plugins.renderers.frame import FULL, SPARK
from tests.golden.hospital import STARTED
from tests.golden.passage import series


def chart(points: tuple[Point, ...]) -> Chart:
    return Chart("t", "d", points, number=str, day=lambda at: f"{at:%m-%d}")


def paths(drawing: str, **attributes: str) -> list[str]:
    found = ET.fromstring(drawing).iter("{http://www.w3.org/2000/svg}path")
    wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
    return [one.attrib["d"] for one in found if wanted.items() <= one.attrib.items()]


def lines(drawing: str) -> list[str]:
    return paths(drawing, stroke_width="1.7")


def test_an_unbroken_series_is_one_line() -> None:
    assert len(lines(draw(chart(series(20, 1, 5)), font="x"))) == 1


def test_days_on_which_nobody_looked_are_a_gap_and_no_line() -> None:
    assert len(lines(draw(chart(series(20, 1, 5, gap=range(6, 12))), font="x"))) == 2


def test_a_value_that_is_no_number_breaks_the_line() -> None:
    points = series(20, 1, 5)
    lost = replace(points[9], value=float("nan"))
    assert len(lines(draw(chart((*points[:9], lost, *points[10:])), font="x"))) == 2


def test_the_first_limit_is_dashed_and_the_second_drawn_through() -> None:
    drawing = draw(replace(chart(series(5, 1, 5)), rules=(Rule(4, "w"), Rule(8, "c", final=True))), font="x")
    assert len(paths(drawing, stroke_dasharray="5 3")) == 1
    assert "<text" in drawing


def test_without_a_crossing_the_days_to_come_are_not_drawn() -> None:
    reaches = (Reach(STARTED + timedelta(days=30), 6, 9),)
    told = replace(chart(series(9, 1, 5)), reaches=reaches, rules=(Rule(7, "c", final=True),))
    crossing = Crossing(STARTED + timedelta(days=20), STARTED + timedelta(days=40), 7)
    assert not paths(draw(told, font="x"), fill="#dfe5ea")
    assert paths(draw(replace(told, crossing=crossing), font="x"), fill="#dfe5ea")


def test_one_value_is_no_chart() -> None:
    assert not chart(series(9, 1, 5)[:1]).drawable
    assert not chart((Point(STARTED, float("nan")), Point(STARTED, 1.0))).drawable


_MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001 - given a zone below
_POINTS = st.lists(
    st.builds(
        lambda at, value: Point(at.replace(tzinfo=STARTED.tzinfo), value),
        _MOMENTS,
        st.floats(-1e12, 1e12) | st.just(float("nan")),
    ),
    max_size=12,
)


@given(_POINTS, st.text(st.characters(codec=None)))
def test_any_series_and_any_words_give_a_well_formed_drawing_within_its_bounds(
    points: list[Point], words: str
) -> None:
    ordered = tuple(sorted(points, key=lambda point: point.at))
    drawn = replace(chart(ordered), title=words, description=words, rules=(Rule(3, words),))
    if not drawn.drawable:
        return
    for size in (FULL, SPARK):
        drawing = ET.fromstring(draw(drawn, size, font="x").encode("utf-8"))
        for path in drawing.iter("{http://www.w3.org/2000/svg}path"):
            numbers = [float(one) for one in path.attrib["d"].strip("MZ").replace("L", " ").split()]
            assert all(-1 <= x <= size.width + 1 for x in numbers[::2])
            assert all(-1 <= y <= size.height + 1 for y in numbers[1::2])


def test_dates_under_the_axis_do_not_overlap() -> None:
    crossing = Crossing(STARTED + timedelta(days=1), STARTED + timedelta(days=2), 7)
    reaches = (Reach(STARTED + timedelta(days=30), 6, 9),)
    drawing = ET.fromstring(
        draw(replace(chart(series(20, 1, 5)), crossing=crossing, reaches=reaches), font="x")
    )
    foot = FULL.height - FULL.bottom
    words = [one for one in drawing.iter("{http://www.w3.org/2000/svg}text") if float(one.attrib["y"]) > foot]
    places = sorted(float(one.attrib["x"]) for one in words)
    assert places
    assert all(after - before >= 15 for before, after in pairwise(places))
