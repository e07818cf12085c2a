"""The site that runs are measured on: real OpenSSH hosts marked as test, and the runbooks."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.contender import BIN, FORKS, Fleet
from benchmarks.usage import tree_cpu
from orchestrator.model.run import RunEventKind
from orchestrator.model.server import Server
from tests.sshd import Sshd, running_sshd

READ = "true"
"""The command that is accepted as read."""
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class BenchSite:
    """A site whose hosts are servers of ours."""

    fleet: Fleet

    @property
    def root(self) -> Path:
        return self.fleet.folder / "site"

    @property
    def state(self) -> Path:
        return self.root / "var"

    @property
    def servers(self) -> Sequence[int]:
        """Pids of the hosts' sshd."""
        return [server.pid for server in self.fleet.servers]

    def command(self, *words: str) -> Sequence[str]:
        """Of the command line, as somebody at a terminal would have it."""
        return [str(BIN / "wardround"), *words, "--site", str(self.root)]

    def start(self, runbook: str, *words: str) -> None:
        """Carry a runbook out to its end.

        Raises:
            RuntimeError: it did not succeed, with the last lines that it wrote.
        """
        found = subprocess.run(
            self.command("run", "start", runbook, *words),
            env=ENVIRONMENT, cwd=self.fleet.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if found.returncode:
            raise RuntimeError(
                f"{runbook} ended with {found.returncode}: {(found.stdout + found.stderr)[-800:]}"
            )

    def write_runbook(self, name: str, steps: Sequence[Mapping[str, object]]) -> None:
        """Of kind routine, over all hosts."""
        folder = self.root / "runbooks" / "routine"
        folder.mkdir(parents=True, exist_ok=True)
        tasks = [
            {"name": f"step {number}", "id": f"s{number}", **step} for number, step in enumerate(steps, 1)
        ]
        play = {"name": name, "kind": "routine", "hosts": "all", "tasks": tasks}
        (folder / f"{name}.yml").write_text(json.dumps([play], indent=1))

    def steps_seconds(self, hosts: int) -> float:
        """Of the latest run, which succeeded: from its first task to its end, as recorded."""
        with closing(sqlite3.connect(self.state / "records.sqlite3")) as connection:
            number, state, planned = connection.execute(
                "SELECT id, state, hosts FROM records_run ORDER BY id DESC LIMIT 1"
            ).fetchone()
            first, last = connection.execute(
                "SELECT min(at), max(at) FROM records_runevent WHERE run_id = ? AND kind IN (?, ?)",
                (number, RunEventKind.TASK, RunEventKind.FINISHED),
            ).fetchone()
        if (state, planned) != ("succeeded", hosts):
            raise RuntimeError(f"run {number} on {planned} hosts: {state}")
        return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def steps(count: int, *kinds: str) -> Sequence[Mapping[str, object]]:
    """`count` steps that do nothing, of these effects in turn."""
    kinds_of = {"read": {"shell": READ, "effect": "read"}, "once": {"shell": READ}}
    return [kinds_of[kinds[number % len(kinds)]] for number in range(count)]


@contextmanager
def bench_site(folder: Path, hosts: int, server: Server | None = None) -> Iterator[BenchSite]:
    """Hosts that run, and a site about them that needs no login."""
    # Or else bash reads the user's .bashrc before each remote command, and that is what is measured.
    spool = folder / "spool"
    with running_sshd(folder, count=hosts, options=[f"SetEnv SHLVL=2 XDG_STATE_HOME={spool}"]) as servers:
        site = BenchSite(Fleet(folder, servers))
        _write(site, servers, server)
        yield site


def _write(site: BenchSite, servers: Sequence[Sshd], server: Server | None) -> None:
    site.fleet.write()
    with site.fleet.inventory.open("a") as inventory:
        inventory.write("environment=test\n")
    site.root.mkdir()
    database = ""
    if server is not None:
        database = f"database: {server}\ndatabase_password_file: {server.password_file}\n"
    (site.root / "wardround.yml").write_text(
        f"hospital: {{zh: 基准, en: Benchmark}}\ninventory: {site.fleet.inventory}\nsingle_user: true\n"
        f"known_hosts: {site.fleet.known_hosts}\nconcurrency: {FORKS}\n{database}"
    )
    accepted = {"digest": hashlib.sha256(READ.encode()).hexdigest(), "effect": "read", "by": "benchmark"}
    (site.root / "accepted.yml").write_text(
        json.dumps([{**accepted, "reason": "does nothing", "what": READ}])
    )


@dataclass(frozen=True, slots=True)
class LivingWorker:
    """A `wardround worker` in a process of its own."""

    pid: int

    def cpu(self) -> float:
        """Seconds, of it and all that it started."""
        return tree_cpu([self.pid])


@contextmanager
def living_worker(site: BenchSite, name: str = "bench") -> Iterator[LivingWorker]:
    """Returns once it takes runs; ended afterwards."""
    log = site.fleet.folder / f"worker-{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            site.command("worker", "--name", name),
            env=ENVIRONMENT, cwd=site.fleet.folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + _PATIENCE
        while f"{name}#" not in log.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the worker does not begin: {log.read_text()[-800:]}")
            time.sleep(0.02)
        yield LivingWorker(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
