"""A series drawn in characters, with its limits as lines."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import tzinfo

from orchestrator.cli.style import coloured
from orchestrator.model.forecast import Point

_HEIGHT = 16
_PIPED_WIDTH = 100
_WIDEST = 160
_TICKS = 6
_ASCII = str.maketrans("┌┐└┘├┤┬┴┼─│", "+++++++++-|")


def draw(points: Sequence[Point], limits: Sequence[tuple[float, str]], timezone: tzinfo | None) -> str:
    """At least one point; `limits` are values and their colours. As wide as the terminal.

    Colours only where the stream shows them, and nothing that it can't print.
    """
    import plotext

    shown = coloured(sys.stdout)
    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPED_WIDTH
    figure.plot_size(min(width, _WIDEST), _HEIGHT)
    days = [point.at.timestamp() / 86400 for point in points]
    values = [point.value for point in points]
    figure.draw(figure.signal(days, values, marker="*"))
    for limit, colour in limits:
        figure.line(limit, pixel=colour)
    extent = [*values, *(limit for limit, _ in limits)]
    margin = (max(extent) - min(extent)) * 0.05 or 1.0
    figure.ruler("y").lim(min(extent) - margin, max(extent) + margin)
    ends = (days[0], days[-1]) if days[0] < days[-1] else (days[0] - 0.5, days[0] + 0.5)
    figure.ruler("x").lim(*ends)
    ticks = [points[place * (len(points) - 1) // (_TICKS - 1)] for place in range(_TICKS)]
    named = {one.at.timestamp() / 86400: f"{one.at.astimezone(timezone):%m-%d}" for one in ticks}
    figure.ruler("x").ticks(list(named), list(named.values()))
    text = figure.build().string(colorless=not shown)
    return _printable(text.rstrip("\n"))


def _printable(text: str) -> str:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return text.translate(_ASCII)
    return text
