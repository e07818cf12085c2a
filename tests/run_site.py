"""A site whose runbooks change a test host behind real SSH, for the installed command and for storms.

    with running_sshd(folder, options=[spool_option(folder)]) as (server,):
        site = RunSite.make(folder, server, ("t1", "t2"))
        site.write("restart", TASKS)
        site.run("run", "start", "restart")

All hosts of a site are this machine: what a task writes is told apart by `{{ inventory_hostname }}`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sshd import Sshd, known_hosts_of

COMMAND = Path(sys.executable).with_name("wardround")
PATIENCE = 120.0


def spool_option(folder: Path) -> str:
    """A line of sshd_config: where launches on its hosts are kept."""
    place = folder / "spool"
    place.mkdir(mode=0o777, exist_ok=True)
    return f"SetEnv XDG_STATE_HOME={place}"


@dataclass
class Process:
    """A command of ours that runs."""

    popen: subprocess.Popen[str]
    log: Path

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def send(self, number: int) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        """As a power cut would."""
        self.popen.kill()
        self.popen.wait()

    def wait(self, seconds: float = PATIENCE) -> int:
        return self.popen.wait(seconds)

    def said(self) -> str:
        return self.log.read_text()


@dataclass
class RunSite:
    """A site of its own and the commands that were started for it."""

    root: Path
    effects: Path
    """A folder that tasks write to."""
    extra: Mapping[str, str] = field(default_factory=dict)
    command: Path = COMMAND
    processes: list[Process] = field(default_factory=list)

    @classmethod
    def make(
        cls,
        folder: Path,
        server: Sshd,
        hosts: Sequence[str] = ("t1", "t2"),
        settings: str = "",
        variables: Mapping[str, object] | None = None,
        command: Path = COMMAND,
    ) -> RunSite:
        site = cls(folder / "site", folder / "effects", command=command)
        site.effects.mkdir()
        ended = site.run("init", str(site.root))
        assert ended.returncode == 0, ended.stderr
        way = server.connection()
        host = {
            "ansible_host": way.address,
            "ansible_port": way.port,
            "ansible_user": way.user,
            "ansible_ssh_private_key_file": str(way.key_file),
            "environment": "test",
            **(variables or {}),
        }
        site.write_inventory(dict.fromkeys(hosts, host))
        (site.root / "known_hosts").write_text(known_hosts_of([server]))
        file = site.root / "wardround.yml"
        patient = file.read_text().replace("connect_timeout: 10 ", "connect_timeout: 60 ")
        file.write_text(f"{patient}single_user: true\n{settings}")
        return site

    def write_inventory(self, hosts: Mapping[str, Mapping[str, object]]) -> None:
        (self.root / "inventory" / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))

    def write(self, name: str, tasks: Sequence[Mapping[str, object]], hosts: str = "all") -> None:
        """A runbook of one play. JSON is YAML."""
        folder = self.root / "runbooks" / "routine"
        folder.mkdir(parents=True, exist_ok=True)
        play = {"name": name, "kind": "routine", "hosts": hosts, "tasks": list(tasks)}
        (folder / f"{name}.yml").write_text(json.dumps([play], ensure_ascii=False, indent=1))

    def environment(self) -> dict[str, str]:
        return {**os.environ, "WARDROUND_LANG": "en", "WARDROUND_SITE": str(self.root), **self.extra}

    def run(self, *arguments: str, seconds: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [self.command, *arguments],
            env=self.environment(), capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        assert "Traceback" not in ended.stderr + ended.stdout, ended
        assert "wardround itself failed" not in ended.stderr, ended
        return ended

    def data(self, *arguments: str) -> Any:
        ended = self.run(*arguments, "--json")
        assert ended.stdout, ended.stderr
        return json.loads(ended.stdout)

    def events(self, number: int, after: int = 0) -> list[dict[str, Any]]:
        """What `run follow` tells, once the run is over or waits for somebody."""
        ended = self.run("run", "follow", str(number), "--after", str(after), "--json")
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def begin(self, *arguments: str, program: Sequence[str | Path] = ()) -> Process:
        """Start a command and go on. `program` runs it in a way of its own."""
        log = self.root / f"process-{len(self.processes)}.log"
        with log.open("w") as file:
            popen = subprocess.Popen(
                [*(program or (self.command,)), *arguments],
                env=self.environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file, text=True,
            )  # fmt: skip
        self.processes.append(Process(popen, log))
        return self.processes[-1]

    def worker(self, name: str = "ward", program: Sequence[str | Path] = ()) -> Process:
        """A worker, ready."""
        worker = self.begin("worker", "--name", name, program=program)
        until(lambda: "is ready" in worker.said() or not worker.alive)
        assert worker.alive, worker.said()
        return worker

    def state(self, number: int) -> str:
        return str(self.data("run", "show", str(number))["state"])

    def lines(self, name: str) -> list[str]:
        """What tasks wrote into one file of the effects."""
        path = self.effects / name
        return path.read_text().splitlines() if path.exists() else []

    def end(self) -> None:
        """End what is left."""
        for process in self.processes:
            if process.alive:
                process.send(signal.SIGCONT)
                process.kill()


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)
