"""A forecast in words, the same on the terminal and in every report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from orchestrator.language import Text
from orchestrator.model.forecast import Forecast
from orchestrator.model.quantity import quantity, signed, span, unit
from orchestrator.model.threshold import Comparison, Limit

_RISING = (Comparison.ABOVE, Comparison.AT_LEAST)
_FALLING = (Comparison.BELOW, Comparison.AT_MOST)


@dataclass(frozen=True, slots=True)
class Foretelling:
    """What is said of a forecast as it stood at `now`."""

    forecast: Forecast
    crit: str
    """The limit that it is about, such as `>= 90`."""
    unit: str
    now: datetime
    zone: tzinfo

    @property
    def crossing(self) -> Text:
        """In which span of days the value comes to its limit, or why no date is foretold."""
        forecast = self.forecast
        if forecast.earliest is None:
            why = forecast.reason or Text("数据不足", "there are too few data")
            return Text(f"不预测到限日期：{why.zh}", f"No date foretold: {why.en}")
        first, reaching = max(forecast.earliest, self.now), self._reaching()
        if forecast.latest is None:
            day, ahead = self._date(first), self._ahead(first, first)
            return Text(
                f"最早 {day.zh}（{ahead.zh}）{reaching.zh}，也可能一直不会",
                f"{reaching.en} on {day.en} ({ahead.en}) at the earliest, perhaps never",
            )
        days, ahead = self._days(first, forecast.latest), self._ahead(first, forecast.latest)
        return Text(f"预计 {days.zh}（{ahead.zh}）{reaching.zh}", f"{reaching.en} {days.en} ({ahead.en})")

    @property
    def values(self) -> Text | None:
        """Where the value will be in 30, 60 and 90 days; None where the data do not see so far."""
        told = [_after(days, span(low, high, self.unit)) for days, low, high in self.forecast.after_days]
        return _joined("；", "; ", told) if told else None

    def value(self, days: int) -> Text | None:
        """The same for one of those times."""
        return next(
            (span(low, high, self.unit) for found, low, high in self.forecast.after_days if found == days),
            None,
        )

    @property
    def basis(self) -> Text:
        """What the forecast rests on, and how sure it is."""
        forecast = self.forecast
        said = [Text(f"{forecast.samples} 个样本", f"{forecast.samples} samples")]
        if forecast.after_days or forecast.earliest:
            if forecast.slope is not None:
                slope, of = signed(forecast.slope), unit(self.unit)
                said.append(Text(f"每天 {slope}{of.zh}", f"{slope}{of.en} a day"))
            said.append(Text(f"把握 {forecast.coverage:.0%}", f"{forecast.coverage:.0%} sure"))
        return _joined("，", ", ", said)

    def _reaching(self) -> Text:
        limit = line(self.crit)
        if limit is None:
            return Text("达到严重界限", "Reaches its critical limit")
        amount = quantity(float(limit.operand), self.unit)
        if limit.comparison in _FALLING:
            return Text(f"降到严重界限 {amount.zh}", f"Falls to its critical limit {amount.en}")
        return Text(f"达到严重界限 {amount.zh}", f"Reaches its critical limit {amount.en}")

    def _days(self, first: datetime, last: datetime) -> Text:
        begins, ends = first.astimezone(self.zone), last.astimezone(self.zone)
        one, other = self._date(first), self._date(last)
        if ends.date() <= begins.date():
            return Text(one.zh, f"on {one.en}")
        same_month = (begins.year, begins.month) == (ends.year, ends.month)
        until = f"{ends.day} 日" if same_month else other.zh
        return Text(f"{one.zh}至 {until}", f"between {one.en} and {other.en}")

    def _date(self, moment: datetime) -> Text:
        """A day as it is spoken, with its year only where that is not the year of `now`."""
        there = moment.astimezone(self.zone)
        zh, en = f"{there.month} 月 {there.day} 日", f"{there.day} {there:%b}"
        if there.year != self.now.astimezone(self.zone).year:
            return Text(f"{there.year} 年 {zh}", f"{en} {there.year}")
        return Text(zh, en)

    def _ahead(self, first: datetime, last: datetime) -> Text:
        soon, late = (round((moment - self.now) / timedelta(days=1)) for moment in (first, last))
        if late < 1:
            return Text("一天之内", "within a day")
        if soon < 1:
            return Text(f"{late} 天之内", f"within {late} days")
        days = f"{soon}" if soon == late else f"{soon}–{late}"
        return Text(f"{days} 天后", "in 1 day" if days == "1" else f"in {days} days")


def line(crit: str) -> Limit | None:
    """A limit that is a line, larger or smaller than one number; None for any other."""
    try:
        limit = Limit.parse(crit)
    except ValueError:
        return None
    return limit if limit.comparison in (*_RISING, *_FALLING) else None


def _after(days: int, value: Text) -> Text:
    return Text(f"{days} 天后 {value.zh}", f"in {days} days {value.en}")


def _joined(zh: str, en: str, said: Iterable[Text]) -> Text:
    texts = list(said)
    return Text(zh.join(one.zh for one in texts), en.join(one.en for one in texts))
