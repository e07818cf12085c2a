"""Asks for many runs at once, as the command line does for each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.runs.site import ENVIRONMENT, BenchSite
from orchestrator.bootstrap import open_wardround


def ask_in_advance(site: BenchSite, runbook: str, count: int) -> None:
    """In a process of its own: one process has one database."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.runs.asking", str(site.root), runbook, str(count)],
        check=True, env={**ENVIRONMENT, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )  # fmt: skip


if __name__ == "__main__":
    _site, _runbook, _count = sys.argv[1:]
    _runs = open_wardround(Path(_site)).runs
    for _ in range(int(_count)):
        _runs.ask(_runbook)
