"""Reads a site's thresholds: limits for a check's metrics wherever it runs, with where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.documents.findings import Findings
from orchestrator.documents.known_check import find_check
from orchestrator.documents.limit import find_metric, read_limit, unknown_metric
from orchestrator.documents.node import MapNode, Node, child, entries
from orchestrator.documents.validation import validate
from orchestrator.documents.yaml import require_yaml
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Metric
from orchestrator.model.threshold import Evidence, Limit, Threshold, ThresholdSource
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

Thresholds = Mapping[str, Mapping[str, Threshold]]
"""Check name -> metric name -> threshold."""


class _ThresholdModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    warn: Any = None
    crit: Any = None
    evidence: Evidence = Evidence.SITE
    source: str = Field("", max_length=200)


class _FileModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    thresholds: dict[str, dict[str, _ThresholdModel]]


def read_thresholds(path: str, data: bytes, checks: Registry[CheckPlugin]) -> Thresholds:
    """The thresholds in `data`.

    Raises:
        InvalidDocument: with all that is wrong.
    """
    findings = Findings(path)
    root = require_yaml(path, data, findings)
    model = validate(_FileModel, root, findings, where="thresholds")
    found: dict[str, Mapping[str, Threshold]] = {}
    for name, entry in entries(child(root, "thresholds")).items():
        if plugin := find_check(name, entry.key, checks, findings):
            models = model.thresholds[name] if model else {}
            found[name] = _thresholds(entry.value, plugin.spec, models, findings)
    findings.check()
    return found


def _thresholds(
    node: Node, spec: CheckSpec, models: Mapping[str, _ThresholdModel], findings: Findings
) -> Mapping[str, Threshold]:
    found = {}
    for name, entry in entries(node).items():
        metric = find_metric(name, spec)
        if metric is None:
            findings.add(entry.key, "unknown-metric", *unknown_metric(name, spec))
        elif isinstance(entry.value, MapNode):
            found[name] = _threshold(entry.value, metric, models.get(name, _ThresholdModel()), findings)
    return found


def _threshold(node: MapNode, metric: Metric, model: _ThresholdModel, findings: Findings) -> Threshold:
    limits = {
        key: _limit(node.entries[key].value, metric, findings)
        for key in ("warn", "crit")
        if key in node.entries
    }
    if not limits:
        findings.add(
            node.position,
            "missing-key",
            Text("至少要有 warn 或 crit", "warn or crit is missing"),
            Text('例如 warn: "> 85"', 'for example warn: "> 85"'),
        )
    source = ThresholdSource(model.evidence, model.source or str(node.position))
    return Threshold(limits.get("warn"), limits.get("crit"), source)


def _limit(node: Node, metric: Metric, findings: Findings) -> Limit | None:
    written = read_limit(node, metric, findings)
    return Limit.parse(written.text, metric.direction) if written else None
