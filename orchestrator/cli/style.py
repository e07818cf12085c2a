"""How verdicts look on a terminal. NO_COLOR and FORCE_COLOR are honoured (no-color.org)."""

from __future__ import annotations

import os
from typing import TextIO

import click

from orchestrator.model.verdict import Verdict

COLOURS = {
    Verdict.OK: "green",
    Verdict.WARN: "yellow",
    Verdict.CRIT: "red",
    Verdict.UNKNOWN: "magenta",
    Verdict.NOT_RUN: "magenta",
    Verdict.SKIPPED: "bright_black",
    Verdict.WAIVED: "cyan",
}
MARKS = {
    Verdict.OK: "✓",
    Verdict.WARN: "!",
    Verdict.CRIT: "✗",
    Verdict.UNKNOWN: "?",
    Verdict.NOT_RUN: "…",
    Verdict.SKIPPED: "-",
    Verdict.WAIVED: "~",
}


def coloured(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def paint(text: str, verdict: Verdict, stream: TextIO) -> str:
    """`text` in the verdict's colour, where the stream shows colours. The word or mark says the same."""
    return click.style(text, fg=COLOURS[verdict]) if coloured(stream) else text
