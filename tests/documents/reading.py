"""Shortens what a reader says to what a test compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orchestrator.documents.findings import Findings
from orchestrator.documents.node import plain
from orchestrator.documents.yaml import read_yaml
from orchestrator.errors import Diagnostic, InvalidDocument


def read(text: str | bytes) -> tuple[object, list[Diagnostic]]:
    """A YAML text's plain value, and what the loader finds in it."""
    findings = Findings("f.yml")
    root = read_yaml("f.yml", text.encode() if isinstance(text, str) else text, findings)
    return (plain(root) if root else None), list(findings.diagnostics)


def refused(reader: Callable[[], object]) -> list[Diagnostic]:
    """The diagnostics that `reader` ends with."""
    try:
        value = reader()
    except InvalidDocument as error:
        return list(error.diagnostics)
    raise AssertionError(f"it was accepted: {value!r}")


def places(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """`line:column rule` of each."""
    return [f"{found.position.line}:{found.position.column} {found.rule}" for found in diagnostics]


def hint(diagnostics: Iterable[Diagnostic]) -> str:
    """The Chinese hint of the only diagnostic."""
    (found,) = diagnostics
    assert found.hint is not None
    return found.hint.zh
