"""Reads the limits of a check's metrics where they are written."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.documents.findings import Findings, did_you_mean, shown
from orchestrator.documents.node import MapNode, Node, ScalarNode
from orchestrator.documents.template import is_template
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Metric
from orchestrator.model.runbook import LimitText
from orchestrator.model.threshold import Direction, Limit

_LONGEST = 100

_FORMS = Text(
    '写成 "> 85"、"!= active"、"outside 18..27"，用半角符号，不带单位',
    'write "> 85", "!= active" or "outside 18..27": ASCII signs, no unit',
)


def read_limits(node: Node, spec: CheckSpec, findings: Findings) -> Mapping[str, LimitText]:
    """The value of `warn:` or `crit:`: one limit for the first metric, named `""`, or metric -> limit."""
    if not spec.metrics:
        findings.add(
            node.position,
            "no-metric",
            Text("这个检查没有可以设阈值的指标", "this check has no metric that a limit could hold for"),
            Text("删去 warn 与 crit", "remove warn and crit"),
        )
        return {}
    if not isinstance(node, MapNode):
        limit = read_limit(node, spec.metrics[0], findings)
        return {"": limit} if limit else {}
    found = {}
    for name, entry in node.entries.items():
        metric = find_metric(name, spec)
        if metric is None:
            findings.add(entry.key, "unknown-metric", *unknown_metric(name, spec))
        elif limit := read_limit(entry.value, metric, findings):
            found[name] = limit
    return found


def read_limit(node: Node, metric: Metric, findings: Findings) -> LimitText | None:
    """One limit as written, once it is certain that it is one."""
    if findings.at(node.position):
        return None
    value = node.value if isinstance(node, ScalarNode) else None
    if value is None or isinstance(value, bool) or len(str(value)) > _LONGEST:
        message = Text("阈值须是一个数或比较式", "a limit is a number or a comparison")
        findings.add(node.position, "invalid-limit", message, _FORMS)
        return None
    if is_template(value):
        findings.add(
            node.position,
            "limit-template",
            Text("阈值里不能写模板", "a limit can't be a template"),
            Text(
                "按主机不同的阈值写在清单变量 wardround_thresholds 里",
                "limits that differ by host go into the inventory variable wardround_thresholds",
            ),
        )
        return None
    return _parsed(node, value, metric, findings)


def find_metric(name: str, spec: CheckSpec) -> Metric | None:
    return next((metric for metric in spec.metrics if metric.name == name), None)


def unknown_metric(name: str, spec: CheckSpec) -> tuple[Text, Text]:
    return (
        Text(f"没有指标“{shown(name)}”", f"there is no metric '{shown(name)}'"),
        did_you_mean(name, [metric.name for metric in spec.metrics]),
    )


def _parsed(node: Node, value: str | float, metric: Metric, findings: Findings) -> LimitText | None:
    try:
        Limit.parse(value, metric.direction)
    except ValueError as error:
        findings.add(
            node.position,
            "invalid-limit",
            Text(
                f"“{shown(value)}”不是阈值{_bare(value, metric)}",
                f"'{shown(value)}' is no limit: {shown(error)}",
            ),
            _FORMS,
        )
        return None
    return LimitText(value, node.position)


def _bare(value: str | float, metric: Metric) -> str:
    """A number alone means nothing to a metric that has no worse side."""
    bare = not isinstance(value, str) and metric.direction is Direction.NONE
    return f"：指标 {metric.name} 没有大小方向，须写比较式" if bare else ""
