"""The contenders: each writes what it needs into a folder and names the command that inspects all hosts."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shlex
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.checks import CHECKS, script
from tests.sshd import Sshd, known_hosts_of

FORKS = 50
# Debian 12's default key exchange costs the ssh program 85 ms more a login than this one: in its favour.
SSH_OPTIONS = ("-o", "KexAlgorithms=curve25519-sha256", "-o", "LogLevel=ERROR")
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts of one benchmark."""

    folder: Path
    servers: Sequence[Sshd]

    @property
    def names(self) -> Sequence[str]:
        return [f"h{number:04d}" for number in range(len(self.servers))]

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def inventory(self) -> Path:
        return self.folder / "hosts.ini"

    def write(self) -> None:
        self.known_hosts.write_text(known_hosts_of(self.servers))
        key = self.servers[0].client_key
        self.inventory.write_text(
            "".join(
                f"{name} ansible_host=127.0.0.1 ansible_port={server.port}\n"
                for name, server in zip(self.names, self.servers, strict=True)
            )
            + f"[all:vars]\nansible_ssh_private_key_file={key}\n"
        )


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to ask all hosts the same twenty things."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    expected: Sequence[int] = (0,)
    """Exit codes of success."""
    warm: bool = False
    """It reports a second round in the same process itself, as JSON in `warm.json`."""
    before: Sequence[str] = ()
    """Run once, unmeasured: fills what any day but the first finds filled."""
    first_result: Callable[[], float] | None = None
    """Seconds since 1970 at which the first host's result of the last run was there."""


def contenders(fleet: Fleet) -> Sequence[Contender]:
    """Ourselves, and plain ssh."""
    makers: Sequence[Callable[[Fleet], Contender]] = (_wardround, _wardround_warm, _ssh)
    return [make(fleet) for make in makers]


def _wardround(fleet: Fleet) -> Contender:
    site = fleet.folder / "site"
    (site / "runbooks" / "inspection").mkdir(parents=True, exist_ok=True)
    (site / "wardround.yml").write_text(
        f"hospital: {{zh: 基准, en: Benchmark}}\ninventory: {fleet.inventory}\n"
        f"known_hosts: {fleet.known_hosts}\nconcurrency: {FORKS}\n"
    )
    tasks = "".join(
        f"    - name: {name}\n      id: {name}\n      check: {{run: {json.dumps(command)}}}\n"
        for name, command in CHECKS
    )
    runbook = "- name: benchmark\n  kind: inspection\n  hosts: all\n  tasks:\n" + tasks
    (site / "runbooks" / "inspection" / "bench.yml").write_text(runbook)
    (site / "accepted.yml").write_text(
        "".join(
            f"- {{digest: {hashlib.sha256(command.encode()).hexdigest()}, effect: read, by: benchmark,"
            f" reason: reads, what: {json.dumps(command)}}}\n"
            for _, command in CHECKS
        )
    )
    return Contender(
        "wardround, process cold",
        [str(BIN / "wardround"), "round", "run", "bench", "--site", str(site), "--json"],
        # Findings and unreadable words are no failure of the benchmark.
        expected=(0, 1, 3),
        # Ansible's answer about the inventory is kept until its files change.
        before=[str(BIN / "wardround"), "runbook", "plan", "bench", "--site", str(site)],
        first_result=lambda: _first_result(site / "var" / "records.sqlite3"),
    )


def _first_result(database: Path) -> float:
    """As recorded: when the first host of the latest round was done with all its checks."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT started_at, seconds FROM records_hostresult"
            " WHERE round_id = (SELECT max(id) FROM records_round)"
        ).fetchall()
    return min(
        datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() + float(seconds) for at, seconds in rows
    )


def _wardround_warm(fleet: Fleet) -> Contender:
    site = fleet.folder / "site"
    return Contender(
        "wardround, warm repeat",
        [sys.executable, "-m", "benchmarks.warm", str(site)],
        {
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "BENCH_SERVERS": " ".join(str(server.pid) for server in fleet.servers),
        },
        warm=True,
    )


def _ssh(fleet: Fleet) -> Contender:
    config = fleet.folder / "ssh_config"
    config.write_text(
        "".join(
            f"Host {name}\n  HostName 127.0.0.1\n  Port {server.port}\n"
            for name, server in zip(fleet.names, fleet.servers, strict=True)
        )
        + f"Host *\n  UserKnownHostsFile {fleet.known_hosts}\n  IdentityFile {fleet.servers[0].client_key}\n"
        "  IdentitiesOnly yes\n  BatchMode yes\n"
    )
    (fleet.folder / "checks.sh").write_text(script())
    (fleet.folder / "names").write_text("\n".join(fleet.names) + "\n")
    (fleet.folder / "answers").mkdir(exist_ok=True)
    ssh = shlex.join(["ssh", "-F", str(config), *SSH_OPTIONS])
    one = f'{ssh} "$0" sh -s <checks.sh >answers/"$0" 2>&1 || true'
    return Contender(
        "parallel ssh, one script",
        ["xargs", "-a", str(fleet.folder / "names"), "-P", str(FORKS), "-n", "1", "sh", "-c", one],
    )
