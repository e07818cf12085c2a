"""A site's thresholds are read with their origin, or refused at their places."""

from __future__ import annotations

import pytest

from orchestrator.documents.thresholds import read_thresholds
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from tests.documents.reading import places, refused

Checks = Registry[CheckPlugin]


def test_limits_are_parsed_by_their_metrics_direction(checks: Checks) -> None:
    text = """\
thresholds:
  disk:
    used_pct: {warn: "> 85", crit: 90, evidence: verified, source: "[S20]"}
    free_gb:
      crit: 5
"""
    found = read_thresholds("t.yml", text.encode(), checks)
    assert found == {
        "disk": {
            "used_pct": Threshold(
                Limit(Comparison.ABOVE, 85.0),
                Limit(Comparison.AT_LEAST, 90.0),
                ThresholdSource(Evidence.VERIFIED, "[S20]"),
            ),
            "free_gb": Threshold(
                None, Limit(Comparison.AT_MOST, 5.0), ThresholdSource(Evidence.SITE, "t.yml:5:7")
            ),
        }
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{dsk: {}}", "1:14 unknown-check"),
        ("{LNX05: {}}", "1:14 unknown-check"),
        ("{vanished: {}}", "1:14 broken-plugin"),
        ("{disk: {usd_pct: {warn: 1}}}", "1:21 unknown-metric"),
        ("{disk: {used_pct: {warm: 1}}}", "1:32 unknown-key"),
        ("{disk: {used_pct: {}}}", "1:31 missing-key"),
        ("{disk: {used_pct: 85}}", "1:31 wrong-type"),
        ("{disk: {used_pct: {warn: many}}}", "1:38 invalid-limit"),
        ("{disk: {state: {warn: 3}}}", "1:35 invalid-limit"),
        ('{disk: {used_pct: {warn: "{{ x }}"}}}', "1:38 limit-template"),
        ("{disk: {used_pct: {warn: 1, evidence: sead}}}", "1:51 unknown-value"),
        ("[disk]", "1:13 wrong-type"),
    ],
)
def test_each_mistake_has_its_place(body: str, expected: str, checks: Checks) -> None:
    found = refused(lambda: read_thresholds("t.yml", f"thresholds: {body}\n".encode(), checks))
    assert expected in places(found)
