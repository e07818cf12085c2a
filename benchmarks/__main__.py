"""`python -m benchmarks`: starts real OpenSSH hosts on loopback and runs every contender against them."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.contender import Contender, Fleet, contenders
from benchmarks.usage import Usage, measure
from tests.sshd import running_sshd


@click.command()
@click.option("--hosts", default=20, show_default=True, type=click.IntRange(1, 2000))
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1, 50), help="Interleaved rounds.")
@click.option("--only", multiple=True, metavar="WORD", help="Contenders whose name holds WORD.")
def main(hosts: int, runs: int, only: Sequence[str]) -> None:
    """The same twenty checks on HOSTS real OpenSSH servers: wall, CPU of client and hosts, memory, ratios."""
    with tempfile.TemporaryDirectory(prefix="wardround-bench-") as name:
        folder = Path(name)
        click.echo(f"starting {hosts} OpenSSH servers ...", err=True)
        # Or else bash reads the user's .bashrc before each remote command, and that is what is measured.
        with running_sshd(folder, count=hosts, options=["SetEnv SHLVL=2"]) as servers:
            fleet = Fleet(folder, servers)
            fleet.write()
            chosen = [
                entry for entry in contenders(fleet) if not only or any(word in entry.name for word in only)
            ]
            pids = [server.pid for server in servers]
            used: dict[str, list[Usage]] = {entry.name: [] for entry in chosen}
            for number in range(runs):
                for entry in chosen:
                    click.echo(f"run {number + 1}/{runs}: {entry.name}", err=True)
                    used[entry.name].append(_once(entry, folder, pids))
    _print(used, hosts)


def _once(entry: Contender, folder: Path, pids: Sequence[int]) -> Usage:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        **entry.environment,
    }
    usage = measure(entry.command, environment, folder, pids, entry.expected)
    if not entry.warm:
        return usage
    inner = json.loads((folder / "warm.json").read_text())
    return Usage(inner["wall"], inner["client_cpu"], inner["host_cpu"], usage.peak_mib)


def _print(used: dict[str, list[Usage]], hosts: int) -> None:
    base = statistics.median(usage.client_cpu for usage in next(iter(used.values())))
    click.echo(
        f"{hosts} hosts x 20 checks, {os.cpu_count()} cores, Python {sys.version.split()[0]};"
        " median (min..max)\n"
    )
    click.echo("| contender | wall s | client CPU s | ms a host | x first row | host CPU s | peak PSS MiB |")
    click.echo("|---|---|---|---|---|---|---|")
    for name, rows in used.items():
        cpu = statistics.median(row.client_cpu for row in rows)
        cells = [
            _spread([row.wall for row in rows]),
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
