"""What a page says thousands of times, written without a template, which would be most of its cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from markupsafe import Markup, escape

from orchestrator.language import Text
from orchestrator.model.report import ReportItem
from orchestrator.model.threshold import Value
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.legibility import label
from orchestrator_plugins.renderers.wording import Wording


class Pieces:
    """The pieces of one page. What was written once is kept: hosts say much the same."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._badges: dict[tuple[Verdict, str | None], Markup] = {}
        self._titles: dict[tuple[str, Text | None, str, str], Markup] = {}
        self._amounts: dict[tuple[Value, str], str] = {}
        self._limits: dict[tuple[str, str], str] = {}
        self._cells: dict[tuple[int, ...], Markup] = {}

    def icon(self, name: str) -> Markup:
        return Markup(f'<svg class=i aria-hidden=true><use href="#i-{_words(name)}"/></svg>')  # noqa: S704 - escaped

    def badge(self, verdict: Verdict, text: str | None = None) -> Markup:
        known = self._badges.get((verdict, text))
        if known is None:
            words = _words(text or self._wording.say(verdict.label))
            inner = f'<span class="v {verdict.value}">{self.icon(verdict.value)}{words}</span>'
            known = self._badges[verdict, text] = Markup(inner)  # noqa: S704 - escaped
        return known

    def about(self, item: ReportItem) -> Markup:
        """What the item is about: its title, and which of its values."""
        key = (item.title, item.metric_title, item.subject, item.code)
        known = self._titles.get(key)
        if known is None:
            known = self._titles[key] = Markup(self._about(*key))  # noqa: S704 - escaped
        return known

    def rows(self, items: Iterable[ReportItem], *, reasons: bool) -> Markup:
        """The lines of one host in the complete list. Without `reasons` where the host says it for all."""
        return Markup("".join([self._row(item, reasons) for item in items]))  # noqa: S704 - escaped

    def cells(self, counts: Mapping[Verdict, int]) -> Markup:
        """How many checks of a host ended how, one cell a verdict."""
        key = tuple([counts.get(verdict, 0) for verdict in Verdict])
        known = self._cells.get(key)
        if known is None:
            pairs = zip(Verdict, key, strict=True)
            cells = [f'<td class="num {one.value if count else "zero"}">{count}</td>' for one, count in pairs]
            known = self._cells[key] = Markup("".join(cells))  # noqa: S704 - our own words and numbers
        return known

    def _row(self, item: ReportItem, reasons: bool) -> str:
        reason = _words(self._wording.say(item.reason)) if reasons and item.reason else ""
        return (
            f"<tr><td>{self.about(item)}<td>{self.badge(item.verdict)}"
            f"<td class=num>{self._amount(item.value, item.unit)}"
            f"<td class=num>{self._amount(item.previous, item.unit)}"
            f"<td>{self._limit(item.warn, item.crit)}<td>{reason}"
        )

    def _about(self, title: str, metric: Text | None, subject: str, code: str) -> str:
        said = self._wording.say(metric)
        return (
            f"<bdi>{_words(title)}</bdi>"
            + (f" · {_words(said)}" if metric and said != title else "")
            + (f" <bdi class=subject>{_words(subject)}</bdi>" if subject else "")
            + (f" <span class=code>{_words(code)}</span>" if code else "")
        )

    def _amount(self, value: Value | None, unit: str) -> str:
        if value is None:
            return ""
        known = self._amounts.get((value, unit))
        if known is None:
            known = self._amounts[value, unit] = _words(self._wording.amount(value, unit))
        return known

    def _limit(self, warn: str, crit: str) -> str:
        known = self._limits.get((warn, crit))
        if known is None:
            written = [_words(self._wording.limit(limit)) for limit in (warn, crit) if limit]
            known = self._limits[warn, crit] = " / ".join(written)
        return known


@lru_cache(maxsize=4_096)
def _words(text: str) -> str:
    """What a template makes of `text`."""
    return str(escape(label(text)))
