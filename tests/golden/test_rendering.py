"""The report as a real browser shows and prints it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.language import Language
from orchestrator_plugins.renderers.html import render
from tests.golden import rounds
from tests.golden.browser import Browser, browser

CHROMIUM = shutil.which("chromium")
PDFTOTEXT = shutil.which("pdftotext")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing: apt-get install chromium"),
    pytest.mark.skipif(PDFTOTEXT is None, reason="pdftotext is missing: apt-get install poppler-utils"),
]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(str(CHROMIUM), tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.mark.parametrize(("case", "most_pages"), [("morning", 8), ("hostile", 5), ("cancelled", 4)])
def test_it_prints_without_a_complaint_and_without_an_empty_page(
    chromium: Browser, tmp_path: Path, case: str, most_pages: int
) -> None:
    report = tmp_path / "report.html"
    report.write_bytes(render(rounds.CASES[case](), Language.ZH))
    printed = chromium.print(report)
    pages = _pages(printed.pdf)
    assert printed.complaints == []
    assert 1 < len(pages) <= most_pages
    assert all(len(page.split()) > 10 for page in pages)
    assert "签字确认" in "".join(pages)


def test_a_page_that_breaks_its_own_policy_is_complained_of(chromium: Browser, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    whole = render(rounds.empty(), Language.ZH)
    report.write_bytes(whole.replace(b"</body>", b"<script>alert(1)</script></body>"))
    assert report.read_bytes() != whole
    assert "Content Security Policy" in "".join(chromium.print(report).complaints)


def _pages(pdf: bytes) -> list[str]:
    done = subprocess.run([str(PDFTOTEXT), "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode().rstrip("\f").split("\f")
