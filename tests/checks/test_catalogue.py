"""What the checks say of themselves, and the reference that is written from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.model.effect import Effect
from orchestrator.model.threshold import Direction, Evidence, Limit
from orchestrator.plugin.catalogue import write_catalogue
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"
REWRITE = "python -m orchestrator.plugin.catalogue > docs/reference/checks.md"


def test_the_reference_names_every_check_as_it_is() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == write_catalogue(REGISTRY), f"run: {REWRITE}"


def test_no_two_checks_share_a_code() -> None:
    codes = [REGISTRY.get(name).spec.code for name in REGISTRY.names if REGISTRY.get(name).spec.code]
    assert len(codes) == len(set(codes))


def test_the_linux_chapter_is_complete() -> None:
    codes = {REGISTRY.get(name).spec.code for name in REGISTRY.names}
    assert {f"LNX{number:02}" for number in range(1, 21)} <= codes


@pytest.mark.parametrize("name", REGISTRY.names)
def test_a_check_presents_itself_completely(name: str) -> None:
    spec = REGISTRY.get(name).spec
    assert spec.title.zh
    assert spec.title.en
    assert spec.metrics
    assert len({metric.name for metric in spec.metrics}) == len(spec.metrics)
    assert spec.effect is Effect.READ, "an inspection refuses everything else"
    known = set(REGISTRY.get(name).Parameters.model_fields)
    assert {*spec.free, *spec.secret, *filter(None, [spec.scalar])} <= known


@pytest.mark.parametrize("name", REGISTRY.names)
def test_default_limits_are_limits_and_have_a_source(name: str) -> None:
    for metric in REGISTRY.get(name).spec.metrics:
        if metric.warn is None and metric.crit is None:
            continue
        limits = [
            Limit.parse(text, metric.direction) for text in (metric.warn, metric.crit) if text is not None
        ]
        assert metric.source
        assert metric.evidence is not Evidence.SITE
        if len(limits) == 2 and all(isinstance(limit.operand, float) for limit in limits):
            warn, crit = (float(limit.operand) for limit in limits)
            assert crit < warn if metric.direction is Direction.LOW else crit > warn
