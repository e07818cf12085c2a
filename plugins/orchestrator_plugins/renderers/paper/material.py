"""What the sections of one printed report are written from, and the phrases that several of them use."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.language import Text
from orchestrator.model.report import Change, ReportItem, RoundReport
from orchestrator.model.waiver import Waiver
from orchestrator_plugins.renderers.outlook import Outlook
from orchestrator_plugins.renderers.paper.block import Span
from orchestrator_plugins.renderers.paper.drawings import Drawings
from orchestrator_plugins.renderers.sections import Sections
from orchestrator_plugins.renderers.wording import Wording


@dataclass(frozen=True, slots=True)
class Material:
    """The report, sorted, for one reader."""

    report: RoundReport
    sections: Sections
    outlook: Outlook
    w: Wording
    drawings: Drawings

    def t(self, zh: str, en: str) -> str:
        return self.w.t(zh, en)

    def say(self, text: Text | None) -> str:
        return self.w.say(text)

    def about(self, item: ReportItem) -> str:
        """What the item is about: its title, and which of its values."""
        metric = self.say(item.metric_title)
        parts = [
            item.title,
            f"· {metric}" if metric and metric != item.title else "",
            item.subject,
            item.code,
        ]
        return " ".join(part for part in parts if part)

    def change(self, item: ReportItem) -> list[Span]:
        """How it stands to earlier rounds: first in a word, then how often and since when."""
        if item.change is None:
            return []
        spans = [Span(self.say(item.change.label), "mark")]
        if item.flaps:
            spans.append(Span(self.t(f"近期出现 {item.flaps} 次", f"came up {item.flaps} times")))
        if item.since and item.change not in (Change.NEW, Change.FIRST):
            spans.append(Span(f"{self.t('自 ', 'since ')}{self.w.when(item.since)}"))
        return spans

    def waived(self, one: Waiver) -> str:
        """By whom, until when, why."""
        who, until = self.say(one.approver.label), self.w.when(one.ended_at or one.expires_at)
        return self.t(
            f"#{one.number} 批准人 {who}，到 {until}；{one.reason}",
            f"#{one.number} approved by {who} until {until}: {one.reason}",
        )
