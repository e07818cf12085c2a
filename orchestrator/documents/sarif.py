"""Diagnostics for programs: plain JSON of our own, and SARIF 2.1.0 for code hosts and editors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from orchestrator.errors import Diagnostic
from orchestrator.language import Language, Text

JSON_FORM = "wardround.lint/1"
"""Names the shape of the plain JSON; a change that breaks readers raises the number."""


def plain_json(diagnostics: Sequence[Diagnostic], files: int) -> dict[str, Any]:
    """What `--format json` prints: both languages of every text."""
    return {
        "form": JSON_FORM,
        "files": files,
        "diagnostics": [
            {
                "file": found.position.file,
                "line": found.position.line,
                "column": found.position.column,
                "severity": found.severity.value,
                "rule": found.rule,
                "message": _both(found.message),
                "hint": _both(found.hint) if found.hint else None,
            }
            for found in diagnostics
        ],
    }


def sarif(diagnostics: Sequence[Diagnostic], version: str, language: Language) -> dict[str, Any]:
    """What `--format sarif` prints."""
    rules = sorted({found.rule for found in diagnostics})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "wardround",
                        "version": version,
                        "rules": [{"id": rule} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(found, rules, language) for found in diagnostics],
            }
        ],
    }


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _result(found: Diagnostic, rules: Sequence[str], language: Language) -> dict[str, Any]:
    message = found.message.say(language)
    return {
        "ruleId": found.rule,
        "ruleIndex": rules.index(found.rule),
        "level": found.severity.value,
        "message": {"text": f"{message} ({found.hint.say(language)})" if found.hint else message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(found.position.file)},
                    "region": {"startLine": found.position.line, "startColumn": found.position.column},
                }
            }
        ],
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
