"""One sheet of a workbook: a table that can be filtered, and printed on A4."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from orchestrator.model.threshold import Value
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.legibility import legible
from orchestrator_plugins.renderers.wording import Wording

ROWS = 1_048_576
"""What one sheet of Excel holds."""
CELL = 32_767
"""What one cell of Excel holds, in UTF-16 units."""

Cell = Value | datetime | Verdict | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column, and how wide it is in characters."""

    title: str
    width: float
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A name, columns and rows."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    table: bool = True
    """With a filter; False for a list of names and values."""


_COLOURS = {
    Verdict.OK: ("#22683f", "#ecf5ef"),
    Verdict.WARN: ("#8a5200", "#fdf4e0"),
    Verdict.CRIT: ("#ab1f1b", "#fcecea"),
    Verdict.UNKNOWN: ("#5a3f94", "#f2eef9"),
    Verdict.NOT_RUN: ("#5a3f94", "#f2eef9"),
    Verdict.SKIPPED: ("#66727d", "#ffffff"),
    Verdict.WAIVED: ("#2f5f7e", "#eef4f8"),
}


class Book:
    """A workbook that is being written."""

    def __init__(self, workbook: Workbook, wording: Wording, rows: int = ROWS) -> None:
        self._workbook = workbook
        self._w = wording
        self._rows = rows
        self._head = workbook.add_format(
            {"bold": True, "bottom": 2, "bg_color": "#e7ebef", "text_wrap": True, "valign": "vcenter"}
        )
        # Without the mark of a text, whoever edits a cell that begins with "=" makes a formula of it.
        self._text = workbook.add_format({"valign": "top", "quote_prefix": True})
        self._wrapped = workbook.add_format({"valign": "top", "text_wrap": True, "quote_prefix": True})
        self._number = workbook.add_format({"valign": "top", "num_format": "#,##0.####"})
        self._integer = workbook.add_format({"valign": "top", "num_format": "0"})
        self._time = workbook.add_format({"valign": "top", "num_format": "yyyy-mm-dd hh:mm:ss"})
        self._verdicts = {verdict: self._verdict(verdict) for verdict in Verdict}

    def write(self, sheet: Sheet) -> None:
        """The sheet, and as many more as its rows need."""
        rows = iter(sheet.rows)
        part = 1
        while True:
            written = list(islice(rows, self._rows - 1))
            if part > 1 and not written:
                return
            self._write_part(sheet, sheet.name if part == 1 else f"{sheet.name} {part}", written)
            part += 1

    def _write_part(self, sheet: Sheet, name: str, rows: Sequence[Sequence[Cell]]) -> None:
        page = self._workbook.add_worksheet(name)
        for number, column in enumerate(sheet.columns):
            page.set_column(number, number, column.width)
            page.write_string(0, number, column.title, self._head)
        for down, row in enumerate(rows, 1):
            for across, (cell, column) in enumerate(zip(row, sheet.columns, strict=True)):
                self._write_cell(page, down, across, cell, self._wrapped if column.wraps else self._text)
        page.freeze_panes(1, 0)
        if sheet.table:
            page.autofilter(0, 0, max(1, len(rows)), len(sheet.columns) - 1)
        page.set_landscape()
        page.set_paper(9)  # A4
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.set_margins(0.5, 0.5, 0.6, 0.6)
        page.set_footer(f"&L{name}&R&P / &N")

    def _write_cell(self, page: Worksheet, row: int, column: int, cell: Cell, text: Format) -> None:
        match cell:
            case None | "":
                page.write_blank(row, column, None, text)
            case Verdict():
                page.write_string(row, column, self._w.say(cell.label), self._verdicts[cell])
            case datetime():
                here = cell.astimezone(self._w.zone).replace(tzinfo=None, microsecond=0)
                page.write_datetime(row, column, here, self._time)
            case str():
                page.write_string(row, column, cut(cell, self._w), text)
            case int():
                page.write_number(row, column, cell, self._integer)
            case float() if math.isfinite(cell):
                page.write_number(row, column, cell, self._number)
            case _:
                page.write_string(row, column, "?", text)

    def _verdict(self, verdict: Verdict) -> Format:
        ink, wash = _COLOURS[verdict]
        return self._workbook.add_format({"bold": True, "valign": "top", "font_color": ink, "bg_color": wash})


def cut(text: str, wording: Wording) -> str:
    """`text` made legible, and short enough for a cell; it says where something is missing."""
    shown = legible(text)
    if _units(shown) <= CELL:
        return shown
    note = wording.t("……（单元格容量所限，其余从略）", "… (the rest does not fit into a cell)")
    room = CELL - _units(note)
    return "".join(_first_units(shown, room)) + note


def _units(text: str) -> int:
    return len(text) + sum(1 for one in text if ord(one) > 0xFFFF)


def _first_units(text: str, room: int) -> Iterator[str]:
    for one in text:
        room -= 2 if ord(one) > 0xFFFF else 1
        if room < 0:
            return
        yield one
