"""One round as a PDF on A4, to be printed and signed. Set by typst, without network or packages."""

from __future__ import annotations

import json
from dataclasses import asdict

import typst

from orchestrator.errors import PluginError
from orchestrator.language import Language, Text
from orchestrator.model.report import RoundReport
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers import TEMPLATES
from orchestrator_plugins.renderers.font import fonts
from orchestrator_plugins.renderers.icon import COLOURS, picture
from orchestrator_plugins.renderers.paper.document import document
from orchestrator_plugins.renderers.paper.drawings import Drawings

suffix = "pdf"


def render(report: RoundReport, language: Language) -> bytes:
    """Raises PluginError where a font is missing or the report can't be set."""
    found, chinese = fonts()
    drawings = Drawings(chinese)
    sheet = {
        **asdict(document(report, language, drawings)),
        "font": chinese,
        "colours": {verdict.value: colour for verdict, colour in COLOURS.items()},
        "icons": {verdict.value: picture(verdict) for verdict in Verdict},
        "drawings": drawings.by_name,
    }
    # What a host said reaches typst as strings of this JSON, never as a part of the program that sets it.
    written = json.dumps(sheet, ensure_ascii=False).encode("utf-8", "replace").decode()
    try:
        return typst.compile(
            (TEMPLATES / "report.typ").read_bytes(),
            font_paths=found,
            ignore_system_fonts=True,
            sys_inputs={"report": written},
            timestamp=int(report.generated_at.timestamp()),
        )
    except typst.TypstError as error:
        raise PluginError(
            Text(f"PDF 排版失败：{error.message}", f"the PDF can't be set: {error.message}"),
            Text("改用 html 或 xlsx 格式，并报告此问题", "use html or xlsx instead, and report this"),
        ) from error
