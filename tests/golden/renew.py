"""Renders every golden file anew: `python -m tests.golden.renew`. README.md says when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.language import Language
from orchestrator.model.report import RoundReport
from orchestrator_plugins.renderers import html, json, junit, xlsx
from tests.golden.rounds import CASES

FOLDER = Path(__file__).parent / "reports"
PAGES = (
    "morning.zh.html",
    "morning.en.html",
    "clean.zh.html",
    "narrowed.zh.html",
    "first.zh.html",
    "cancelled.zh.html",
    "empty.en.html",
    "hostile.zh.html",
)
JSONS = ("morning.json", "empty.json")
JUNITS = ("morning.zh.junit.xml", "cancelled.en.junit.xml", "empty.zh.junit.xml", "hostile.zh.junit.xml")
WORKBOOKS = ("morning.zh.xlsx", "hostile.en.xlsx")
NAMES = (*PAGES, *JSONS, *JUNITS)
"""Those that are compared byte for byte; of a workbook its sheets are, for the compression may differ."""

_RENDER: Mapping[str, Callable[[RoundReport, Language], bytes]] = {
    ".html": html.render,
    ".xml": junit.render,
    ".xlsx": xlsx.render,
}


def rendered(name: str) -> bytes:
    """What the file of that name should hold."""
    case, language, *_ = name.split(".")
    report = CASES[case]()
    if name in JSONS:
        return json.render(report, Language.ZH)
    return _RENDER[Path(name).suffix](report, Language(language))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in (*NAMES, *WORKBOOKS):
        (FOLDER / name).write_bytes(rendered(name))
