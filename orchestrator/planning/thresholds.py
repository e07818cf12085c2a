"""Which limits hold: the inventory's over the runbook's over the site's over the check's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.errors import InputError, Position
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Metric
from orchestrator.model.near_name import near_names
from orchestrator.model.runbook import CheckTask, LimitText
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource
from orchestrator.planning.complaints import Complaint, Complaints
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

VARIABLE = "wardround_thresholds"
"""The inventory variable: check -> metric -> warn, crit, source; or check -> warn, crit, source."""

Site = Mapping[str, Mapping[str, Threshold]]
_KEYS = frozenset({"warn", "crit", "source"})
_UPWARD = (Comparison.ABOVE, Comparison.AT_LEAST)
_DOWNWARD = (Comparison.BELOW, Comparison.AT_MOST)


@dataclass(frozen=True, slots=True)
class _Sourced:
    """One limit and where it comes from."""

    limit: Limit
    source: ThresholdSource
    position: Position | None


Own = Mapping[str, Mapping[str, Mapping[str, _Sourced]]]
"""What a host's variable says: check -> metric -> `warn` or `crit` -> limit."""


def read_own(host: str, value: object, checks: Registry[CheckPlugin], complaints: Complaints) -> Own:
    """Read a host's rendered `wardround_thresholds`, complaining of everything in it that is wrong."""
    own: dict[str, dict[str, dict[str, _Sourced]]] = {}
    if value is None:
        return own
    if not isinstance(value, Mapping):
        complaints.add(host, _complaint(VARIABLE, Text("应为映射", "a mapping is expected")))
        return own
    for check, entries in value.items():
        try:
            own[check] = _own_check(host, check, entries, checks, complaints)
        except InputError as error:
            complaints.add(host, Complaint.of("threshold", f"{VARIABLE}.{check}", error))
    return own


def resolve(
    host: str, task: CheckTask, spec: CheckSpec, own: Own, site: Site, complaints: Complaints
) -> Mapping[str, Threshold]:
    """The effective threshold of each metric of one task on one host; a metric without limits is absent."""
    written = {
        "warn": _written(host, task.warn, spec, complaints),
        "crit": _written(host, task.crit, spec, complaints),
    }
    thresholds = {}
    for metric in spec.metrics:
        layers = (
            own.get(task.check, {}).get(metric.name, {}),
            {end: limits[metric.name] for end, limits in written.items() if metric.name in limits},
            _site_limits(site.get(task.check, {}).get(metric.name)),
            _default_limits(metric),
        )
        warn = next((layer["warn"] for layer in layers if "warn" in layer), None)
        crit = next((layer["crit"] for layer in layers if "crit" in layer), None)
        if warn and crit and _reversed(warn.limit, crit.limit):
            position = warn.position or crit.position or task.position
            what = f"{task.check}.{metric.name}"
            complaints.add(host, _reversed_complaint(host, what, warn, crit, position))
        elif warn or crit:
            thresholds[metric.name] = _threshold(warn, crit)
    return thresholds


def _own_check(
    host: str, check: str, entries: object, checks: Registry[CheckPlugin], complaints: Complaints
) -> dict[str, dict[str, _Sourced]]:
    if check not in checks:
        raise InputError(Text("没有这个检查", "there is no such check"), _did_you_mean(check, checks.names))
    if not isinstance(entries, Mapping):
        raise InputError(Text("应为映射", "a mapping is expected"))
    spec = checks.get(check).spec
    direct = bool(_KEYS & entries.keys())
    found = {}
    for metric, limits in ({"": entries} if direct else entries).items():
        where = f"{VARIABLE}.{check}{f'.{metric}' if metric else ''}"
        try:
            known = _metric(spec, metric)
            found[known.name] = dict(_own_limits(host, limits, known))
        except InputError as error:
            complaints.add(host, Complaint.of("threshold", where, error))
    return found


def _own_limits(host: str, limits: object, metric: Metric) -> Iterator[tuple[str, _Sourced]]:
    if not isinstance(limits, Mapping):
        raise InputError(Text("应写 warn 和 crit", "`warn` and `crit` are expected"))
    unknown = sorted(str(key) for key in limits.keys() - _KEYS)
    if unknown:
        raise InputError(
            Text(f"不认识 {', '.join(unknown)}", f"unknown key {', '.join(unknown)}"),
            Text("可写 warn、crit、source", "known keys: warn, crit, source"),
        )
    note = limits.get("source")
    source = ThresholdSource(Evidence.SITE, f"inventory: {host}{f' ({note})' if note else ''}")
    for end in ("warn", "crit"):
        if end in limits:
            yield end, _Sourced(_limit(limits[end], metric, end), source, None)


def _written(
    host: str, limits: Mapping[str, LimitText], spec: CheckSpec, complaints: Complaints
) -> dict[str, _Sourced]:
    found = {}
    for name, written in limits.items():
        try:
            metric = _metric(spec, name)
            limit = _limit(written.text, metric, name)
        except InputError as error:
            complaints.add(host, Complaint("threshold", error.message, error.hint, written.position))
            continue
        source = ThresholdSource(Evidence.SITE, str(written.position))
        found[metric.name] = _Sourced(limit, source, written.position)
    return found


def _site_limits(threshold: Threshold | None) -> dict[str, _Sourced]:
    if threshold is None:
        return {}
    ends = {"warn": threshold.warn, "crit": threshold.crit}
    return {end: _Sourced(limit, threshold.source, None) for end, limit in ends.items() if limit}


def _default_limits(metric: Metric) -> dict[str, _Sourced]:
    source = ThresholdSource(metric.evidence, metric.source)
    ends = {"warn": metric.warn, "crit": metric.crit}
    return {
        end: _Sourced(Limit.parse(text, metric.direction), source, None)
        for end, text in ends.items()
        if text is not None
    }


def _metric(spec: CheckSpec, name: str) -> Metric:
    """The metric of that name; the first one for `""`."""
    try:
        return spec.metric(name) if name else spec.metrics[0]
    except (KeyError, IndexError):
        known = [metric.name for metric in spec.metrics]
        raise InputError(
            Text(f"这个检查没有指标 {name}", f"this check has no metric {name}"), _did_you_mean(name, known)
        ) from None


def _limit(text: object, metric: Metric, end: str) -> Limit:
    try:
        return Limit.parse(text if isinstance(text, str | int | float) else repr(text), metric.direction)
    except ValueError as error:
        raise InputError(
            Text(f"{end} 不是阈值：{text!r}", f"{end} is no limit: {error}"),
            Text("写数字或比较，例如 85 或 '> 85'", "write a number or a comparison, such as 85 or '> 85'"),
        ) from None


def _threshold(warn: _Sourced | None, crit: _Sourced | None) -> Threshold:
    return Threshold(warn.limit if warn else None, crit.limit if crit else None, _joint_source(warn, crit))


def _joint_source(warn: _Sourced | None, crit: _Sourced | None) -> ThresholdSource:
    """Both, where they differ; then the pair is only as well founded as the weaker one."""
    sources = [found.source for found in (warn, crit) if found]
    if len(set(sources)) == 1:
        return sources[0]
    weaker = next((source for source in sources if source.evidence is Evidence.PRACTICE), sources[0])
    return ThresholdSource(weaker.evidence, f"warn: {sources[0].origin}; crit: {sources[1].origin}")


def _reversed(warn: Limit, crit: Limit) -> bool:
    """Whether a value could be critical without being a warning: surely a slip of the pen."""
    if warn.comparison in _UPWARD and crit.comparison in _UPWARD:
        return float(warn.operand) > float(crit.operand)
    if warn.comparison in _DOWNWARD and crit.comparison in _DOWNWARD:
        return float(warn.operand) < float(crit.operand)
    if warn.comparison is crit.comparison is Comparison.OUTSIDE:
        return float(warn.operand) < float(crit.operand) or (warn.upper or 0) > (crit.upper or 0)
    return False


def _reversed_complaint(
    host: str, what: str, warn: _Sourced, crit: _Sourced, position: Position
) -> Complaint:
    sources = f"warn: {warn.source.origin}; crit: {crit.source.origin}"
    sources = sources.replace(f"inventory: {host}", "inventory")  # said once for all hosts
    return Complaint(
        "threshold-order",
        Text(
            f"{what}：warn（{warn.limit}）比 crit（{crit.limit}）更严重（{sources}）",
            f"{what}: warn ({warn.limit}) is more severe than crit ({crit.limit}) ({sources})",
        ),
        Text("两个值写在同一处", "write both in the same place"),
        position,
    )


def _did_you_mean(name: str, known: tuple[str, ...] | list[str]) -> Text:
    near = near_names(name, known, 1)
    if near:
        return Text(f"是否指 {near[0]}？", f"did you mean {near[0]}?")
    return Text(f"可用：{', '.join(known)}", f"known: {', '.join(known)}")


def _complaint(subject: str, message: Text) -> Complaint:
    return Complaint.of("threshold", subject, InputError(message))
