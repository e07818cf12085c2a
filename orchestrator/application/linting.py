"""Checking documents without running them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.documents.lint import lint
from orchestrator.documents.sarif import plain_json, sarif
from orchestrator.errors import Diagnostic, Severity
from orchestrator.language import Language
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry


@dataclass(frozen=True, slots=True)
class Linted:
    """What was checked and what is wrong with it."""

    files: int
    diagnostics: tuple[Diagnostic, ...]
    version: str

    @property
    def has_errors(self) -> bool:
        return any(found.severity is Severity.ERROR for found in self.diagnostics)

    def show(self, form: str, language: Language) -> str:
        """As text, as JSON, or as SARIF 2.1.0 for editors and code review."""
        match form:
            case "json":
                return json.dumps(plain_json(self.diagnostics, self.files), ensure_ascii=False, indent=2)
            case "sarif":
                return json.dumps(
                    sarif(self.diagnostics, self.version, language), ensure_ascii=False, indent=2
                )
        return "\n".join(found.say(language) for found in self.diagnostics)


def lint_paths(
    paths: Sequence[Path], site: Site | None, checks: Registry[CheckPlugin], version: str
) -> Linted:
    """Every document beneath `paths`, all errors at once.

    Raises:
        NotFound: a path does not exist.
    """
    result = lint(paths, site, checks)
    return Linted(result.files, result.diagnostics, version)
