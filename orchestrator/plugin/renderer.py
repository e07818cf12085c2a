"""The seam of a renderer plugin: a plain module that turns a report into a file's bytes."""

from __future__ import annotations

from typing import Protocol

from orchestrator.language import Language
from orchestrator.model.report import RoundReport


class Renderer(Protocol):
    """What the registry hands out."""

    @property
    def suffix(self) -> str:
        """File suffix without the dot: `html`."""

    def render(self, report: RoundReport, language: Language) -> bytes: ...
