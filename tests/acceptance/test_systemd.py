"""The units as install.sh puts them, under a real systemd: what the worker can do, and what is spared."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bundles import make_product_bundle
from tests.run_site import until
from tests.sshd import SSHD
from tests.trial_machine import PACKAGES, PATH, SHARE, Machine, trial_machine

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]

SITE = "/etc/wardround/site"
STATE = "/var/lib/wardround"
UNIT = "wardround-worker"
EFFECTS = "/var/tmp/effects"
HOME_PYTHON = "/root/python/bin/python3"
BOOTED_SSHD = f"""\
[Service]
RuntimeDirectory=sshd
ExecStart={SSHD} -D -p 22 -o UsePAM=no -o PermitRootLogin=yes -h /etc/trial/host_key
KillMode=process
"""
HOSTS = {
    "app1": {"ansible_user": "ops", "ansible_host": "127.0.0.1"},
    "db1": {"ansible_user": "root", "ansible_host": "127.0.0.1"},
    "here": {"ansible_connection": "local"},
}
INVENTORY = {
    "all": {
        "vars": {"ansible_ssh_private_key_file": f"{STATE}/key", "environment": "test"},
        "hosts": HOSTS,
    }
}
MARK = f"{EFFECTS}/{{{{ inventory_hostname }}}}"
RUNBOOK = [
    {
        "name": "held",
        "kind": "routine",
        "hosts": "all",
        "tasks": [
            {"id": "begin", "shell": f"echo begun >> {MARK}"},
            {
                "id": "held",
                "shell": f"echo held >> {MARK}; while [ ! -e {EFFECTS}/gate ]; do sleep 0.2; done; "
                f"echo through >> {MARK}",
            },
            {"id": "end", "shell": f"echo end >> {MARK}"},
        ],
    }
]
ROUND = [
    {
        "name": "look",
        "kind": "inspection",
        "hosts": "all",
        "tasks": [
            {
                "id": "log",
                "check": {"log_pattern": {"path": "/etc/hostname", "pattern": "ERROR"}},
            }
        ],
    }
]
# What a local host's tasks write lies outside the state folder, and the watchdog shall not take a minute.
DROP_IN = f"[Service]\nReadWritePaths={EFFECTS}\nPrivateTmp=no\nWatchdogSec=6s\nRestartSec=1s\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    share = tmp_path_factory.mktemp("share")
    share.chmod(0o755)
    with trial_machine(share) as booted:
        _install(booted, make_product_bundle(share, "1.0", packages=PACKAGES))
        _make_hosts(booted)
        _make_site(booted)
        yield booted


@pytest.fixture
def worker(machine: Machine) -> Machine:
    """The machine with a worker that takes runs."""
    machine.well("systemctl", "start", UNIT)
    return machine


def test_a_python_that_services_can_not_reach_is_passed_over_and_refused_where_it_is_named(
    machine: Machine,
) -> None:
    used = machine.well("readlink", "-f", "/opt/wardround/current/bin/python").strip()
    assert used.startswith("/usr/bin/")
    said = machine.run("sh", f"{SHARE}/bundle-1.0/install.sh", "--python", HOME_PYTHON)
    assert (said.returncode, "lies in a home" in said.stderr) == (2, True), said


def test_start_returns_when_the_worker_takes_runs_as_a_user_without_rights(machine: Machine) -> None:
    machine.well("systemctl", "enable", "--now", UNIT, "wardround-backup.timer")
    assert "is ready" in shown(machine, "StatusText")
    pid = shown(machine, "MainPID")
    status = dict(line.split(":\t", 1) for line in machine.lines(f"/proc/{pid}/status") if ":\t" in line)
    account = machine.well("id", "-u", "wardround").strip()
    assert set(status["Uid"].split()) == {account}
    assert (int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"]) == (0, 0, "1")
    # Its own view: nothing can be written but the state folder.
    view = ("nsenter", f"--target={pid}", "--mount", "runuser", "-u", "wardround", "--", "sh", "-c")
    assert machine.run(*view, f"touch {STATE}/probe && rm {STATE}/probe").returncode == 0
    assert machine.run(*view, f"touch {SITE}/probe").returncode != 0
    assert machine.run(*view, "ls /root").returncode != 0


def test_the_vault_password_reaches_the_worker_and_nobody_else(worker: Machine) -> None:
    pid, place = shown(worker, "MainPID"), f"/run/credentials/{UNIT}.service/vault-password"
    view = ("nsenter", f"--target={pid}", "--mount", "runuser", "-u")
    assert worker.well(*view, "wardround", "--", "cat", place) == "of the vault\n"
    assert worker.run(*view, "ops", "--", "cat", place).returncode != 0
    assert worker.run("cat", "/etc/wardround/vault-password", user="wardround").returncode != 0


def test_a_round_over_ssh_is_carried_out_within_the_walls(worker: Machine) -> None:
    ended = command(worker, "round", "run", "look")
    assert (ended.returncode, "all done" in ended.stdout) == (0, True), ended
    # What root began by SSH on the worker's own machine leaves nothing in the worker's folder.
    assert worker.well("find", STATE, "!", "-user", "wardround") == ""


def test_a_run_outlives_kill_watchdog_and_stop_and_does_nothing_twice(worker: Machine) -> None:
    assert command(worker, "run", "start", "held", "--detach").returncode == 0
    until(lambda: all("held" in worker.lines(f"{EFFECTS}/{host}") for host in HOSTS))
    for signal in ("KILL", "STOP"):
        replaced(worker, by=signal)
    worker.well("systemctl", "stop", UNIT)
    assert shown(worker, "Result") == "success"

    # Nobody is there, and what was begun goes on: over SSH, and on the worker's own machine.
    worker.write(f"{EFFECTS}/gate", "")
    until(lambda: all("through" in worker.lines(f"{EFFECTS}/{host}") for host in HOSTS))
    worker.well("systemctl", "start", UNIT)
    followed = command(worker, "run", "follow", str(latest(worker)))
    assert followed.returncode == 0, followed
    written = {host: worker.lines(f"{EFFECTS}/{host}") for host in HOSTS}
    assert written == {host: ["begun", "held", "through", "end"] for host in HOSTS}


def test_the_daily_backup_is_made_within_its_walls(worker: Machine) -> None:
    worker.well("systemctl", "start", "wardround-backup.service")
    assert len(json.loads(command(worker, "db", "backups", "--json").stdout)) == 1


def shown(machine: Machine, what: str) -> str:
    return machine.well("systemctl", "show", f"--property={what}", "--value", UNIT).strip()


def replaced(machine: Machine, by: str) -> None:
    """Send the worker a signal, and wait for the one that systemd starts after it."""
    before = shown(machine, "MainPID")
    machine.well("systemctl", "kill", f"--signal={by}", "--kill-whom=main", UNIT)
    until(lambda: shown(machine, "MainPID") not in (before, "0") and shown(machine, "SubState") == "running")


def command(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    """As the how-to has people do it."""
    return machine.run("wardround", *words, "--site", SITE, user="wardround")


def latest(machine: Machine) -> int:
    runs: list[dict[str, Any]] = json.loads(command(machine, "run", "list", "--json").stdout)
    return max(int(run["number"]) for run in runs)


def _install(machine: Machine, bundle: Path) -> None:
    """As root does it whose own Python comes first."""
    home = Path(HOME_PYTHON).parents[1]
    machine.well("mkdir", "-p", f"{home}/bin")
    machine.well("cp", "/usr/bin/python{}.{}".format(*sys.version_info), HOME_PYTHON)
    machine.well("ln", "-s", "/usr/lib", f"{home}/lib")
    machine.well("env", f"PATH={home}/bin:{PATH}", "sh", str(SHARE / bundle.name / "install.sh"))


def _make_hosts(machine: Machine) -> None:
    """This machine, to log in to as two users."""
    machine.well("useradd", "--create-home", "--password", "*", "ops")
    machine.well("install", "-d", "-m", "1777", EFFECTS, "/etc/trial")
    machine.well("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/trial/host_key")
    key = f"{STATE}/key"
    machine.well("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key, user="wardround")
    for user, home in (("ops", "/home/ops"), ("root", "/root")):
        machine.well("install", "-d", "-m", "700", "-o", user, f"{home}/.ssh")
        machine.well("install", "-m", "600", "-o", user, f"{key}.pub", f"{home}/.ssh/authorized_keys")
    machine.write("/etc/systemd/system/trial-sshd.service", BOOTED_SSHD)
    machine.well("systemctl", "start", "trial-sshd")


def _make_site(machine: Machine) -> None:
    """By the how-to."""
    machine.well("wardround", "init", SITE)
    machine.write("/etc/wardround/vault-password", "of the vault\n")
    settings = "\n".join(machine.lines(f"{SITE}/wardround.yml"))
    machine.write(f"{SITE}/wardround.yml", f"{settings}\nstate: {STATE}\nsingle_user: true\n")
    machine.write(f"{SITE}/inventory/hosts.yml", json.dumps(INVENTORY))
    machine.write(f"{SITE}/runbooks/routine/held.yml", json.dumps(RUNBOOK))
    machine.write(f"{SITE}/runbooks/inspection/look.yml", json.dumps(ROUND))
    machine.well("chown", "-R", "wardround:", SITE)
    machine.write("/etc/wardround/worker.env", f"WARDROUND_SITE={SITE}\nWARDROUND_LANG=en\n")
    machine.write(f"/etc/systemd/system/{UNIT}.service.d/trial.conf", DROP_IN)
    machine.well("systemctl", "daemon-reload")
    assert command(machine, "lint").returncode == 0
    until(lambda: "OpenSSH" in machine.run("ssh-keyscan", "127.0.0.1").stderr)
    assert command(machine, "hosts", "trust", "--yes").returncode == 0
