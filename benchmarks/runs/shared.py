"""Many runs on PostgreSQL, and one round, carried out by one worker and by two."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.checks import CHECKS
from benchmarks.contender import FORKS
from benchmarks.runs.asking import ask_for_many
from benchmarks.runs.site import ENVIRONMENT, BenchSite, bench_site, living_worker, steps
from benchmarks.runs.table import Rows, say
from benchmarks.usage import tree_cpu
from orchestrator.model.server import Server
from orchestrator.worker.start import CONCURRENCY
from tests.postgres import PASSWORD, running_postgres

STEPS = 10
_PATIENCE = 600.0
_WARM_UP = 20
"""Hosts of the round before those that count: enough for two workers to take part."""


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


def shared_round(folder: Path, hosts: int, runs: int) -> Rows:
    """One round of twenty checks, asked for when the workers have begun: first with every login to be made,
    then again over kept connections. The time is from the round's beginning to its end, as recorded."""
    rows = Rows(
        f"A round of {len(CHECKS)} checks on {hosts} hosts, on PostgreSQL ({FORKS} hosts at a time in each"
        " worker)",
        ("s", "first result s", "workers' CPU s", "busiest worker's CPU s", "hosts' CPU s"),
    )
    for number in range(runs):
        for workers in (1, 2):
            say(f"a round, {workers} workers, {number + 1}/{runs}")
            with tempfile.TemporaryDirectory(prefix="round-", dir=folder) as place:
                for name, figures in _inspected(Path(place), hosts, workers):
                    rows.add(f"{workers} worker{'s' * (workers > 1)}, {name}", figures)
    return rows


def _inspected(folder: Path, hosts: int, workers: int) -> Iterator[tuple[str, Sequence[float]]]:
    with _server() as server, bench_site(folder, hosts, server) as site, contextlib.ExitStack() as stack:
        _write_inspection(site)
        # Both have read the inventory and loaded their code when it counts, as on any day but the first.
        living = [stack.enter_context(living_worker(site, f"bench{number}")) for number in range(workers)]
        _inspect(site, "warm-up")
        for name in ("cold logins", "kept connections"):
            before = [worker.cpu() for worker in living]
            used = tree_cpu(site.servers)
            _inspect(site, "bench")
            by = [worker.cpu() - begun for worker, begun in zip(living, before, strict=True)]
            yield name, (*_round_seconds(server), sum(by), max(by), tree_cpu(site.servers) - used)


def _write_inspection(site: BenchSite) -> None:
    """`bench`, and `warm-up`, whose hosts are reached by a way of their own: no login of it is kept for the
    other."""
    folder = site.root / "runbooks" / "inspection"
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [{"name": name, "id": name, "check": {"run": command}} for name, command in CHECKS]
    for name, pattern in (("bench", "all:!again"), ("warm-up", "again")):
        play = {"name": name, "kind": "inspection", "hosts": pattern, "tasks": tasks}
        (folder / f"{name}.yml").write_text(json.dumps([play]))
    with site.fleet.inventory.open("a") as inventory:
        inventory.write("[again]\n")
        for name, server in list(zip(site.fleet.names, site.fleet.servers, strict=True))[:_WARM_UP]:
            inventory.write(f"again-{name} ansible_host=127.0.0.1 ansible_port={server.port}\n")
    accepted = json.loads((site.root / "accepted.yml").read_text())
    for _, command in CHECKS:
        digest = hashlib.sha256(command.encode()).hexdigest()
        word = {"digest": digest, "effect": "read", "by": "benchmark", "reason": "reads", "what": command}
        accepted.append(word)
    (site.root / "accepted.yml").write_text(json.dumps(accepted))


def _inspect(site: BenchSite, runbook: str) -> None:
    found = subprocess.run(
        site.command("round", "run", runbook, "--json"),
        env=ENVIRONMENT, cwd=site.fleet.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if found.returncode not in (0, 1, 3):  # findings and unreadable words are no failure of the benchmark
        raise RuntimeError(f"the round ended with {found.returncode}: {(found.stdout + found.stderr)[-800:]}")


def _round_seconds(server: Server) -> tuple[float, float]:
    """Of the latest round, which is complete: all of it, and to its first result."""
    with _connection(server) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM finished_at - started_at), extract(epoch FROM (SELECT"
            " min(h.started_at + make_interval(secs => h.seconds)) FROM records_hostresult h"
            " WHERE h.round_id = r.id) - started_at), state, hosts = hosts_done FROM records_round r"
            " ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert row is not None
    assert row[2:] == ("completed", True)
    return float(row[0]), float(row[1])


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
