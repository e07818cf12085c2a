"""What a step costs on a host that is connected: fifty that do nothing, by effect, beside plain ssh."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contender import SSH_OPTIONS
from benchmarks.runs.site import READ, BenchSite, bench_site, living_worker, steps
from benchmarks.runs.table import Rows, say
from benchmarks.usage import tree_cpu

STEPS = 50
_LIMITS = {"once": "30 ms", "read": "5 ms"}


def overhead(folder: Path, runs: int) -> Rows:
    """By a worker that lives and was at that host before; a run's steps from its first task to its end."""
    rows = Rows(f"a step on a warm host, {STEPS} steps", ("ms a step", "worker CPU ms", "host CPU ms"))
    with bench_site(folder, 1) as site:
        for effect in _LIMITS:
            site.write_runbook(f"fifty-{effect}", steps(STEPS, effect))
        with living_worker(site) as worker, _kept_connection(site) as ssh:
            for number in range(-1, runs):
                say(f"steps, run {number + 1}/{runs}")
                for effect, limit in _LIMITS.items():
                    figures = _run(site, effect, worker.cpu)
                    if number >= 0:
                        rows.add(f"wardround, {effect}", figures, limit)
                if number >= 0:
                    rows.add("ssh over a kept connection", _plain(site, ssh))
    return rows


def _run(site: BenchSite, effect: str, worker_cpu: Callable[[], float]) -> Sequence[float]:
    host, ours = tree_cpu(site.servers), worker_cpu()
    site.start(f"fifty-{effect}")
    used = worker_cpu() - ours, tree_cpu(site.servers) - host
    return [1000 * seconds / STEPS for seconds in (site.steps_seconds(hosts=1), *used)]


def _plain(site: BenchSite, ssh: Sequence[str]) -> Sequence[float]:
    host, began = tree_cpu(site.servers), time.perf_counter()
    for _ in range(STEPS):
        subprocess.run([*ssh, READ], check=True, stdin=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    return [1000 * seconds / STEPS for seconds in (wall, float("nan"), tree_cpu(site.servers) - host)]


@contextmanager
def _kept_connection(site: BenchSite) -> Iterator[Sequence[str]]:
    """The words before a command that plain ssh runs over a connection that stands."""
    server = site.fleet.servers[0]
    options = [
        *SSH_OPTIONS, "-F", "none", "-o", f"UserKnownHostsFile={site.fleet.known_hosts}",
        "-o", "BatchMode=yes", "-i", str(server.client_key), "-p", str(server.port),
        "-S", str(site.fleet.folder / "ssh"),
    ]  # fmt: skip
    subprocess.run(["ssh", *options, "-MNf", "127.0.0.1"], check=True, stdin=subprocess.DEVNULL)
    try:
        yield ["ssh", *options, "127.0.0.1"]
    finally:
        subprocess.run(["ssh", *options, "-O", "exit", "127.0.0.1"], check=False, capture_output=True)
