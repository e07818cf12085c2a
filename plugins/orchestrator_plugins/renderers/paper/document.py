"""The whole printed report, in its order."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.language import Language
from orchestrator.model.conclusion import conclusion, headline, tone
from orchestrator.model.report import RoundReport
from orchestrator_plugins.renderers.outlook import Outlook
from orchestrator_plugins.renderers.paper.block import Block, Document, soft
from orchestrator_plugins.renderers.paper.capacity import capacity
from orchestrator_plugins.renderers.paper.changes import changes
from orchestrator_plugins.renderers.paper.drawings import Drawings
from orchestrator_plugins.renderers.paper.figures import backups, business
from orchestrator_plugins.renderers.paper.findings import findings
from orchestrator_plugins.renderers.paper.hosts import hosts
from orchestrator_plugins.renderers.paper.lost_hosts import lost_hosts
from orchestrator_plugins.renderers.paper.material import Material
from orchestrator_plugins.renderers.paper.overview import coverage, highlights
from orchestrator_plugins.renderers.paper.signatures import signatures
from orchestrator_plugins.renderers.paper.systems import systems
from orchestrator_plugins.renderers.paper.title import footer, meta, notes, title
from orchestrator_plugins.renderers.paper.waivers import waivers
from orchestrator_plugins.renderers.sections import Sections
from orchestrator_plugins.renderers.wording import Wording
from orchestrator_plugins.renderers.zone import zone


def document(report: RoundReport, language: Language, drawings: Drawings) -> Document:
    """All that is printed of `report` for one reader; its charts go into `drawings`."""
    w = Wording(language, zone(report.timezone))
    m = Material(report, Sections(report), Outlook(w, report.started_at), w, drawings)
    kind = report.kind.label
    return Document(
        lang=language.value,
        hospital=soft(m.say(report.hospital)),
        title=soft(title(m)),
        partial=m.t("部分检查", "partial") if report.partial else "",
        record=m.t(f"信息系统{kind.zh}记录", f"IT {kind.en} record"),
        number=m.t(f"第 {report.round} 轮", f"Round {report.round}"),
        footer=soft(footer(m)),
        page=(m.t("第 ", "page "), " / ", m.t(" 页", "")),
        meta=tuple((name, soft(value)) for name, value in meta(m)),
        notes=tuple(notes(m)),
        tone=tone(report).value,
        headline=m.say(headline(report)),
        conclusion=m.say(conclusion(report)),
        highlights=tuple(highlights(m)),
        blocks=tuple(_blocks(m)),
    )


def _blocks(m: Material) -> Iterator[Block]:
    yield from coverage(m)
    yield from systems(m)
    yield from lost_hosts(m)
    yield from findings(m)
    yield from waivers(m)
    yield from changes(m)
    yield from capacity(m)
    yield from backups(m)
    yield from business(m)
    yield from hosts(m)
    yield from signatures(m)
