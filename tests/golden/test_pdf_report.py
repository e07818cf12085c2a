"""The PDF that is printed and signed: all of it there, in Chinese, and nothing in it obeys a host."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import PluginError
from orchestrator.language import Language, Text
from orchestrator_plugins.renderers.font import FOLDERS, fonts
from orchestrator_plugins.renderers.pdf import render
from tests.golden import rounds
from tests.golden.renew import FOLDER


def _missing() -> str:
    try:
        fonts()
    except PluginError:
        return "fonts-noto-cjk is missing: apt-get install fonts-noto-cjk"
    return "" if shutil.which("pdftotext") else "pdftotext is missing: apt-get install poppler-utils"


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing())


@cache
def sample(case: str, language: Language = Language.ZH) -> bytes:
    """Set once: several tests look at the same sheets."""
    return render(rounds.CASES[case](), language)


def words(pdf: bytes) -> str:
    """All that is on the sheets, without any space: where a line breaks is the typesetter's affair."""
    done = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", "-", "-"],
        input=pdf,
        capture_output=True,
        check=True,
    )
    return re.sub(r"[\s\u200b\u00ad]", "", done.stdout.decode())


@pytest.mark.parametrize("case", ["morning", "narrowed"])
def test_a_sample_round_says_what_its_golden_text_says(case: str) -> None:
    golden = (FOLDER / f"{case}.zh.pdf.txt").read_text().split("\n")
    shown = words(sample(case))
    missing = [line for line in golden if line and line not in shown]
    assert missing == []


@pytest.mark.parametrize("case", rounds.CASES)
@pytest.mark.parametrize("language", Language)
def test_every_round_gives_the_same_pdf_each_time(case: str, language: Language) -> None:
    made = sample(case, language)
    assert made.startswith(b"%PDF-")
    assert made == render(rounds.CASES[case](), language)


def test_the_english_sheets_are_english() -> None:
    report = replace(rounds.empty(), title="Morning", runbook="inspection/morning")
    shown = words(render(replace(report, actor=rounds.narrowed().actor), Language.EN))
    assert not re.search(r"[\u3000-\u303f\u4e00-\u9fff]", shown)


def test_a_missing_chinese_font_is_one_error_that_names_package_and_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    with pytest.raises(PluginError) as caught:
        render(rounds.clean(), Language.ZH)
    said = caught.value.say(Language.ZH)
    assert "fonts-noto-cjk" in said
    assert str(tmp_path) in said


@pytest.mark.parametrize(
    "evil",
    [
        "#panic()",
        "$ x $",
        '"; #let d = 1',
        "\\#",
        "*bold* _it_ `raw` ```",
        '#import "@preview/x:1.0.0"',
        "<label> @ref",
        "// comment /* open",
        ']] ) } #image("/etc/passwd")',
        "= heading\n- list\n+ enum",
    ],
)
def test_typst_markup_from_a_host_is_printed_and_not_obeyed(evil: str) -> None:
    report = rounds.first()
    item = replace(report.findings[0], title=evil, subject=evil, evidence=evil, reason=Text(evil, evil))
    shown = words(render(replace(report, title=evil, findings=(item,), items=(item,)), Language.ZH))
    assert shown.count(re.sub(r"\s", "", evil)) >= 3


@given(st.text(st.characters(codec=None), max_size=60))
@settings(max_examples=10)
def test_any_text_of_a_host_gives_a_pdf(evil: str) -> None:
    report = rounds.first()
    item = replace(
        report.findings[0],
        host=evil,
        title=evil,
        subject=evil,
        unit=evil,
        owner=evil,
        evidence=evil,
        reason=Text(evil, evil),
    )
    made = render(replace(report, title=evil, runbook=evil, findings=(item,), items=(item,)), Language.ZH)
    assert made.startswith(b"%PDF-")


def test_control_characters_are_named_instead_of_shown_as_empty_boxes() -> None:
    assert "[00][07]bold" in words(sample("hostile"))
