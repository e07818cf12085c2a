"""The peers: what a user would pick instead, each as its own documentation would have it done."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.checks import CHECKS, script
from benchmarks.contender import FORKS, SSH_OPTIONS, Contender, Fleet

ENVIRONMENT = Path(__file__).parent.parent / ".venv-bench"
PEERS = Path(__file__).parent / "peers"
PYTHON = Path(sys.executable).resolve()
"""For Ansible's modules on the hosts, named so that it need not look for one: in its favour."""


def peers(fleet: Fleet) -> Sequence[Contender]:
    """All of them, prepared. They live in an environment of their own, which `scripts/bench.sh` makes."""
    makers: Sequence[Callable[[Fleet], Contender]] = (
        lambda fleet: _ansible(fleet, "ansible-playbook, 1 task", _one),
        lambda fleet: _ansible(fleet, "ansible-playbook, 20 tasks", _twenty),
        lambda fleet: _mitogen(fleet, "ansible with mitogen, 1 task", _one),
        lambda fleet: _mitogen(fleet, "ansible with mitogen, 20 tasks", _twenty),
        lambda fleet: _pyinfra(fleet, "pyinfra, 1 operation", _one),
        lambda fleet: _pyinfra(fleet, "pyinfra, 20 operations", _twenty),
        lambda fleet: _testinfra(fleet, "pytest-testinfra, 20 tests", ()),
        lambda fleet: _testinfra(fleet, "pytest-testinfra, 20 tests, xdist -n 4", ("-n", "4")),
        lambda fleet: _fabric(fleet, "fabric, 1 run", _one),
        lambda fleet: _fabric(fleet, "fabric, 20 runs", _twenty),
    )
    return [make(fleet) for make in makers]


def _one() -> Sequence[str]:
    return [script()]


def _twenty() -> Sequence[str]:
    return [command for _, command in CHECKS]


Asked = Callable[[], Sequence[str]]


def _ansible(fleet: Fleet, name: str, asked: Asked, configuration: str = "") -> Contender:
    # Not beside the inventory: there it would be the site's, and could make the inventory a dynamic one.
    folder = fleet.folder / name.replace(" ", "-")
    folder.mkdir(exist_ok=True)
    (folder / "ansible.cfg").write_text(configuration)
    tasks = "".join(f"    - shell: {json.dumps(command)}\n" for command in asked())
    (folder / "play.yml").write_text("- hosts: all\n  gather_facts: false\n  tasks:\n" + tasks)
    ssh = shlex.join([*SSH_OPTIONS, "-o", f"UserKnownHostsFile={fleet.known_hosts}"])
    return Contender(
        name,
        [
            str(ENVIRONMENT / "bin" / "ansible-playbook"),
            *("-i", str(fleet.inventory), "-f", str(FORKS), f"--ssh-common-args={ssh}"),
            *("-e", f"ansible_python_interpreter={PYTHON}", str(folder / "play.yml")),
        ],
        {"ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_HOST_KEY_CHECKING": "true"},
    )


def _mitogen(fleet: Fleet, name: str, asked: Asked) -> Contender:
    found = next((ENVIRONMENT / "lib").glob("python3*/site-packages/ansible_mitogen/plugins/strategy"), None)
    plugins = found or ENVIRONMENT  # missing: ansible itself says so
    return _ansible(
        fleet, name, asked, f"[defaults]\nstrategy_plugins = {plugins}\nstrategy = mitogen_linear\n"
    )


def _pyinfra(fleet: Fleet, name: str, asked: Asked) -> Contender:
    inventory = fleet.folder / "pyinfra_inventory.py"
    data = {
        "ssh_hostname": "127.0.0.1",
        "ssh_key": str(fleet.servers[0].client_key),
        "ssh_known_hosts_file": str(fleet.known_hosts),
        "ssh_strict_host_key_checking": "yes",
    }
    hosts = [
        (host, {**data, "ssh_port": server.port})
        for host, server in zip(fleet.names, fleet.servers, strict=True)
    ]
    inventory.write_text(f"hosts = {hosts!r}\n")
    return Contender(
        name,
        [
            str(ENVIRONMENT / "bin" / "pyinfra"),
            *("-y", "--parallel", str(FORKS), str(inventory), str(PEERS / "pyinfra_deploy.py")),
        ],
        _commands(fleet, name, asked),
    )


def _testinfra(fleet: Fleet, name: str, more: Sequence[str]) -> Contender:
    # With a ControlPath: without one, testinfra logs in anew for every command.
    configuration = fleet.folder / "testinfra_ssh_config"
    configuration.write_text(
        (fleet.folder / "ssh_config").read_text()
        + "".join(f"  {option.replace('=', ' ')}\n" for option in SSH_OPTIONS if option != "-o")
        + f"  ControlMaster auto\n  ControlPath {fleet.folder}/%C\n  ControlPersist 60\n"
    )
    hosts = ",".join(f"ssh://{host}" for host in fleet.names)
    return Contender(
        name,
        [
            str(ENVIRONMENT / "bin" / "pytest"),
            *("-q", "-p", "no:cacheprovider", "--rootdir", str(PEERS), "-c", "/dev/null"),
            *(f"--hosts={hosts}", f"--ssh-config={configuration}", *more, str(PEERS / "test_commands.py")),
        ],
        _commands(fleet, name, _twenty),
        expected=(0, 1),
    )


def _fabric(fleet: Fleet, name: str, asked: Asked) -> Contender:
    targets = fleet.folder / "targets"
    targets.write_text("".join(f"127.0.0.1:{server.port}\n" for server in fleet.servers))
    environment = _commands(fleet, name, asked)
    return Contender(
        name,
        [
            str(ENVIRONMENT / "bin" / "python"),
            *(str(PEERS / "fabric_all.py"), str(targets), str(fleet.servers[0].client_key)),
            *(environment["BENCH_COMMANDS"], str(FORKS)),
        ],
        environment,
    )


def _commands(fleet: Fleet, name: str, asked: Asked) -> Mapping[str, str]:
    file = fleet.folder / f"{name.replace(' ', '-')}.json"
    file.write_text(json.dumps(asked()))
    return {"BENCH_COMMANDS": str(file)}


def versions() -> str:
    """Of what was measured, for the reader of the table."""
    listed = subprocess.run(
        [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "list", "--format=json"],
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = ("ansible-core", "mitogen", "pyinfra", "pytest-testinfra", "pytest-xdist", "fabric", "paramiko")
    found = {row["name"].lower(): row["version"] for row in json.loads(listed.stdout)}
    return ", ".join(f"{name} {found[name]}" for name in wanted if name in found)
