"""JSON Schemas, which editors complete and check documents from. Made from the models that read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from orchestrator.documents.action_model import ARGUMENTS, FREE_FORM, ONE_OF
from orchestrator.documents.runbook_model import LONGEST_CHECK, CheckOptions, RunbookModel
from orchestrator.documents.timetable import TimetableModel
from orchestrator.model.check import CheckSpec, Layer
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import Kind, Module
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

Schema = dict[str, Any]

_REFERENCE = "#/$defs/{model}"
_LIMIT: Schema = {"type": ["number", "string"]}
_TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{"}
_FIXED: Schema = {"not": {"type": "string", "pattern": r"\{\{|\{%"}}
_WITHOUT_TEMPLATE: Schema = {
    **_FIXED,
    "additionalProperties": {**_FIXED, "items": _FIXED},
}
_CHECK = "check"
_ACCEPTED = [Effect.READ.value, Effect.IDEMPOTENT.value]


def runbook_schema(checks: Registry[CheckPlugin]) -> Schema:
    """Draft 2020-12, with every check's parameters and metrics.

    Raises:
        PluginError: a plugin can't be loaded, so that its part would be missing.
    """
    schema = RunbookModel.model_json_schema(ref_template=_REFERENCE)
    definitions: Schema = schema.pop("$defs")
    # Pydantic gives the pattern of the names and leaves other names open.
    definitions["PlayModel"]["properties"]["vars"]["additionalProperties"] = False
    for name in checks.names:
        definitions |= _check(name, checks.get(name))
    for module, model in ARGUMENTS.items():
        definitions[module] = _module(module, model)
    _complete_task(definitions["TaskModel"], checks.names)
    definitions["PlayModel"] |= _plays()
    definitions["Effect"]["description"] = (
        "read 只读；idempotent 幂等，再做一次不再改变什么；once 仅一次，绝不做第二次"
    )
    definitions["Kind"]["description"] = "用途，决定放行的规则"
    for name in ("TaskModel", "PlayModel"):
        properties = definitions[name]["properties"]
        properties |= {key: _given(value) for key, value in properties.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Wardround runbook",
        "anyOf": [{"items": {"properties": {"kind": {"const": kind.value}}}} for kind in Kind],
        "$defs": dict(sorted(definitions.items())),
    }


def timetable_schema() -> Schema:
    """Draft 2020-12, of `timetable.yml`."""
    schema = TimetableModel.model_json_schema(ref_template=_REFERENCE)
    schedule = schema["$defs"]["ScheduleModel"]
    schedule["properties"] = {key: _given(value) for key, value in schedule["properties"].items()}
    schedule["oneOf"] = [{"required": ["at"]}, {"required": ["every"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Wardround timetable",
    }


def _complete_task(task: Schema, checks: Sequence[str]) -> None:
    """What the models leave to code: one module a task, and which keys go with which."""
    properties = task["properties"]
    properties[_CHECK]["anyOf"] = [{"$ref": f"#/$defs/check.{name}"} for name in checks]
    for module in Module:
        description = properties[module]["description"]
        properties[module] = {"$ref": _REFERENCE.format(model=module), "description": description}
    task["oneOf"] = [{"required": [name]} for name in (_CHECK, *Module)]
    resting = [module for module in Module if not module.reaches]
    task["allOf"] = [
        _unless([_CHECK], {**_never("effect", "verify"), "timeout": {"maximum": LONGEST_CHECK}}),
        _unless(resting, _never("effect", "verify", "timeout")),
        {
            "if": {"properties": {"effect": {"enum": _ACCEPTED}}, "required": ["effect"]},
            "then": {"properties": {name: _WITHOUT_TEMPLATE for name in Module if name.reaches}},
        },
    ]


def _unless(names: Sequence[str], properties: Schema) -> Schema:
    """Where one of these keys stands, the others are as said."""
    return {
        "if": {"anyOf": [{"required": [name]} for name in names]},
        "then": {"properties": properties},
    }


def _never(*names: str) -> Schema:
    return dict.fromkeys(names, False)


def _plays() -> Schema:
    """An inspection has checks alone."""
    modules = {"properties": _never(*Module)}
    return {
        "if": {"properties": {"kind": {"const": Kind.INSPECTION.value}}, "required": ["kind"]},
        "then": {"properties": {"tasks": {"items": modules}}},
    }


def _module(module: Module, model: type[BaseModel]) -> Schema:
    """What may stand under a module: its arguments, or all of them in one text."""
    schema = model.model_json_schema()
    properties = {key: _given(value) for key, value in schema["properties"].items()}
    if "argv" in properties:
        properties["argv"] = {"anyOf": [properties["argv"], _TEMPLATE]}
    arguments = {**schema, "properties": properties}
    arguments.pop("description", None)
    if module in ONE_OF:
        arguments["oneOf"] = [{"required": [name]} for name in ONE_OF[module]]
    if module not in FREE_FORM:
        return arguments
    return {"anyOf": [{**properties["cmd"], "title": module.value}, arguments]}


def _check(name: str, plugin: CheckPlugin) -> Schema:
    """What may stand under `check:` for one plugin, and the definitions that its parameters need."""
    parameters = plugin.Parameters.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    definitions = {f"{name}.{key}": value for key, value in parameters.pop("$defs", {}).items()}
    title = plugin.spec.title
    return {
        **definitions,
        f"check.{name}": {
            "type": "object",
            "title": f"{title.zh} ({title.en})",
            "required": [name],
            "properties": {name: _parameters(parameters, plugin.spec), **_options(plugin.spec)},
            "additionalProperties": False,
        },
    }


def _parameters(schema: Schema, spec: CheckSpec) -> Schema:
    """The parameters' own schema, where a value may also be a template, or all of them one bare value."""
    properties = schema.get("properties", {})
    mapping = {
        **schema,
        "properties": {
            key: value if key in spec.free else {"anyOf": [value, _TEMPLATE]}
            for key, value in properties.items()
        },
        "description": spec.title.zh,
    }
    forms = [mapping]
    if spec.scalar:
        forms.append(properties[spec.scalar])
    if not schema.get("required"):
        forms.append({"type": "null"})
    return {"anyOf": forms} if len(forms) > 1 else mapping


def _options(spec: CheckSpec) -> Schema:
    options: Schema = CheckOptions.model_json_schema()["properties"]
    layer = {"enum": [layer.value for layer in Layer], "description": options["layer"]["description"]}
    found: Schema = {"layer": layer}
    if spec.open_unit:
        found["unit"] = options["unit"]
    if spec.metrics:
        metrics = {metric.name: {**_LIMIT, "description": metric.title.zh} for metric in spec.metrics}
        by_metric = {"type": "object", "properties": metrics, "additionalProperties": False}
        found |= {key: {"anyOf": [_LIMIT, by_metric]} for key in ("warn", "crit")}
    return found


def _given(schema: Schema) -> Schema:
    """The same without null, which pydantic knows as a default and a document may not hold."""
    forms = [form for form in schema.get("anyOf", []) if form != {"type": "null"}]
    if len(forms) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**forms[0], **rest}
