"""Every check, against what hosts of many kinds have answered."""

from __future__ import annotations

from pathlib import Path

import pytest

import orchestrator_plugins.checks
from orchestrator.errors import CheckSignal
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from tests.checks.case import canned, case_files, case_name, read_case

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))


@pytest.mark.parametrize("path", case_files(), ids=case_name)
def test_a_check_observes_what_the_case_says(path: Path) -> None:
    case = read_case(path)
    plugin = REGISTRY.get(path.parent.name)
    ask = canned(case, plugin)
    parameters = plugin.Parameters(**case.get("parameters", {}))
    observations: list[Observation] = []
    signal: CheckSignal | None = None
    try:
        for observation in plugin.observe(ask, parameters):
            observations.append(observation)  # noqa: PERF402 - a signal must not lose those before it
    except CheckSignal as raised:
        signal = raised
    expected = case.get("observations", [])
    seen = [(item.metric, item.subject, item.value) for item in observations]
    assert seen == [(item["metric"], item.get("subject", ""), item["value"]) for item in expected]
    for observation, item in zip(observations, expected, strict=True):
        assert item.get("evidence", "") in observation.evidence
    assert (type(signal).__name__ if signal else None) == case.get("signal"), signal
    assert case.get("reason", "") in str(signal)
    assert len(ask.asked) == len(case.get("commands", [])), "a case holds no answer that nobody asks for"


def test_every_check_that_reads_a_linux_host_has_a_case() -> None:
    folders = {path.parent.name for path in case_files()}
    plugins = next(iter(orchestrator_plugins.checks.__path__))
    readers = {
        file.stem
        for file in Path(plugins).glob("*.py")
        if "orchestrator_plugins.linux" in file.read_text(encoding="utf-8")
    }
    assert readers - folders == set()
