"""The workbook holds the whole round, and nothing that a host said can act in it."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from orchestrator.language import Language, Text
from orchestrator.model.report import RoundReport
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.sheet import CELL, Book, Column, Sheet, cut
from orchestrator_plugins.renderers.wording import Wording
from orchestrator_plugins.renderers.xlsx import render
from orchestrator_plugins.renderers.zone import zone
from tests.golden import rounds
from tests.golden.renew import FOLDER, WORKBOOKS, rendered

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
WORDING = Wording(Language.ZH, zone("Asia/Shanghai"))


@cache
def sample(case: str, language: Language = Language.ZH) -> bytes:
    """Written once: several tests look at the same workbook."""
    return render(rounds.CASES[case](), language)


def parts(workbook: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def sheets(workbook: bytes) -> dict[str, list[list[Any]]]:
    """Name -> rows -> cells, as Excel would show them; numbers as floats."""
    packed = parts(workbook)
    shared = ET.fromstring(packed.get("xl/sharedStrings.xml", b"<sst/>"))
    strings = ["".join(text.text or "" for text in one.iter(f"{MAIN}t")) for one in shared]
    names = [one.attrib["name"] for one in ET.fromstring(packed["xl/workbook.xml"]).iter(f"{MAIN}sheet")]
    found = {}
    for number, name in enumerate(names, 1):
        rows = ET.fromstring(packed[f"xl/worksheets/sheet{number}.xml"]).iter(f"{MAIN}row")
        found[name] = [[_cell(cell, strings) for cell in row] for row in rows]
    return found


def _styles_of_text(workbook: bytes, styles: bytes) -> list[ET.Element]:
    """Those of the cells that hold text of a host in the sheet of all items."""
    formats = list(ET.fromstring(styles).find(f"{MAIN}cellXfs") or ())
    names = list(sheets(workbook))
    page = parts(workbook)[f"xl/worksheets/sheet{names.index('全部项目') + 1}.xml"]
    rows = list(ET.fromstring(page).iter(f"{MAIN}row"))[1:]
    cells = [cell for row in rows for cell in row if cell.attrib.get("t") == "s"]
    named = {verdict.label.zh for verdict in Verdict}
    strings = [text for row in sheets(workbook)["全部项目"][1:] for text in row if isinstance(text, str)]
    return [
        formats[int(cell.attrib["s"])] for cell, text in zip(cells, strings, strict=True) if text not in named
    ]


def _cell(cell: ET.Element, strings: list[str]) -> Any:
    value = cell.find(f"{MAIN}v")
    if value is None or value.text is None:
        return None
    return strings[int(value.text)] if cell.attrib.get("t") == "s" else float(value.text)


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_sample_round_gives_its_golden_workbook(name: str) -> None:
    golden, made = parts((FOLDER / name).read_bytes()), parts(rendered(name))
    assert list(golden) == list(made)
    differing = [part for part in golden if golden[part] != made[part]]
    assert not differing, f"{name} differs in {differing}; see tests/golden/README.md"


@pytest.mark.parametrize("case", rounds.CASES)
@pytest.mark.parametrize("language", Language)
def test_every_round_gives_seven_sheets_of_well_formed_xml(case: str, language: Language) -> None:
    workbook = sample(case, language)
    for part in parts(workbook).values():
        ET.fromstring(part)
    assert len(sheets(workbook)) == 7
    assert workbook == render(rounds.CASES[case](), language)


def test_the_sheets_hold_the_round() -> None:
    report = rounds.morning()
    found = sheets(sample("morning"))
    assert list(found) == ["概要", "异常", "全部项目", "主机", "系统", "豁免", "容量预测"]
    assert len(found["全部项目"]) == len(report.items) + 1
    assert len(found["异常"]) == len(report.findings) + 1
    assert len(found["主机"]) == len(report.hosts) + 1
    assert len(found["豁免"]) == 5
    assert any("预计 12 月 8 日至 14 日（14–20 天后）达到严重界限 90%" in row for row in found["容量预测"])
    assert ["轮次", 127.0] in found["概要"]


def test_a_value_is_a_number_and_a_verdict_a_word() -> None:
    rows = sheets(sample("morning"))["异常"]
    head, first = rows[0], rows[1]
    assert first[head.index("实测")] == 93.4
    assert first[head.index("结论")] == "严重"
    assert first[head.index("逾期")] == "已逾期"


def test_a_value_to_come_stands_beside_the_reason_why_no_crossing_is_foretold() -> None:
    head, *rows = sheets(sample("morning"))["容量预测"]
    (row,) = [row for row in rows if row[head.index("主机")] == "his-db02" and "/var" in str(row)]
    assert row[head.index("最早")] is None
    assert row[head.index("30 天后")] == "57.9–60.6%"
    assert row[head.index("90 天后")] == "—"
    assert "180 天内不会达到界限" in row[-1]


def test_times_are_those_of_the_site() -> None:
    summary = {row[0]: row[1] for row in sheets(sample("morning"))["概要"]}
    assert summary["开始"] % 1 == pytest.approx((6 * 3600 + 31 * 60 + 4) / 86_400)


def test_every_sheet_is_frozen_filtered_and_set_up_for_a4_across() -> None:
    found = parts(sample("morning"))
    pages = [part.decode() for name, part in found.items() if name.startswith("xl/worksheets/sheet")]
    assert all('state="frozen"' in page and 'paperSize="9"' in page for page in pages)
    assert all('orientation="landscape"' in page for page in pages)
    assert sum("<autoFilter" in page for page in pages) == 6


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "{="])
def test_text_that_looks_like_a_formula_stays_text(start: str) -> None:
    words = f'{start}HYPERLINK("http://evil.example","click")'
    report = rounds.first()
    item = replace(report.items[0], subject=words, value=words, title=words, unit=words)
    workbook = render(replace(report, items=(item,), title=words), Language.ZH)
    assert not any(re.search(rb"<f>|<hyperlink", part) for part in parts(workbook).values())
    assert words in sheets(workbook)["全部项目"][1]
    # Whoever opens the cell and presses Enter would make it one, without the mark of a text.
    (styles,) = [part for name, part in parts(workbook).items() if name == "xl/styles.xml"]
    assert {style.get("quotePrefix") for style in _styles_of_text(workbook, styles)} == {"1"}


@given(st.text(st.characters(codec=None)))
@settings(max_examples=20)
def test_any_text_of_a_host_leaves_the_workbook_well_formed(evil: str) -> None:
    report = rounds.first()
    item = replace(
        report.findings[0], host=evil, title=evil, subject=evil, evidence=evil, reason=Text(evil, evil)
    )
    changed: RoundReport = replace(report, title=evil, items=(item,), findings=(item,))
    for name, part in parts(render(changed, Language.ZH)).items():
        if name.startswith("xl/"):
            ET.fromstring(part)


@pytest.mark.parametrize("one", ["x", "汉", "𠮷"])
def test_what_does_not_fit_into_a_cell_is_cut_and_says_so(one: str) -> None:
    written = cut(one * 40_000, WORDING)
    assert len(written.encode("utf-16-le")) // 2 <= CELL
    assert written.endswith("其余从略）")
    assert cut(one * 10, WORDING) == one * 10


def test_rows_beyond_what_a_sheet_holds_go_on_to_the_next() -> None:
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as workbook:
        columns = (Column("n", 8),)
        Book(workbook, WORDING, rows=4).write(Sheet("全部", columns, [(number,) for number in range(7)]))
    found = sheets(file.getvalue())
    assert list(found) == ["全部", "全部 2", "全部 3"]
    assert [row[0] for rows in found.values() for row in rows[1:]] == [*range(7)]
