"""The results of one host as compact text, and back. The same threshold is written once a host."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.language import Text
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.round import CheckResult
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource, Value
from orchestrator.model.verdict import Verdict
from orchestrator.records.scope import Task

Place = tuple[str, str, str]
"""Task, metric and subject; the last two are empty for a check as a whole."""
Seen = tuple[Value | None, Verdict]

_VERDICTS = {verdict.value: verdict for verdict in Verdict}
"""Looking one up costs a third of making it, and a large round has very many."""


def write_results(results: Sequence[CheckResult]) -> str:
    """JSON arrays without names. Titles and layers are in the round's scope."""
    thresholds = _Thresholds()
    rows = [
        (
            result.id,
            result.verdict,
            write_text(result.reason),
            result.evidence,
            round(result.seconds, 4),
            [_write_judgement(judgement, thresholds) for judgement in result.judgements],
        )
        for result in results
    ]
    content = {"thresholds": thresholds.written, "results": rows}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def read_results(text: str, tasks: Mapping[str, Task]) -> tuple[CheckResult, ...]:
    """What `write_results` wrote, with the words of the scope's `tasks` put back."""
    content = json.loads(text)
    thresholds = [_read_threshold(*row) for row in content["thresholds"]]
    return tuple(_read_result(tasks, thresholds, *row) for row in content["results"])


def read_seen(text: str) -> dict[Place, Seen]:
    """Of what `write_results` wrote only the values and verdicts."""
    seen: dict[Place, Seen] = {}
    for task, verdict, _, _, _, judgements in json.loads(text)["results"]:
        seen[task, "", ""] = None, _VERDICTS[verdict]
        for metric, subject, value, _, judged, _, _ in judgements:
            seen[task, metric, subject] = value, _VERDICTS[judged]
    return seen


def write_text(text: Text | None) -> tuple[str, str] | None:
    return None if text is None else (text.zh, text.en)


def read_text(pair: Sequence[str] | None) -> Text | None:
    return None if pair is None else Text(*pair)


class _Thresholds:
    """Each one's place among those of a host. Most values share a few objects, and finding one by what is in
    it costs more than all else that is written of a value."""

    def __init__(self) -> None:
        self.written: list[tuple[object, ...]] = []
        self._places: dict[Threshold, int] = {}
        self._known: dict[int, int] = {}

    def place(self, threshold: Threshold) -> int:
        place = self._known.get(id(threshold))
        if place is None:
            place = self._places.setdefault(threshold, len(self.written))
            if place == len(self.written):
                self.written.append(_write_threshold(threshold))
            self._known[id(threshold)] = place
        return place


def _write_judgement(judgement: Judgement, thresholds: _Thresholds) -> tuple[object, ...]:
    seen, threshold = judgement.observation, judgement.threshold
    place = None if threshold is None else thresholds.place(threshold)
    return (seen.metric, seen.subject, seen.value, judgement.unit, judgement.verdict, place, seen.evidence)


def _read_result(
    tasks: Mapping[str, Task],
    thresholds: Sequence[Threshold],
    id: str,  # noqa: A002 - a check's id, as everywhere
    verdict: str,
    reason: Sequence[str] | None,
    evidence: str,
    seconds: float,
    judgements: Sequence[Sequence[Any]],
) -> CheckResult:
    task = tasks[id]
    return CheckResult(
        id,
        task.title,
        task.check,
        task.code,
        task.layer,
        _VERDICTS[verdict],
        tuple(_read_judgement(thresholds, *row) for row in judgements),
        read_text(reason),
        evidence,
        seconds,
    )


def _read_judgement(
    thresholds: Sequence[Threshold],
    metric: str,
    subject: str,
    value: float | str,
    unit: str,
    verdict: str,
    place: int | None,
    evidence: str,
) -> Judgement:
    threshold = None if place is None else thresholds[place]
    return Judgement(Observation(metric, value, subject, evidence), unit, threshold, _VERDICTS[verdict])


def _write_threshold(threshold: Threshold) -> tuple[object, ...]:
    source = threshold.source
    return (_write_limit(threshold.warn), _write_limit(threshold.crit), source.evidence, source.origin)


def _read_threshold(
    warn: Sequence[Any] | None, crit: Sequence[Any] | None, evidence: str, origin: str
) -> Threshold:
    return Threshold(_read_limit(warn), _read_limit(crit), ThresholdSource(Evidence(evidence), origin))


def _write_limit(limit: Limit | None) -> tuple[object, ...] | None:
    return None if limit is None else (limit.comparison, limit.operand, limit.upper)


def _read_limit(row: Sequence[Any] | None) -> Limit | None:
    return None if row is None else Limit(Comparison(row[0]), row[1], row[2])
