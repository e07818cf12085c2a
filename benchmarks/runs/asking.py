"""Asks for many runs at once: once as the command line does, and then for the same again."""

from __future__ import annotations

import secrets
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.runs.site import ENVIRONMENT, BenchSite


def ask_for_many(site: BenchSite, runbook: str, count: int) -> None:
    """In a process of its own: one process has one database."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.runs.asking", str(site.root), runbook, str(count)],
        check=True, env={**ENVIRONMENT, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )  # fmt: skip


def _ask(site: Path, runbook: str, count: int) -> None:
    from orchestrator.application.clock import system_clock
    from orchestrator.bootstrap import open_wardround

    runs = open_wardround(site).runs
    first = runs.ask(runbook)

    from orchestrator.records.runs import request_run, run_request

    request = run_request(first)
    for _ in range(count - 1):
        request_run(replace(request, key=secrets.token_hex(16)), system_clock())


if __name__ == "__main__":
    _ask(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
