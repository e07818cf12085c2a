"""`python -m benchmarks.runs`: how soon a run begins, what its steps cost, and what waiting costs."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from benchmarks.peer import ENVIRONMENT, versions
from benchmarks.runs.first_command import first_command
from benchmarks.runs.long_runbook import long_runbook
from benchmarks.runs.overhead import overhead
from benchmarks.runs.shared import shared, shared_round
from benchmarks.runs.table import Rows
from benchmarks.runs.waiting import waiting

PARTS = ("first", "steps", "long", "waiting", "shared", "round")


@click.command()
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Some of the six tables.")
@click.option(
    "--runs", default=7, show_default=True, type=click.IntRange(1, 100), help="Of each, interleaved."
)
@click.option(
    "--hosts", default=50, show_default=True, type=click.IntRange(1, 500), help="Of the long runbook."
)
@click.option(
    "--steps", default=50, show_default=True, type=click.IntRange(1, 500), help="Of the long runbook."
)
@click.option(
    "--long-runs", default=3, show_default=True, type=click.IntRange(1, 50), help="Of the long runbook, ours."
)
@click.option(
    "--peer-runs",
    default=1,
    show_default=True,
    type=click.IntRange(0, 50),
    help="Of the long runbook by ansible-playbook: minutes each.",
)
@click.option("--waiting", "runs_waiting", default=1000, show_default=True, type=click.IntRange(1, 10_000))
@click.option(
    "--seconds", default=60.0, show_default=True, type=float, help="That an idle worker is watched."
)
@click.option("--shared", "shared_runs", default=60, show_default=True, type=click.IntRange(1, 1000))
@click.option("--shared-hosts", default=10, show_default=True, type=click.IntRange(1, 200))
@click.option("--round-hosts", default=100, show_default=True, type=click.IntRange(20, 500))
def main(
    only: Sequence[str],
    runs: int,
    hosts: int,
    steps: int,
    long_runs: int,
    peer_runs: int,
    runs_waiting: int,
    seconds: float,
    shared_runs: int,
    shared_hosts: int,
    round_hosts: int,
) -> None:
    """Runs beside ansible, pyinfra and fabric, on real OpenSSH servers on loopback. Prints Markdown."""
    parts: Mapping[str, Callable[[Path], Rows]] = {
        "first": lambda folder: first_command(folder, runs),
        "steps": lambda folder: overhead(folder, runs),
        "long": lambda folder: long_runbook(folder, hosts, steps, long_runs, peer_runs),
        "waiting": lambda folder: waiting(folder, runs_waiting, seconds),
        "shared": lambda folder: shared(folder, shared_runs, shared_hosts, min(runs, 3)),
        "round": lambda folder: shared_round(folder, round_hosts, min(runs, 5)),
    }
    click.echo(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}; median (min..max)")
    if ENVIRONMENT.exists():
        click.echo(versions())
    for part in PARTS:
        if only and part not in only:
            continue
        before = os.getloadavg()[0]
        with tempfile.TemporaryDirectory(prefix="wardround-bench-") as folder:
            rows = parts[part](Path(folder))
        rows.show()
        click.echo(f"\nload {before:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
