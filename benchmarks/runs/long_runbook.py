"""A long runbook on many hosts, beside the same one of ansible-playbook."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.contender import FORKS, SSH_OPTIONS
from benchmarks.peer import ENVIRONMENT as PEERS
from benchmarks.peer import PYTHON
from benchmarks.runs.site import ENVIRONMENT, READ, BenchSite, bench_site, steps
from benchmarks.runs.table import Rows, say
from benchmarks.usage import measure


def long_runbook(folder: Path, hosts: int, count: int, runs: int, peer_runs: int) -> Rows:
    """Half of its steps of effect once, half read; each command in a process of its own, without a worker."""
    title = f"{count} steps on {hosts} hosts, once and read in turn"
    rows = Rows(title, ("s", "client CPU s", "host CPU s", "MiB"))
    with bench_site(folder, hosts) as site:
        site.write_runbook("long", steps(count, "once", "read"))
        site.write_runbook("one", steps(1, "read"))
        site.start("one")  # the inventory is asked of Ansible once, whenever it changes
        ours = site.command("run", "start", "long")
        for number in range(max(runs, peer_runs)):
            if number < runs:
                say(f"{count} steps on {hosts} hosts, run {number + 1}/{runs}: wardround")
                rows.add("wardround run start", _used(site, ours, ENVIRONMENT), "a tenth of ansible-playbook")
            if number < peer_runs and PEERS.exists():
                say(f"{count} steps on {hosts} hosts, run {number + 1}/{peer_runs}: ansible-playbook")
                command, environment = _ansible(site, count)
                rows.add("ansible-playbook", _used(site, command, environment))
    return rows


def _used(site: BenchSite, command: Sequence[str], environment: Mapping[str, str]) -> Sequence[float]:
    used = measure(command, environment, site.fleet.folder, site.servers)
    return used.wall, used.client_cpu, used.host_cpu, used.peak_mib


def _ansible(site: BenchSite, count: int) -> tuple[Sequence[str], Mapping[str, str]]:
    fleet = site.fleet
    folder = fleet.folder / "ansible"
    folder.mkdir(exist_ok=True)
    (folder / "ansible.cfg").write_text("")
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"shell": READ}] * count}
    (folder / "play.yml").write_text(json.dumps([play]))
    ssh = shlex.join([*SSH_OPTIONS, "-o", f"UserKnownHostsFile={fleet.known_hosts}"])
    command = [
        str(PEERS / "bin" / "ansible-playbook"),
        *("-i", str(fleet.inventory), "-f", str(FORKS), f"--ssh-common-args={ssh}"),
        *("-e", f"ansible_python_interpreter={PYTHON}", str(folder / "play.yml")),
    ]
    return command, {
        **ENVIRONMENT, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_HOST_KEY_CHECKING": "true",
    }  # fmt: skip
