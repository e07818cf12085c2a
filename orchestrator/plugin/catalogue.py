"""The reference of all checks, written from the checks themselves.

python -m orchestrator.plugin.catalogue > docs/reference/checks.md
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.model.check import Metric
from orchestrator.model.threshold import Limit
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry

_HEAD = """# Checks

Written by `python -m orchestrator.plugin.catalogue`; a test fails when it is out of date.

Limits are the defaults; a runbook, a threshold file or an inventory variable may set others. *Evidence* says
how well a default is founded: `seed` is the contract, `verified` public material, and `practice` common
practice that the hospital has yet to confirm.

"""


def write_catalogue(checks: Registry[CheckPlugin]) -> str:
    """Every registered check in Markdown: what it is for, its metrics and limits, its parameters."""
    plugins = {name: checks.get(name) for name in checks.names}
    # The catalogue's own order; those without a code come last.
    names = sorted(plugins, key=lambda name: (not plugins[name].spec.code, plugins[name].spec.code, name))
    index = "".join(f"- [{name}](#{name}) {plugins[name].spec.code}\n".replace(" \n", "\n") for name in names)
    return _HEAD + index + "".join("".join(_check(name, plugins[name])) for name in names)


def _check(name: str, plugin: CheckPlugin) -> Iterator[str]:
    spec = plugin.spec
    code = f", {spec.code}" if spec.code else ""
    yield f"\n## {name}\n\n{spec.title.zh} ({spec.title.en}{code}; {spec.layer} layer)\n\n"
    yield f"{inspect.cleandoc(plugin.__doc__ or '')}\n"
    if spec.caveat is not None:
        yield f"\n*Caveat: {spec.caveat.en}.*\n"
    yield "\n| metric | meaning | unit | warn | crit | evidence | source |\n|---|---|---|---|---|---|---|\n"
    yield from (_metric(metric) for metric in spec.metrics)
    properties = plugin.Parameters.model_json_schema().get("properties", {})
    if properties:
        yield "\n| parameter | type | default | meaning |\n|---|---|---|---|\n"
        yield from (_parameter(parameter, schema) for parameter, schema in properties.items())


def _metric(metric: Metric) -> str:
    limits = [
        "" if limit is None else _cell(str(Limit.parse(limit, metric.direction)))
        for limit in (metric.warn, metric.crit)
    ]
    title = f"{metric.title.zh} ({metric.title.en})"
    evidence = metric.evidence if limits != ["", ""] else ""
    return (
        f"| {metric.name} | {title} | {metric.unit} | {' | '.join(limits)} | {evidence} | {metric.source} |\n"
    )


def _parameter(name: str, schema: Mapping[str, Any]) -> str:
    default = "required"
    if "default" in schema:
        default = f"`{_cell(json.dumps(schema['default'], ensure_ascii=False))}`"
    meaning = " ".join(schema.get("description", "").split())
    return f"| {name} | {_type(schema)} | {default} | {_cell(meaning)} |\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = str(schema.get("format") or schema.get("type", "any"))
    items = schema.get("items")
    return f"list of {_type(items)}" if kind == "array" and isinstance(items, dict) else kind


def _cell(text: str) -> str:
    """A bar would end the cell."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(write_catalogue(Registry(CHECKS, ("spec", "Parameters", "observe"))))
