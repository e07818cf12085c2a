"""What the past of a value says of the days to come, in words and as a chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.model.forecast import Forecast
from orchestrator.model.foretelling import Foretelling, line
from orchestrator.model.quantity import number
from orchestrator.model.report import ReportItem
from orchestrator_plugins.renderers.chart import Chart, Crossing, Reach, Rule
from orchestrator_plugins.renderers.wording import Wording


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecasts of one report for one reader, as they stood at `now`, the start of its round."""

    w: Wording
    now: datetime

    def crossing(self, item: ReportItem) -> str:
        """When the second limit will be reached, or why that can't be told; empty for no forecast at all."""
        told = self._told(item)
        return self.w.say(told.crossing) if told else ""

    def ahead(self, item: ReportItem) -> str:
        """Where the value will be in 30, 60 and 90 days; empty where the data do not see so far."""
        told = self._told(item)
        return self.w.say(told.values) if told else ""

    def after(self, item: ReportItem, days: int) -> str:
        """The same for one of those times; `—` where the data do not see so far."""
        told = self._told(item)
        return (self.w.say(told.value(days)) if told else "") or "—"

    def basis(self, item: ReportItem) -> str:
        """What the forecast rests on."""
        told = self._told(item)
        return self.w.say(told.basis) if told else ""

    def chart(self, item: ReportItem) -> Chart | None:
        """The value's past and what is foretold; None where there is too little to draw."""
        chart = Chart(
            title=self._title(item),
            description=self._description(item),
            points=item.trend,
            number=lambda value: f"{number(value)}{'%' if item.unit == '%' else ''}",
            day=self.w.day,
            rules=tuple(self._rules(item)),
            reaches=tuple(
                Reach(self.now + timedelta(days=days), low, high) for days, low, high in _after(item)
            ),
            crossing=_crossing(item),
        )
        return chart if chart.drawable else None

    def _told(self, item: ReportItem) -> Foretelling | None:
        if item.forecast is None:
            return None
        return Foretelling(item.forecast, item.crit, item.unit, self.now, self.w.zone)

    def _rules(self, item: ReportItem) -> Iterator[Rule]:
        for text, final, word in (
            (item.warn, False, self.w.t("预警", "warn")),
            (item.crit, True, self.w.t("严重", "crit")),
        ):
            limit = line(text)
            if limit is not None:
                percent = "%" if item.unit == "%" else ""
                yield Rule(float(limit.operand), f"{word} {number(float(limit.operand))}{percent}", final)

    def _title(self, item: ReportItem) -> str:
        return " ".join(part for part in (item.host, item.title, item.subject) if part)

    def _description(self, item: ReportItem) -> str:
        first, last = item.trend[:1], item.trend[-1:]
        seen = [
            f"{self.w.day(point.at)} {self.w.amount(point.value, item.unit)}" for point in (*first, *last)
        ]
        past = self.w.t(
            f"{len(item.trend)} 次测得的值：{' 到 '.join(seen)}",
            f"{len(item.trend)} values: {' to '.join(seen)}",
        )
        return self.w.t("；", "; ").join(part for part in (past, self.crossing(item)) if part)


def foretold(item: ReportItem) -> Forecast | None:
    """The item's forecast where it says when; a forecast without that is no more than the reason why."""
    return item.forecast if item.forecast is not None and item.forecast.earliest is not None else None


def _after(item: ReportItem) -> tuple[tuple[int, float, float], ...]:
    return item.forecast.after_days if item.forecast else ()


def _crossing(item: ReportItem) -> Crossing | None:
    forecast, limit = foretold(item), line(item.crit)
    if forecast is None or forecast.earliest is None or limit is None:
        return None
    return Crossing(forecast.earliest, forecast.latest, float(limit.operand))
