"""Many runs on PostgreSQL, carried out by one worker and by two."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.runs.asking import ask_for_many
from benchmarks.runs.site import bench_site, living_worker, steps
from benchmarks.runs.table import Rows, say
from benchmarks.usage import tree_cpu
from orchestrator.model.server import Server
from orchestrator.worker.start import CONCURRENCY
from tests.postgres import PASSWORD, running_postgres

STEPS = 10
_PATIENCE = 600.0


def shared(folder: Path, count: int, hosts: int, runs: int) -> Rows:
    """`count` runs of read steps over the same hosts, asked for when the workers have begun. The time is from
    the first that was taken up to the end of the last."""
    rows = Rows(
        f"{count} runs of {STEPS} read steps on {hosts} hosts, on PostgreSQL"
        f" ({CONCURRENCY} runs at a time in each worker)",
        ("s", "runs by the busiest", "workers' CPU s", "hosts' CPU s"),
    )
    for number in range(runs):
        for workers in (1, 2):
            say(f"{count} runs, {workers} workers, {number + 1}/{runs}")
            with tempfile.TemporaryDirectory(prefix="shared-", dir=folder) as place:
                figures = _carried_out(Path(place), count, hosts, workers)
            rows.add(f"{workers} worker{'s' * (workers > 1)}", figures)
    return rows


def _carried_out(folder: Path, count: int, hosts: int, workers: int) -> tuple[float, float, float, float]:
    with _server() as server, bench_site(folder, hosts, server) as site:
        site.write_runbook("shared", steps(STEPS, "read"))
        site.start("shared")
        before = tree_cpu(site.servers)
        with contextlib.ExitStack() as stack:
            living = [stack.enter_context(living_worker(site, f"bench{number}")) for number in range(workers)]
            begun = sum(worker.cpu() for worker in living)
            ask_for_many(site, "shared", count)
            by = _until_all_are_over(server, count + 1)
            used = sum(worker.cpu() for worker in living) - begun
        return _seconds(server), max(by.values()), used, tree_cpu(site.servers) - before


def _until_all_are_over(server: Server, count: int) -> Mapping[str, int]:
    """Returns how many runs each worker ended."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with _connection(server) as connection:
            found = connection.execute(
                "SELECT split_part(executor, '#', 1), count(*) FROM records_run"
                " WHERE state = 'succeeded' GROUP BY 1"
            ).fetchall()
        by = {name: number for name, number in found if name.startswith("bench")}
        if sum(number for _, number in found) == count:
            return by
        time.sleep(0.25)
    raise RuntimeError(f"not all of {count} runs succeeded: {found}")


def _seconds(server: Server) -> float:
    with _connection(server) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM records_run"
            " WHERE executor LIKE 'bench%'"
        ).fetchone()
    assert row is not None
    return float(row[0])


def _connection(server: Server) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        host=server.host, port=server.port, user=server.user, dbname=server.name, password=PASSWORD
    )


@contextmanager
def _server() -> Iterator[Server]:
    with contextlib.ExitStack() as stack:
        parts = urlsplit(stack.enter_context(running_postgres()))
        secret = stack.enter_context(tempfile.NamedTemporaryFile("w"))
        secret.write(PASSWORD)
        secret.flush()
        yield Server(
            "postgres", parts.hostname or "", parts.port, parts.username or "", {}, Path(secret.name)
        )
