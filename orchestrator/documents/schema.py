"""JSON Schemas, which editors complete and check documents from. Made from the models that read them."""

from __future__ import annotations

from typing import Any

from orchestrator.documents.runbook_model import CheckOptions, RunbookModel
from orchestrator.documents.timetable import TimetableModel
from orchestrator.model.check import CheckSpec, Layer
from orchestrator.model.runbook import Kind
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

Schema = dict[str, Any]

_REFERENCE = "#/$defs/{model}"
_LIMIT: Schema = {"type": ["number", "string"]}
_TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{"}


def runbook_schema(checks: Registry[CheckPlugin]) -> Schema:
    """Draft 2020-12, with every check's parameters and metrics.

    Raises:
        PluginError: a plugin can't be loaded, so that its part would be missing.
    """
    schema = RunbookModel.model_json_schema(ref_template=_REFERENCE)
    definitions: Schema = schema.pop("$defs")
    del definitions["Kind"]
    definitions["PlayModel"]["properties"]["kind"] = {
        "const": Kind.INSPECTION.value,
        "description": "巡检：目前唯一能运行的种类",
    }
    # Pydantic gives the pattern of the names and leaves other names open.
    definitions["PlayModel"]["properties"]["vars"]["additionalProperties"] = False
    for name in checks.names:
        definitions |= _check(name, checks.get(name))
    task = definitions["TaskModel"]["properties"]
    task["check"]["anyOf"] = [{"$ref": f"#/$defs/check.{name}"} for name in checks.names]
    for properties in (task, definitions["PlayModel"]["properties"]):
        properties |= {key: _given(value) for key, value in properties.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Wardround runbook",
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
