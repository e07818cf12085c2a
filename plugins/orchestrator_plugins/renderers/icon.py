"""The icon of each verdict: its outline alone says which it is, also in black and white."""

from __future__ import annotations

from markupsafe import Markup

from orchestrator.model.verdict import Verdict

SHAPES = {
    Verdict.OK: Markup('<circle cx="8" cy="8" r="6.6"/><path d="M4.8 8.3l2.2 2.2 4.2-4.6"/>'),
    Verdict.WARN: Markup('<path d="M8 1.6L15 14H1z"/><path d="M8 6.2v3.6M8 12v.1"/>'),
    Verdict.CRIT: Markup(
        '<path d="M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z" fill="currentColor"/>'
        '<path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" stroke="#fff"/>'
    ),
    Verdict.UNKNOWN: Markup(
        '<rect x="1.4" y="1.4" width="13.2" height="13.2" rx="2" stroke-dasharray="3 1.6"/>'
        '<path d="M6 6.2a2 2 0 1 1 2.9 1.8c-.7.4-.9.8-.9 1.5M8 11.9v.1"/>'
    ),
    Verdict.NOT_RUN: Markup(
        '<rect x="1.4" y="1.4" width="13.2" height="13.2" rx="2" stroke-dasharray="3 1.6"/>'
        '<path d="M4.6 8h6.8"/>'
    ),
    Verdict.SKIPPED: Markup('<circle cx="8" cy="8" r="6.6"/><path d="M3.6 12.4l8.8-8.8"/>'),
    Verdict.WAIVED: Markup('<path d="M3.5 15V1.6M3.5 2.4h9.2l-2.2 3 2.2 3H3.5"/>'),
}
"""On a square of 16, to be drawn with the text's own colour."""

COLOURS = {
    Verdict.OK: "#22683f",
    Verdict.WARN: "#8a5200",
    Verdict.CRIT: "#ab1f1b",
    Verdict.UNKNOWN: "#5a3f94",
    Verdict.NOT_RUN: "#5a3f94",
    Verdict.SKIPPED: "#66727d",
    Verdict.WAIVED: "#2f5f7e",
}


def picture(verdict: Verdict) -> str:
    """The icon as an SVG file of its own."""
    colour = COLOURS[verdict]
    shape = SHAPES[verdict].replace("currentColor", colour)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16" fill="none" '
        f'stroke="{colour}" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">{shape}</svg>'
    )
