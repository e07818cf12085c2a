"""Renderers: one output format each."""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
