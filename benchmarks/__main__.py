"""`python -m benchmarks`: starts real OpenSSH hosts on loopback and runs every contender against them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from benchmarks.contender import Contender, Fleet, contenders
from benchmarks.peer import ENVIRONMENT, peers, versions
from benchmarks.usage import Usage, measure
from tests.sshd import running_sshd


@click.command()
@click.option(
    "--hosts",
    multiple=True,
    default=[20],
    show_default=True,
    type=click.IntRange(1, 2000),
    help="Several give the curve of cost over size.",
)
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1, 50), help="Interleaved rounds.")
@click.option("--only", multiple=True, metavar="WORD", help="Contenders whose name holds WORD.")
def main(hosts: Sequence[int], runs: int, only: Sequence[str]) -> None:
    """The same twenty checks on HOSTS real OpenSSH servers: wall, CPU of client and hosts, memory, ratios."""
    click.echo(
        f"20 checks a host, {os.cpu_count()} cores, Python {sys.version.split()[0]}; median (min..max)"
    )
    if ENVIRONMENT.exists():
        click.echo(versions())
    for count in hosts:
        _print(_fleet(count, runs, only), count)


def _fleet(count: int, runs: int, only: Sequence[str]) -> dict[str, list[Usage]]:
    with tempfile.TemporaryDirectory(prefix="wardround-bench-") as name:
        folder = Path(name)
        click.echo(f"starting {count} OpenSSH servers ...", err=True)
        # Or else bash reads the user's .bashrc before each remote command, and that is what is measured.
        with running_sshd(folder, count=count, options=["SetEnv SHLVL=2"]) as servers:
            fleet = Fleet(folder, servers)
            fleet.write()
            everyone = [*contenders(fleet), *peers(fleet)]
            chosen = [entry for entry in everyone if not only or any(word in entry.name for word in only)]
            pids = [server.pid for server in servers]
            used: dict[str, list[Usage]] = {entry.name: [] for entry in chosen}
            for entry in chosen:
                if entry.before:
                    subprocess.run(entry.before, cwd=folder, stdout=subprocess.DEVNULL, check=True)
            for number in range(runs):
                for entry in chosen:
                    click.echo(f"{count} hosts, run {number + 1}/{runs}: {entry.name}", err=True)
                    used[entry.name].append(_once(entry, folder, pids))
            return used


def _once(entry: Contender, folder: Path, pids: Sequence[int]) -> Usage:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        **entry.environment,
    }
    started = time.time()
    usage = measure(entry.command, environment, folder, pids, entry.expected)
    if entry.first_result is not None:
        return replace(usage, first=entry.first_result() - started)
    if not entry.warm:
        return usage
    inner = json.loads((folder / "warm.json").read_text())
    return Usage(inner["wall"], inner["client_cpu"], inner["host_cpu"], usage.peak_mib)


def _print(used: dict[str, list[Usage]], hosts: int) -> None:
    base = statistics.median(usage.client_cpu for usage in next(iter(used.values())))
    click.echo(f"\n{hosts} hosts\n")
    click.echo(
        "| contender | wall s | first result s | client CPU s | ms a host | x first row | host CPU s | MiB |"
    )
    click.echo("|---|---|---|---|---|---|---|---|")
    for name, rows in used.items():
        cpu = statistics.median(row.client_cpu for row in rows)
        first = [row.first for row in rows if row.first is not None]
        cells = [
            _spread([row.wall for row in rows]),
            _spread(first) if first else "",
            _spread([row.client_cpu for row in rows]),
            f"{1000 * cpu / hosts:.1f}",
            f"{cpu / base:.2f}",
            _spread([row.host_cpu for row in rows]),
            f"{max(row.peak_mib for row in rows):.0f}",
        ]
        click.echo(f"| {name} | " + " | ".join(cells) + " |")


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}..{max(values):.2f})"


if __name__ == "__main__":
    main()
