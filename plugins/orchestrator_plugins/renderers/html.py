"""One round as a single HTML page: it opens from a file, fetches nothing, runs no script, prints on A4."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.language import Language
from orchestrator.model.check import Layer
from orchestrator.model.conclusion import conclusion, headline, tone
from orchestrator.model.report import Change, RoundReport
from orchestrator.model.round import RoundState
from orchestrator.model.threshold import Evidence
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers import sections
from orchestrator_plugins.renderers.compiled import CompiledTemplates
from orchestrator_plugins.renderers.drawing import draw
from orchestrator_plugins.renderers.frame import SPARK
from orchestrator_plugins.renderers.icon import SHAPES
from orchestrator_plugins.renderers.legibility import excerpt, label
from orchestrator_plugins.renderers.outlook import Outlook
from orchestrator_plugins.renderers.pieces import Pieces
from orchestrator_plugins.renderers.sections import Sections
from orchestrator_plugins.renderers.wording import FOUNDED, Wording
from orchestrator_plugins.renderers.zone import zone

suffix = "html"

_HERE = Path(__file__).parent


def render(report: RoundReport, language: Language) -> bytes:
    wording = Wording(language, zone(report.timezone))
    pieces = Pieces(wording)
    values: dict[str, Any] = {
        "report": report,
        "sections": Sections(report),
        "outlook": Outlook(wording, report.started_at),
        "w": wording,
        "t": wording.t,
        "say": wording.say,
        "icon": pieces.icon,
        "badge": pieces.badge,
        "about": pieces.about,
        "rows": pieces.rows,
        "cells": pieces.cells,
        "tone": tone(report),
        "headline": headline(report),
        "conclusion": conclusion(report),
    }
    # The page allows exactly this one style sheet and nothing else at all.
    style = _environment().get_template("report.css.j2").render(values)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    values |= {"style": Markup(style), "style_digest": digest}  # noqa: S704 - see css_string
    return _environment().get_template("report.html.j2").render(values).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("orchestrator_plugins.renderers"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=CompiledTemplates(_HERE / "templates", _HERE),
    )
    environment.filters |= {"css_string": css_string, "excerpt": excerpt}
    environment.globals |= {
        "Verdict": Verdict,
        "Layer": Layer,
        "Change": Change,
        "RoundState": RoundState,
        "Evidence": Evidence,
        "founded_words": FOUNDED,
        "limits": sections,
        "draw": draw,
        "shapes": SHAPES,
        "SPARK": SPARK,
    }
    return environment


def _finalize(value: object) -> object:
    """Every value that a template prints comes through here, before it is escaped."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return label(value)


def css_string(text: str) -> Markup:
    """`text` as a CSS string in which no character but letters and digits stands for itself."""
    safe = "".join(one if one.isascii() and one.isalnum() else f"\\{ord(one):x} " for one in text)
    return Markup(f'"{safe}"')  # noqa: S704 - nothing in it can end the string or the style element
