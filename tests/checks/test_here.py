"""Every check asks this very machine."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import CannotTell, CheckSignal, NotApplicable
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from tests.checks.case import case_files
from tests.checks.local_ask import LocalAsk

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))
NAMES = sorted({path.parent.name for path in case_files()})
PARAMETERS: dict[str, dict[str, Any]] = {
    "backup_file": {"directory": "/etc", "glob": "*.conf"},
    "backup_job": {"path": "/etc/passwd"},
    "directory_quota": {"path": "/etc", "limit_mib": 1000},
    "listening_ports": {"ports": [1, "udp/1"]},
    "mariadb_backup": {"directory": "/etc"},
    "log_pattern": {"path": "/etc/passwd", "pattern": "^root:"},
    "process_running": {"name": "no-such-program-here"},
}
ALWAYS = frozenset(
    {
        "backup_file", "cpu_load", "cpu_usage", "file_handles", "filesystem_usage", "inode_usage",
        "listening_ports", "log_pattern", "memory_available", "process_running", "uptime",
    }
)  # fmt: skip
"""What every Linux machine can answer, whoever asks."""


@pytest.mark.parametrize("name", NAMES)
def test_a_check_sees_something_or_says_honestly_why_not(name: str, here: LocalAsk) -> None:
    plugin = REGISTRY.get(name)
    seen: list[Observation] = []
    signal: CheckSignal | None = None
    try:
        seen.extend(plugin.observe(here, plugin.Parameters(**PARAMETERS.get(name, {}))))
    except (NotApplicable, CannotTell) as raised:
        signal = raised
    assert seen or signal
    assert {observation.metric for observation in seen} <= {metric.name for metric in plugin.spec.metrics}
    if name in ALWAYS:
        assert signal is None
