"""Programs get the same diagnostics as people, in a shape that stays."""

from __future__ import annotations

from orchestrator.documents.sarif import plain_json, sarif
from orchestrator.errors import Diagnostic, Position, Severity
from orchestrator.language import Language, Text

FOUND = [
    Diagnostic(
        Position("runbooks/早 巡检.yml", 3, 7), "unknown-key", Text("未知", "unknown"), Text("改", "mend")
    ),
    Diagnostic(Position("/site/a.yml"), "empty", Text("空", "empty"), severity=Severity.WARNING),
]


def test_the_plain_json_names_its_shape_and_holds_both_languages() -> None:
    assert plain_json(FOUND, 5) == {
        "form": "wardround.lint/1",
        "files": 5,
        "diagnostics": [
            {
                "file": "runbooks/早 巡检.yml",
                "line": 3,
                "column": 7,
                "severity": "error",
                "rule": "unknown-key",
                "message": {"zh": "未知", "en": "unknown"},
                "hint": {"zh": "改", "en": "mend"},
            },
            {
                "file": "/site/a.yml",
                "line": 1,
                "column": 1,
                "severity": "warning",
                "rule": "empty",
                "message": {"zh": "空", "en": "empty"},
                "hint": None,
            },
        ],
    }


def test_sarif_has_rules_levels_and_addresses_that_are_uris() -> None:
    (run,) = sarif(FOUND, "1.2.3", Language.ZH)["runs"]
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["empty", "unknown-key"]
    first, second = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("unknown-key", 1, "error")
    assert first["message"]["text"] == "未知 (改)"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "runbooks/%E6%97%A9%20%E5%B7%A1%E6%A3%80.yml"
    assert place["region"] == {"startLine": 3, "startColumn": 7}
    assert second["level"] == "warning"
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file:///site/a.yml"
