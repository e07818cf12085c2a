"""Reads the value of `check:`: one plugin with its parameters, and what overrides its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.documents.findings import Findings, one_of
from orchestrator.documents.known_check import find_check, refuse_check
from orchestrator.documents.limit import read_limits
from orchestrator.documents.node import Entry, ListNode, MapNode, Node, ScalarNode, plain
from orchestrator.documents.runbook_model import CheckOptions
from orchestrator.documents.template import check_templates, wants_filling
from orchestrator.documents.validation import validate
from orchestrator.errors import PluginError, Position
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import LimitText
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

OPTIONS = ("warn", "crit", "layer", "unit")


@dataclass(frozen=True, slots=True)
class CheckPart:
    """A `check:`, read."""

    name: str
    spec: CheckSpec
    arguments: Mapping[str, object]
    argument_positions: Mapping[str, Position]
    warn: Mapping[str, LimitText]
    crit: Mapping[str, LimitText]
    layer: Layer | None
    unit: str | None


def read_check(
    node: MapNode, checks: Registry[CheckPlugin], findings: Findings, *, reads: bool = True
) -> CheckPart | None:
    """None, with findings, where it names no usable plugin.

    Args:
        reads: whether it must only read, as in an inspection.
    """
    name = _plugin_name(node, checks, findings)
    plugin = _plugin(name, node.entries[name].key, checks, findings, reads) if name else None
    if name is None or plugin is None:
        return None
    spec = plugin.spec
    parameters = _parameters(name, node.entries[name], plugin, findings)
    options = _options(node, spec, findings)
    limits = {
        key: read_limits(node.entries[key].value, spec, findings) if key in node.entries else {}
        for key in ("warn", "crit")
    }
    if parameters is None:
        return None
    return CheckPart(
        name=name,
        spec=spec,
        arguments={key: plain(entry.value) for key, entry in parameters.entries.items()},
        argument_positions={key: entry.value.position for key, entry in parameters.entries.items()},
        warn=limits["warn"],
        crit=limits["crit"],
        layer=options.layer if options else None,
        unit=(options.unit or None) if options else None,
    )


def _plugin_name(node: MapNode, checks: Registry[CheckPlugin], findings: Findings) -> str | None:
    names = [key for key in node.entries if key not in OPTIONS]
    unknown = [key for key in names if key not in checks]
    for key in unknown:
        refuse_check(key, node.entries[key].key, checks, findings, OPTIONS)
    if not names:
        findings.add(
            node.position,
            "missing-check",
            Text("check: 下面没有写检查名", "check: names no check"),
            one_of(checks.names),
        )
    elif len(names) > 1 and not unknown:
        findings.add(
            node.entries[names[1]].key,
            "several-checks",
            Text(
                f"一个任务只能有一个检查，这里有 {'、'.join(names)}",
                f"a task has one check; here are {', '.join(names)}",
            ),
            Text("拆成几个任务", "make a task of each"),
        )
    return names[0] if len(names) == 1 and not unknown else None


def _plugin(
    name: str, position: Position, checks: Registry[CheckPlugin], findings: Findings, reads: bool
) -> CheckPlugin | None:
    plugin = find_check(name, position, checks, findings)
    if reads and plugin is not None and plugin.spec.effect is not Effect.READ:
        findings.add(
            position,
            "not-read-only",
            Text(
                f"检查 {name} 会改动主机，不能用于巡检", f"{name} changes the host; an inspection only reads"
            ),
            Text("换一个只读的检查", "use a check that only reads"),
        )
        return None
    return plugin


def _parameters(name: str, entry: Entry, plugin: CheckPlugin, findings: Findings) -> MapNode | None:
    """The parameters as a mapping, held against the plugin's model."""
    node = _as_mapping(name, entry.value, plugin, findings)
    if node is None:
        return None
    try:
        validate(plugin.Parameters, node, findings, templates=True, where=name)
    except Exception as error:
        raise PluginError(
            Text(
                f"插件 {name} 校验参数时出错：{error}",
                f"plugin {name} fails to validate its parameters: {error}",
            )
        ) from error
    for key, parameter in node.entries.items():
        if key in plugin.spec.free:
            _check_free(key, parameter.value, findings)
        else:
            check_templates(parameter.value, findings)
    return node


def _as_mapping(name: str, node: Node, plugin: CheckPlugin, findings: Findings) -> MapNode | None:
    if isinstance(node, MapNode):
        return node
    if isinstance(node, ScalarNode) and node.value is None:
        return MapNode(node.position, {})
    if isinstance(node, ScalarNode) and plugin.spec.scalar:
        return MapNode(node.position, {plugin.spec.scalar: Entry(node.position, node)})
    if not findings.at(node.position):
        known = one_of(list(plugin.Parameters.model_fields))
        shape = Text("列表", "a list") if isinstance(node, ListNode) else Text("单个值", "a bare value")
        findings.add(
            node.position,
            "wrong-type",
            Text(
                f"检查 {name} 的参数须写成“键: 值”，不能是{shape.zh}",
                f"parameters of {name} are 'key: value', not {shape.en}",
            ),
            known,
        )
    return None


def _check_free(key: str, node: Node, findings: Findings) -> None:
    """What a person accepted must be what runs, so nothing may be filled into it later."""
    if wants_filling(node):
        findings.add(
            node.position,
            "free-template",
            Text(f"“{key}”里不能写模板", f"'{key}' can't hold a template"),
            Text(
                "会变的值通过其他参数（如 arguments）传入",
                "pass what varies through other parameters, such as arguments",
            ),
        )


def _options(node: MapNode, spec: CheckSpec, findings: Findings) -> CheckOptions | None:
    entries = {key: entry for key, entry in node.entries.items() if key in ("layer", "unit")}
    if "unit" in entries and not spec.open_unit:
        findings.add(
            entries.pop("unit").key,
            "fixed-unit",
            Text("这个检查的单位是固定的", "the unit of this check is fixed"),
            Text("删去 unit", "remove unit"),
        )
    return validate(CheckOptions, MapNode(node.position, entries), findings)
