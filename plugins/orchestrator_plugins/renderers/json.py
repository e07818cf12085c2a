"""One round as JSON, for other programs: a versioned schema, both languages, every key always there."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from orchestrator.language import Language, Text
from orchestrator.model.audit import Anchor
from orchestrator.model.check import Layer
from orchestrator.model.conclusion import conclusion, headline, tone
from orchestrator.model.forecast import Forecast
from orchestrator.model.report import ReportHost, ReportItem, RoundReport, SystemLine
from orchestrator.model.round import HostFailure
from orchestrator.model.system import Component
from orchestrator.model.threshold import Value
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver
from orchestrator_plugins.renderers.zone import zone

SCHEMA = "wardround/round-report/1"
"""A key may be added within a version; none is removed, and none changes its meaning."""

suffix = "json"


def render(report: RoundReport, language: Language) -> bytes:
    """The same bytes for the same report, whatever the language: texts come in both."""
    written = io.BytesIO()
    for part in _written(_document(report)):
        written.write(part.encode("utf-8", "replace"))
    return written.getvalue()


_PRETTY = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=2)
_ROW = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def _written(document: Mapping[str, object]) -> Iterator[str]:
    """What there are thousands of stands one a line. Indented, a round of a thousand hosts took 120 MiB and
    three times as long: Python has no fast encoder that indents."""
    before = "{"
    for key, value in document.items():
        yield f'{before}\n  "{key}": '
        yield from (
            _rows(value) if isinstance(value, Iterator) else [_PRETTY.encode(value).replace("\n", "\n  ")]
        )
        before = ","
    yield "\n}\n"


def _rows(rows: Iterator[object]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield f"{before}\n    {_ROW.encode(row)}"
        before = ","
    yield "[]" if before == "[" else "\n  ]"


def _document(report: RoundReport) -> dict[str, object]:
    """Rows as iterators: they are made one at a time."""
    clock = _Clock(zone(report.timezone))
    return {
        "schema": SCHEMA,
        "hospital": _text(report.hospital),
        "round": {
            "number": report.round,
            "runbook": report.runbook,
            "title": report.title,
            "kind": report.kind.value,
            "state": report.state.value,
            "started_at": clock.say(report.started_at),
            "finished_at": clock.say(report.finished_at),
            "actor": report.actor.name,
            "actor_proof": report.actor.proof,
            "plan_digest": report.plan_digest,
            "partial": report.partial,
            "single_user": report.single_user,
        },
        "previous_round": _previous(report, clock),
        "program_version": report.version,
        "generated_at": clock.say(report.generated_at),
        "timezone": report.timezone,
        "tone": tone(report).value,
        "headline": _text(headline(report)),
        "conclusion": _text(conclusion(report)),
        "coverage": {
            "due": report.coverage.due,
            "done": report.coverage.done,
            "unknown": report.coverage.unknown,
            "not_run": report.coverage.not_run,
            "skipped": report.coverage.skipped,
            "percent": float(report.coverage.percent[:-1]) if report.coverage.due else None,
        },
        "counts": _counts(report.counts),
        "matrix": {layer.value: _counts(report.matrix.get(layer, {})) for layer in Layer},
        "components": _components(report),
        "systems": (_system(line) for line in report.systems),
        "hosts": (_host(host) for host in report.hosts),
        "findings": (_item(item, clock) for item in report.findings),
        "cleared": (_item(item, clock) for item in report.cleared),
        "items": (_item(item, clock) for item in report.items),
        "waivers": (_waiver(waiver, clock) for waiver in report.waivers),
        "anchor": _anchor(report.anchor),
    }


class _Clock:
    """Times in the report's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def say(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.astimezone(self._zone).isoformat(timespec="seconds")


def _previous(report: RoundReport, clock: _Clock) -> dict[str, object] | None:
    if report.previous_round is None:
        return None
    return {"number": report.previous_round, "started_at": clock.say(report.previous_started_at)}


def _components(report: RoundReport) -> dict[str, object]:
    """Every component that the report speaks of, by slug; elsewhere only slugs are given."""
    lines = (line.component for line in report.systems)
    hosts = (component for host in report.hosts for component in host.affected)
    items = (
        component
        for item in (*report.findings, *report.cleared, *report.items)
        for component in item.affected
    )
    found = {component.slug: component for group in (lines, hosts, items) for component in group}
    return {slug: _component(found[slug]) for slug in sorted(found)}


def _component(component: Component) -> dict[str, object]:
    return {
        "title": _text(component.title),
        "tier": component.tier.value,
        "seq": component.seq,
        "rto_minutes": component.rto_minutes,
    }


def _system(line: SystemLine) -> dict[str, object]:
    return {
        "component": line.component.slug,
        "verdict": line.verdict.value,
        "findings": line.findings,
        "because": list(line.because),
    }


def _host(host: ReportHost) -> dict[str, object]:
    return {
        "name": host.name,
        "address": host.address,
        "groups": list(host.groups),
        "verdict": host.verdict.value,
        "counts": _counts(host.counts),
        "failure": _failure(host.failure),
        "affected": [component.slug for component in host.affected],
        "seconds": _number(host.seconds),
    }


def _failure(failure: HostFailure | None) -> dict[str, object] | None:
    if failure is None:
        return None
    return {
        "reason": failure.reason.value,
        "detail": _text(failure.detail),
        "hint": _text(failure.hint),
    }


def _item(item: ReportItem, clock: _Clock) -> dict[str, object]:
    return {
        "host": item.host,
        "id": item.id,
        "code": item.code,
        "title": item.title,
        "check": item.check,
        "layer": item.layer.value,
        "verdict": item.verdict.value,
        "metric": item.metric,
        "metric_title": _text(item.metric_title),
        "subject": item.subject,
        "value": _value(item.value),
        "unit": item.unit,
        "warn": item.warn,
        "crit": item.crit,
        "evidence_level": item.evidence_level.value if item.evidence_level else None,
        "source": item.source,
        "reason": _text(item.reason),
        "evidence": item.evidence,
        "previous": _value(item.previous),
        "previous_verdict": item.previous_verdict.value if item.previous_verdict else None,
        "change": item.change.value if item.change else None,
        "since": clock.say(item.since),
        "finding": item.finding,
        "owner": item.owner,
        "due_at": clock.say(item.due_at),
        "flaps": item.flaps,
        "waiver": _waiver(item.waiver, clock) if item.waiver else None,
        "capacity": item.capacity,
        "trend": [{"at": clock.say(point.at), "value": _number(point.value)} for point in item.trend],
        "forecast": _forecast(item.forecast, clock),
        "affected": [component.slug for component in item.affected],
        "seconds": _number(item.seconds),
    }


def _waiver(waiver: Waiver, clock: _Clock) -> dict[str, object]:
    return {
        "number": waiver.number,
        "runbook": waiver.runbook,
        "host": waiver.host,
        "task": waiver.task,
        "metric": waiver.metric,
        "subject": waiver.subject,
        "covers": waiver.covers.value,
        "reason": waiver.reason,
        "approver": waiver.approver.name,
        "approver_proof": waiver.approver.proof.value,
        "approved_at": clock.say(waiver.approved_at),
        "expires_at": clock.say(waiver.expires_at),
        "ended_at": clock.say(waiver.ended_at),
    }


def _forecast(forecast: Forecast | None, clock: _Clock) -> dict[str, object] | None:
    """Without `earliest` no crossing is foretold, and `reason` says why; `after_days` may hold values."""
    if forecast is None:
        return None
    return {
        "samples": forecast.samples,
        "slope_per_day": _number(forecast.slope) if forecast.slope is not None else None,
        "earliest": clock.say(forecast.earliest),
        "latest": clock.say(forecast.latest),
        "coverage": _number(forecast.coverage) if forecast.after_days or forecast.earliest else None,
        "after_days": [
            {"days": days, "low": _number(low), "high": _number(high)}
            for days, low, high in forecast.after_days
        ],
        "reason": _text(forecast.reason),
    }


def _anchor(anchor: Anchor | None) -> dict[str, object] | None:
    return None if anchor is None else {"sequence": anchor.sequence, "hash": anchor.hash}


def _text(text: Text | None) -> dict[str, str] | None:
    return None if text is None else {"zh": text.zh, "en": text.en}


def _counts(counts: Mapping[Verdict, int]) -> dict[str, int]:
    return {verdict.value: counts.get(verdict, 0) for verdict in Verdict}


def _value(value: Value | None) -> Value | None:
    return _number(value) if isinstance(value, int | float) else value


def _number(value: float) -> float | None:
    """JSON has no word for infinity or no number."""
    return round(value, 6) if math.isfinite(value) else None
