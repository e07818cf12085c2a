"""What was measured on a host over time, what is to come, and a month of rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NoReturn

from orchestrator.application.abandoned import settle_before_showing
from orchestrator.application.clock import Clock
from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.completion import Month, month_of
from orchestrator.model.forecast import Forecast, Point
from orchestrator.model.near_name import near_names
from orchestrator.model.round import CheckResult, RoundLine
from orchestrator.model.site import Site
from orchestrator.model.threshold import Limit
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.records.database import database_faults
from orchestrator.records.models.series import Series
from orchestrator.records.trend import (
    first_round_at,
    hosts_with_series,
    inspections_between,
    last_results,
    read_trend,
    series_of,
)
from orchestrator.reporting.foresight import WINDOW, foresee


@dataclass(frozen=True, slots=True)
class Trend:
    """One series with its limits and its forecast."""

    host: str
    task: str
    title: str
    metric: str
    subject: str
    unit: str
    points: tuple[Point, ...]
    warn: Limit | None
    crit: Limit | None
    forecast: Forecast | None
    """Of capacity alone."""


class Trends:
    """The numbers of one site, whose database is open."""

    def __init__(self, site: Site, checks: Registry[CheckPlugin], clock: Clock) -> None:
        self._site = site
        self._checks = checks
        self._clock = clock

    @database_faults()
    def show(self, host: str, check: str, metric: str | None, subject: str | None, days: int) -> list[Trend]:
        """All series of a host that `check` (a task's id or a check's name) measures, narrowed where asked.

        Raises:
            NotFound: nothing like that was ever measured; says what was meant, perhaps.
        """
        every = series_of(host)
        if not every:
            _not_found("主机", "host", host, hosts_with_series())
        results = last_results(host)
        chosen = [one for one in every if check in (one.task, _check(results, one.task))]
        if not chosen:
            names = {name for one in every for name in (one.task, _check(results, one.task)) if name}
            _not_found("检查项", "check", check, names)
        for word, zh, en in ((metric, "指标", "metric"), (subject, "对象", "subject")):
            if word is not None:
                kept = [one for one in chosen if getattr(one, en) == word]
                if not kept:
                    _not_found(zh, en, word, {getattr(one, en) for one in chosen})
                chosen = kept
        return self._read(chosen, results, days)

    @property
    def now(self) -> datetime:
        return self._clock().astimezone(self._site.timezone)

    @database_faults()
    def month(self, first: date, tell: Callable[[Text], None]) -> Month:
        """What each morning and evening of a month came to; `first` is its first day.

        `tell` hears that the log takes no events.
        """
        settle_before_showing(self._site, self._clock(), tell)
        zone = self._site.timezone
        begins = datetime(first.year, first.month, 1, tzinfo=zone)
        ends = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=zone)
        rounds = [
            RoundLine(
                number=row.number,
                runbook=row.runbook,
                title=row.title,
                state=row.round_state,
                actor=row.started_by,
                started_at=row.started_at.astimezone(zone),
                hosts=row.hosts,
                hosts_unreachable=row.hosts_unreachable,
                due=row.due,
                done=row.done,
                warn=row.warn,
                crit=row.crit,
            )
            for row in inspections_between(begins, ends)
        ]
        return month_of(first, rounds, first_round_at(), self.now, zone)

    def _read(self, chosen: Sequence[Series], results: Mapping[str, CheckResult], days: int) -> list[Trend]:
        now = self._clock()
        since = now - timedelta(days=max(days, WINDOW))
        points = read_trend([one.pk for one in chosen], since, now)
        shown = now - timedelta(days=days)
        return [self._trend(one, points[one.pk], results.get(one.task), shown, now) for one in chosen]

    def _trend(
        self, series: Series, points: list[Point], result: CheckResult | None, since: datetime, now: datetime
    ) -> Trend:
        limits = [
            judgement.threshold
            for judgement in (result.judgements if result else ())
            if judgement.observation.metric == series.metric and judgement.threshold is not None
        ]
        warn, crit = (limits[0].warn, limits[0].crit) if limits else (None, None)
        capacity = result is not None and self._is_capacity(result.check, series.metric)
        return Trend(
            series.host,
            series.task,
            result.title if result else series.task,
            series.metric,
            series.subject,
            series.unit,
            tuple(point for point in points if point.at >= since),
            warn,
            crit,
            foresee(points, crit, now, series.unit) if capacity else None,
        )

    def _is_capacity(self, check: str, metric: str) -> bool:
        metrics = self._checks.get(check).spec.metrics if check in self._checks else ()
        return any(one.name == metric and one.capacity for one in metrics)


def _check(results: Mapping[str, CheckResult], task: str) -> str:
    return results[task].check if task in results else ""


def _not_found(zh: str, en: str, word: str, known: Iterable[str]) -> NoReturn:
    names = sorted(set(known) - {""})
    near = ", ".join(near_names(word, names))
    listed = ", ".join(names[:10])
    raise NotFound(
        Text(f"没有{zh} {word} 的数据", f"nothing was ever measured for {en} {word}"),
        Text(f"是否指 {near}？", f"did you mean: {near}")
        if near
        else Text(f"有数据的：{listed}", f"measured are: {listed}")
        if names
        else Text("先执行一轮巡检：wardround round run", "run a round first: wardround round run"),
    )
