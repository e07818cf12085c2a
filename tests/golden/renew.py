"""Renders every golden file anew: `python -m tests.golden.renew`. README.md says when."""

from __future__ import annotations

from pathlib import Path

from orchestrator.language import Language
from orchestrator_plugins.renderers import html, json
from tests.golden.rounds import CASES

FOLDER = Path(__file__).parent / "reports"
NAMES = (
    "morning.zh.html",
    "morning.en.html",
    "clean.zh.html",
    "first.zh.html",
    "cancelled.zh.html",
    "empty.en.html",
    "hostile.zh.html",
    "morning.json",
    "empty.json",
)


def rendered(name: str) -> bytes:
    """What the file of that name should hold."""
    case, *language, suffix = name.split(".")
    report = CASES[case]()
    if suffix == html.suffix:
        return html.render(report, Language(language[0]))
    return json.render(report, Language.ZH)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        (FOLDER / name).write_bytes(rendered(name))
