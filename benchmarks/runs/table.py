"""What was measured, as Markdown: medians with their spread, and how many times the first row."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import click


class Rows:
    """One table, filled in any order; rows come in the order in which they were first seen."""

    def __init__(self, title: str, columns: Sequence[str]) -> None:
        """The first column is the one that ratios and limits are about."""
        self._title = title
        self._columns = columns
        self._figures: dict[str, list[Sequence[float]]] = {}
        self._limits: dict[str, str] = {}

    def add(self, name: str, figures: Sequence[float], limit: str = "") -> None:
        """One measurement."""
        self._figures.setdefault(name, []).append(figures)
        self._limits[name] = limit

    def show(self) -> None:
        first, *_ = self._figures.values()
        base = statistics.median(figures[0] for figures in first)
        heads = ["", self._columns[0], "limit", "x first row", *self._columns[1:]]
        click.echo(f"\n### {self._title}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        for name, figures in self._figures.items():
            spreads = [_spread(column) for column in zip(*figures, strict=True)]
            times = statistics.median(row[0] for row in figures) / base if base else 0.0
            cells = [name, spreads[0], self._limits[name], f"{times:.2f}", *spreads[1:]]
            click.echo(f"| {' | '.join(cells)} |")


def say(text: str) -> None:
    """For whoever waits."""
    click.echo(text, err=True)


def _spread(values: Sequence[float]) -> str:
    if any(math.isnan(value) for value in values):
        return ""  # not measured
    median = statistics.median(values)
    if len(values) == 1:
        return f"{median:.3g}"
    return f"{median:.3g} ({min(values):.3g}..{max(values):.3g})"
