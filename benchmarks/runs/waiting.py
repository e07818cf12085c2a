"""What a worker costs that has nothing to do but wait, with many runs that wait."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from benchmarks.runs.asking import ask_for_many
from benchmarks.runs.site import BenchSite, bench_site, living_worker
from benchmarks.runs.table import Rows, say
from benchmarks.usage import tree_mib

_PAUSE_MINUTES = 10_000
_SETTLE_SECONDS = 5.0


def waiting(folder: Path, runs_waiting: int, seconds: float) -> Rows:
    """Every run was really begun, and pauses for a week: its next leg is in the engine."""
    rows = Rows(
        f"a worker with {runs_waiting} waiting runs, over {seconds:g} s",
        ("% of a core", "MiB", "ms of its CPU to begin one"),
    )
    with bench_site(folder, 1) as site:
        site.write_runbook("pause", [{"pause": {"minutes": _PAUSE_MINUTES}}])
        # Once before, or twenty legs at once would each ask Ansible for the inventory.
        site.write_runbook("once-before", [{"debug": {"msg": "nothing"}}])
        site.start("once-before")
        ask_for_many(site, "pause", runs_waiting)
        with living_worker(site) as worker:
            say(f"{runs_waiting} runs are begun ...")
            _until_all_wait(site, runs_waiting)
            begun = worker.cpu()
            time.sleep(_SETTLE_SECONDS)
            before, since = worker.cpu(), time.perf_counter()
            time.sleep(seconds)
            share = 100 * (worker.cpu() - before) / (time.perf_counter() - since)
            rows.add("idle worker", (share, tree_mib(worker.pid), 1000 * begun / runs_waiting), "3 %")
    return rows


def _until_all_wait(site: BenchSite, count: int) -> None:
    deadline = time.monotonic() + 60 + count
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(site.state / "records.sqlite3", timeout=30)) as connection:
            (waits,) = connection.execute(
                "SELECT count(*) FROM records_run WHERE state = 'waiting'"
            ).fetchone()
        if waits == count:
            return
        time.sleep(1)
    raise RuntimeError(f"of {count} runs, {waits} wait")
