"""From Enter to the first command having run on one host, as the host itself wrote down."""

from __future__ import annotations

import contextlib
import json
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contender import SSH_OPTIONS
from benchmarks.peer import ENVIRONMENT as PEERS
from benchmarks.peer import PYTHON
from benchmarks.runs.site import ENVIRONMENT, BenchSite, bench_site, living_worker
from benchmarks.runs.table import Rows, say
from benchmarks.usage import measure


@dataclass(frozen=True, slots=True)
class Way:
    """One way to have a command run on a host."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    worker: bool = False
    """With a worker that lives."""
    limit: str = ""


def first_command(folder: Path, runs: int) -> Rows:
    """All ways in turn, `runs` times; each was used once before, so that what can be kept is kept."""
    rows = Rows("from Enter to the first command having run on one host", ("s", "whole s", "client CPU s"))
    with bench_site(folder, 1) as site:
        stamp = folder / "stamp"
        ways = list(_ways(site, f"date +%s.%N >{stamp}"))
        for number in range(-1, runs):
            for way in ways:
                say(f"first command, run {number + 1}/{runs}: {way.name}")
                figures = _once(site, way, stamp)
                if number >= 0:
                    rows.add(way.name, figures, way.limit)
    return rows


def _once(site: BenchSite, way: Way, stamp: Path) -> Sequence[float]:
    stamp.unlink(missing_ok=True)
    with _worker(site) if way.worker else contextlib.nullcontext():
        if way.worker:
            # It has been at that host before, as a worker that lives has.
            site.start("first")
            stamp.unlink()
        began = time.time()
        environment = {**ENVIRONMENT, **way.environment}
        used = measure(way.command, environment, site.fleet.folder, site.servers, memory=False)
    return float(stamp.read_text()) - began, used.wall, used.client_cpu


@contextmanager
def _worker(site: BenchSite) -> Iterator[None]:
    with living_worker(site):
        yield


def _ways(site: BenchSite, command: str) -> Iterator[Way]:
    site.write_runbook("first", [{"shell": command}])
    start = site.command("run", "start", "first")
    yield Way("wardround run start, no worker", start, limit="1.2 s")
    yield Way("wardround run start, a worker alive", start, worker=True, limit="0.5 s (aim 0.2)")
    if PEERS.exists():
        yield from _peers(site, command)


def _peers(site: BenchSite, command: str) -> Iterator[Way]:
    fleet = site.fleet
    folder = fleet.folder / "ansible"
    folder.mkdir()
    (folder / "ansible.cfg").write_text("")
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"shell": command}]}
    (folder / "play.yml").write_text(json.dumps([play]))
    ssh = shlex.join([*SSH_OPTIONS, "-o", f"UserKnownHostsFile={fleet.known_hosts}"])
    common = (
        "-i",
        str(fleet.inventory),
        f"--ssh-common-args={ssh}",
        "-e",
        f"ansible_python_interpreter={PYTHON}",
    )
    set_up = {"ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_HOST_KEY_CHECKING": "true"}
    peer = PEERS / "bin"
    yield Way("ansible -m raw", [str(peer / "ansible"), "all", *common, "-m", "raw", "-a", command], set_up)
    yield Way(
        "ansible-playbook, 1 task",
        [str(peer / "ansible-playbook"), *common, str(folder / "play.yml")],
        set_up,
    )
    server = fleet.servers[0]
    data = {
        "ssh_hostname": "127.0.0.1", "ssh_port": server.port, "ssh_key": str(server.client_key),
        "ssh_known_hosts_file": str(fleet.known_hosts), "ssh_strict_host_key_checking": "yes",
    }  # fmt: skip
    inventory = fleet.folder / "pyinfra_inventory.py"
    inventory.write_text(f"hosts = [('h0000', {data!r})]\n")
    deploy = fleet.folder / "pyinfra_deploy.py"
    deploy.write_text(
        f"from pyinfra.operations import server\nserver.shell(name='first', commands=[{command!r}])\n"
    )
    yield Way("pyinfra, 1 operation", [str(peer / "pyinfra"), "-y", str(inventory), str(deploy)])
    yield Way(
        "fab",
        [str(peer / "fab"), "-H", f"127.0.0.1:{server.port}", "-i", str(server.client_key), "--", command],
    )
