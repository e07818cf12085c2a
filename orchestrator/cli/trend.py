"""`wardround trend`: how a number went, and where it goes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.visible import one_line
from orchestrator.model.forecast import Forecast
from orchestrator.model.foretelling import Foretelling

if TYPE_CHECKING:
    from orchestrator.application.trends import Trend

_DRAWN = 6
"""Charts of one command; of more series only the last values are listed."""


@click.command(
    name="trend",
    help=say(
        "画出一台主机上某检查项的走势与预测。CHECK 是任务 id 或检查名。\n\n"
        "  wardround trend his-db01 filesystems --subject /data --days 90",
        "Draw how a check's numbers went on a host, with the forecast. CHECK is a task's id or a check's "
        "name.\n\n  wardround trend his-db01 filesystems --subject /data --days 90",
    ),
)
@click.argument("host")
@click.argument("check")
@options.site()
@click.option(
    "--metric", metavar=say("指标", "METRIC"), help=say("只看该指标，如 used_pct", "That metric alone")
)
@click.option(
    "--subject", metavar=say("对象", "SUBJECT"), help=say("只看该对象，如 /data", "That subject alone")
)
@click.option(
    "--days",
    default=30,
    show_default=True,
    type=click.IntRange(1, 3650),
    help=say("回看天数", "Days to look back"),
)
@options.as_json()
def command(
    host: str,
    check: str,
    site: Path | None,
    metric: str | None,
    subject: str | None,
    days: int,
    as_json: bool,
) -> int:
    from orchestrator.bootstrap import open_wardround

    trends = open_wardround(site).trends
    found = trends.show(host, check, metric, subject, days)
    if as_json:
        click.echo(json.dumps([_document(one) for one in found], ensure_ascii=False, indent=2))
        return ExitCode.OK
    for number, trend in enumerate(found):
        _show(trend, trends.now, days, drawn=number < _DRAWN)
    return ExitCode.OK


def _show(trend: Trend, now: datetime, days: int, *, drawn: bool) -> None:
    name = one_line(f"{trend.host} {trend.title} {trend.metric} {trend.subject}")
    if not trend.points:
        click.echo(
            say(f"{name}：{days} 天内没有数据", f"{name}: nothing was measured within {days} days") + "\n"
        )
        return
    last = trend.points[-1]
    seen = f"{last.value:g}{trend.unit} ({last.at.astimezone(now.tzinfo):%m-%d %H:%M})"
    click.echo(f"{name}  {seen}")
    if drawn:
        from orchestrator.cli.chart import draw

        pairs = ((trend.warn, "yellow"), (trend.crit, "red"))
        lines = [
            (one.operand, colour)
            for one, colour in pairs
            if one is not None and isinstance(one.operand, float) and one.upper is None
        ]
        click.echo(draw(trend.points, lines, now.tzinfo))
        if lines:
            words = [(say("预警", "warning"), trend.warn), (say("严重", "critical"), trend.crit)]
            said = "  ".join(f"{word} {limit}" for word, limit in words if limit)
            click.echo(f"{say('横线', 'lines')}: {said}")
    if trend.forecast is not None:
        _show_forecast(trend, trend.forecast, now)
    click.echo()


def _show_forecast(trend: Trend, forecast: Forecast, now: datetime) -> None:
    told = Foretelling(forecast, str(trend.crit or ""), trend.unit, now, now.tzinfo or UTC)
    for words in (told.crossing, told.values, told.basis):
        if words is not None:
            click.echo(speak(words))


def _document(trend: Trend) -> dict[str, object]:
    return {
        "host": trend.host,
        "task": trend.task,
        "title": trend.title,
        "metric": trend.metric,
        "subject": trend.subject,
        "unit": trend.unit,
        "warn": str(trend.warn) if trend.warn else None,
        "crit": str(trend.crit) if trend.crit else None,
        "points": [[point.at.isoformat(), point.value] for point in trend.points],
        "forecast": _forecast(trend.forecast),
    }


def _forecast(forecast: Forecast | None) -> dict[str, object] | None:
    if forecast is None:
        return None
    reason = forecast.reason
    return {
        "samples": forecast.samples,
        "slope_per_day": forecast.slope,
        "earliest": forecast.earliest.isoformat() if forecast.earliest else None,
        "latest": forecast.latest.isoformat() if forecast.latest else None,
        "coverage": forecast.coverage or None,
        "after_days": [{"days": days, "low": low, "high": high} for days, low, high in forecast.after_days],
        "reason": {"zh": reason.zh, "en": reason.en} if reason else None,
    }
