"""The charts of one printed report, by their names."""

from __future__ import annotations

from orchestrator_plugins.renderers.chart import Chart
from orchestrator_plugins.renderers.drawing import draw
from orchestrator_plugins.renderers.frame import Size


class Drawings:
    """They are added while the sections are written, and handed to the typesetter beside them."""

    def __init__(self, font: str) -> None:
        self._font = font
        self.by_name: dict[str, str] = {}

    def add(self, chart: Chart | None, size: Size) -> str:
        """The name under which the sheet shows it; empty where there is nothing to draw."""
        if chart is None:
            return ""
        name = f"chart-{len(self.by_name) + 1}"
        self.by_name[name] = draw(chart, size, font=self._font)
        return name
