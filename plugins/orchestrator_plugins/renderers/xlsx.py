"""One round as an Excel workbook: the whole list to filter and sort, one sheet a question."""

from __future__ import annotations

import io

from xlsxwriter import Workbook

from orchestrator.language import Language
from orchestrator.model.report import RoundReport
from orchestrator_plugins.renderers.outlook import Outlook
from orchestrator_plugins.renderers.sections import Sections
from orchestrator_plugins.renderers.sheet import Book
from orchestrator_plugins.renderers.sheets import Sheets
from orchestrator_plugins.renderers.wording import Wording
from orchestrator_plugins.renderers.zone import zone

suffix = "xlsx"


def render(report: RoundReport, language: Language) -> bytes:
    """The same bytes for the same report: nothing in it comes from this machine or this moment."""
    wording = Wording(language, zone(report.timezone))
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as workbook:
        created = report.generated_at.astimezone(wording.zone).replace(tzinfo=None)
        workbook.set_properties({"created": created, "title": f"{report.runbook} #{report.round}"})
        book = Book(workbook, wording)
        for sheet in Sheets(report, Sections(report), Outlook(wording, report.started_at), wording).all():
            book.write(sheet)
    return file.getvalue()
