"""What the past of a value says of the days to come, in words and as a chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.model.forecast import Forecast
from orchestrator.model.report import ReportItem
from orchestrator.model.threshold import Comparison, Limit
from orchestrator_plugins.renderers.chart import Chart, Crossing, Reach, Rule
from orchestrator_plugins.renderers.wording import Wording, number

_RISING = (Comparison.ABOVE, Comparison.AT_LEAST)
_FALLING = (Comparison.BELOW, Comparison.AT_MOST)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecasts of one report for one reader, as they stood at `now`, the start of its round."""

    w: Wording
    now: datetime

    def crossing(self, item: ReportItem) -> str:
        """When the second limit will be reached, or why that can't be told; empty for no forecast at all."""
        forecast = item.forecast
        if forecast is None:
            return ""
        if forecast.earliest is None:
            return self.w.say(forecast.reason) or self.w.t("数据不足以预测", "the data bear no forecast")
        return self._when(forecast.earliest, forecast.latest, self._reaching(item))

    def ahead(self, item: ReportItem) -> str:
        """Where the value will be in 30, 60 and 90 days; empty where the data do not see so far."""
        return self.w.t("；", "; ").join(
            self.w.t(
                f"{days} 天后 {self._span(low, high, item.unit)}",
                f"in {days} d {self._span(low, high, item.unit)}",
            )
            for days, low, high in _after(item)
        )

    def after(self, item: ReportItem, days: int) -> str:
        """The same for one of those times; `—` where the data do not see so far."""
        spans = (self._span(low, high, item.unit) for found, low, high in _after(item) if found == days)
        return next(spans, "—")

    def basis(self, item: ReportItem) -> str:
        """What the forecast rests on."""
        forecast = item.forecast
        if forecast is None:
            return ""
        samples = self.w.t(f"{forecast.samples} 个样本", f"{forecast.samples} samples")
        if forecast.slope is None or not forecast.after_days:
            return samples
        slope = f"{'+' if forecast.slope >= 0 else '−'}{number(abs(forecast.slope))}{self.w.unit(item.unit)}"
        return f"{samples}{self.w.t('，每天 ', ', ')}{slope}{self.w.t('', ' a day')}"

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

    def _when(self, earliest: datetime, latest: datetime | None, reaching: str) -> str:
        first = max(earliest, self.now)
        if latest is None:
            day = self.w.date(first, self.now)
            return self.w.t(
                f"最早 {day}{reaching}，也可能一直不会", f"{reaching} not before {day}, perhaps never"
            )
        days = self.w.days(first, latest, self.now)
        return self.w.t(f"预计 {days}{reaching}", f"expected {days} {reaching}")

    def _reaching(self, item: ReportItem) -> str:
        limit = _limit(item.crit)
        if limit is None:
            return self.w.t("达到严重界限", "to reach the critical limit")
        amount = self.w.amount(float(limit.operand), item.unit)
        if limit.comparison in _FALLING:
            return self.w.t(f"降到 {amount}", f"to fall to {amount}")
        return self.w.t(f"达到 {amount}", f"to reach {amount}")

    def _span(self, low: float, high: float, unit: str) -> str:
        written = number(low), number(high)
        if written[0] == written[1]:
            return f"{written[0]}{self.w.unit(unit)}"
        return f"{written[0]}–{written[1]}{self.w.unit(unit)}"

    def _rules(self, item: ReportItem) -> Iterator[Rule]:
        for text, final, word in (
            (item.warn, False, self.w.t("预警", "warn")),
            (item.crit, True, self.w.t("严重", "crit")),
        ):
            limit = _limit(text)
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
    forecast, limit = foretold(item), _limit(item.crit)
    if forecast is None or forecast.earliest is None or limit is None:
        return None
    return Crossing(forecast.earliest, forecast.latest, float(limit.operand))


def _limit(text: str) -> Limit | None:
    """A limit that is a line: larger or smaller than one number."""
    try:
        limit = Limit.parse(text)
    except ValueError:
        return None
    return limit if limit.comparison in (*_RISING, *_FALLING) else None
