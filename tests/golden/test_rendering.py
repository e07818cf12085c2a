"""The report as a real browser shows and prints it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.language import Language
from orchestrator_plugins.renderers.html import render
from tests.golden import rounds

CHROMIUM = shutil.which("chromium")
PDFTOTEXT = shutil.which("pdftotext")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing: apt-get install chromium"),
    pytest.mark.skipif(PDFTOTEXT is None, reason="pdftotext is missing: apt-get install poppler-utils"),
]


@pytest.mark.parametrize(("case", "most_pages"), [("morning", 8), ("hostile", 5), ("cancelled", 4)])
def test_it_prints_without_a_complaint_and_without_an_empty_page(
    tmp_path: Path, case: str, most_pages: int
) -> None:
    report = tmp_path / "report.html"
    report.write_bytes(render(rounds.CASES[case](), Language.ZH))
    complaints = _print(report, tmp_path / "report.pdf", tmp_path / "profile")
    pages = _pages(tmp_path / "report.pdf")
    assert complaints == []
    assert 1 < len(pages) <= most_pages
    assert all(len(page.split()) > 10 for page in pages)
    assert "签字确认" in "".join(pages)


def _print(page: Path, pdf: Path, profile: Path) -> list[str]:
    """Print `page`; what the browser's console said of it."""
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *(f"--user-data-dir={profile}", "--enable-logging=stderr", "--no-pdf-header-footer"),
        *(f"--print-to-pdf={pdf}", page.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, timeout=90, check=True, text=True, errors="replace")
    return [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def _pages(pdf: Path) -> list[str]:
    done = subprocess.run(
        [str(PDFTOTEXT), "-layout", str(pdf), "-"], capture_output=True, check=True, text=True
    )
    return done.stdout.rstrip("\f").split("\f")
