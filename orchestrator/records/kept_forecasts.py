"""Trends and forecasts as they were first told of a round, kept so that they are worked out once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.language import Text
from orchestrator.model.forecast import Forecast, Point
from orchestrator.records.database import database_faults
from orchestrator.records.models.kept_forecasts import KeptForecasts
from orchestrator.records.models.round import Round
from orchestrator.records.result_text import read_text, write_text
from orchestrator.records.sighting import Identity

_FORMAT = 1
"""Goes up when less or more is written: what has another one counts as not kept."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a number came to be what it is, and where it goes."""

    trend: tuple[Point, ...] = ()
    forecast: Forecast | None = None


@database_faults()
def read_kept(row: Round) -> Mapping[Identity, Outlook]:
    """What was kept with a round; empty where nothing was, or where it can't be made out."""
    kept = KeptForecasts.objects.filter(round=row).values_list("content", flat=True).first()
    if kept is None:
        return {}
    try:
        content = json.loads(zlib.decompress(kept))
    except (zlib.error, ValueError):
        return {}
    return _read(content) if content["format"] == _FORMAT else {}


@database_faults()
def keep(row: Round, outlooks: Mapping[Identity, Outlook]) -> None:
    """Keep them with a round that has ended, in the place of what was kept before.

    Raises:
        StoreError: the database can't be written.
    """
    content = zlib.compress(_write(outlooks))
    KeptForecasts.objects.bulk_create(
        [KeptForecasts(round=row, content=content)],
        update_conflicts=True,  # two reports may be the first one at once, and find the same
        unique_fields=("round",),
        update_fields=("content",),
    )


def _write(outlooks: Mapping[Identity, Outlook]) -> bytes:
    """JSON arrays without names. What is seen on one host is seen at the same times: they are said once."""
    times: dict[tuple[int, ...], int] = {}
    reasons: dict[Text | None, int] = {}
    rows = [
        (
            *(one.host, one.task, one.metric, one.subject),
            times.setdefault(tuple(int(point.at.timestamp()) for point in outlook.trend), len(times)),
            [point.value for point in outlook.trend],
            None if outlook.forecast is None else _write_forecast(outlook.forecast, reasons),
        )
        for one, outlook in outlooks.items()
    ]
    content = {
        "format": _FORMAT,
        "times": list(times),
        "reasons": [write_text(reason) for reason in reasons],
        "series": rows,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _write_forecast(forecast: Forecast, reasons: dict[Text | None, int]) -> tuple[object, ...]:
    return (
        forecast.samples,
        forecast.slope,
        _write_time(forecast.earliest),
        _write_time(forecast.latest),
        forecast.coverage,
        forecast.after_days,
        reasons.setdefault(forecast.reason, len(reasons)),
    )


def _read(content: Mapping[str, Any]) -> dict[Identity, Outlook]:
    times = [[datetime.fromtimestamp(at, UTC) for at in ats] for ats in content["times"]]
    reasons = [read_text(pair) for pair in content["reasons"]]
    return {
        Identity(host, task, metric, subject): Outlook(
            tuple(map(Point, times[place], values)),
            None if forecast is None else _read_forecast(reasons, *forecast),
        )
        for host, task, metric, subject, place, values, forecast in content["series"]
    }


def _read_forecast(
    reasons: Sequence[Text | None],
    samples: int,
    slope: float | None,
    earliest: str | None,
    latest: str | None,
    coverage: float,
    after_days: Iterable[tuple[int, float, float]],
    reason: int,
) -> Forecast:
    return Forecast(
        samples,
        slope,
        _read_time(earliest),
        _read_time(latest),
        coverage,
        tuple((days, low, high) for days, low, high in after_days),
        reasons[reason],
    )


def _write_time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
