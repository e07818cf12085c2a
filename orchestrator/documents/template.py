"""Jinja templates within documents: recognised, and their syntax checked where they stand."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from orchestrator.documents.findings import Findings, shown
from orchestrator.documents.node import Node, ScalarNode, strings
from orchestrator.errors import Position
from orchestrator.language import Text

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKS = ("{{", "{%", "{#")


def is_template(value: object) -> bool:
    """Whether a value is text that Jinja would change."""
    return isinstance(value, str) and any(mark in value for mark in _MARKS)


def holds_template(node: Node) -> bool:
    return any(is_template(scalar.value) for scalar in strings(node))


def wants_filling(node: Node) -> bool:
    """Whether a text that is taken as it stands looks as if something were to be filled into it. `{#` does
    not: a shell asks for a length with `${#name}`."""
    return any(
        isinstance(scalar.value, str) and ("{{" in scalar.value or "{%" in scalar.value)
        for scalar in strings(node)
    )


def check_conditions(node: Node, findings: Findings) -> None:
    """The same for conditions, which are expressions without brackets: `x | length > 0`."""
    for scalar in strings(node):
        if is_template(scalar.value):
            findings.add(
                scalar.position,
                "condition-template",
                Text("条件里不写 {{ }}", "a condition is written without {{ }}"),
                Text("例如 used_pct < 90", "for example used_pct < 90"),
            )
        else:
            _check(scalar, findings, f"{{{{ {scalar.value} }}}}")


def check_templates(node: Node, findings: Findings) -> None:
    """Say where a template beneath `node` has an error that Jinja would stop at."""
    for scalar in strings(node):
        if is_template(scalar.value):
            _check(scalar, findings, str(scalar.value))


@cache
def _parser() -> Environment:
    """Imported when a document holds a template: most of those that a command reads hold none."""
    from jinja2 import Environment

    return Environment(autoescape=False)  # noqa: S701 - it parses and never renders


def _check(scalar: ScalarNode, findings: Findings, template: str) -> None:
    from jinja2 import TemplateSyntaxError

    try:
        _parser().parse(template)
    except TemplateSyntaxError as error:
        _refuse(_line(scalar, error.lineno), error.message or "", findings)
    except (RecursionError, ValueError) as error:
        # Jinja's parser calls itself for every bracket, and Python refuses numbers of thousands of digits.
        _refuse(scalar.position, f"too complex: {type(error).__name__}", findings)


def _line(scalar: ScalarNode, line: int) -> Position:
    """Within a `|` block, the template's lines are those of the file, one below the `|`."""
    if not scalar.literal:
        return scalar.position
    return Position(scalar.position.file, scalar.position.line + line)


def _refuse(position: Position, problem: str, findings: Findings) -> None:
    findings.add(
        position,
        "template-syntax",
        Text(f"Jinja 模板有错：{shown(problem)}", f"the Jinja template is wrong: {shown(problem)}"),
        Text("检查 {{ }} 与 {% %} 是否成对", "check that {{ }} and {% %} are closed"),
    )
