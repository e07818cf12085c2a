"""Every testinfra module says the same through our batches as through testinfra's own ssh backend."""

from __future__ import annotations

import asyncio
import getpass
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra

from orchestrator.execution.inspector import inspect
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask
from orchestrator.reach.host_keys import KnownHosts
from orchestrator.reach.pool import Pool
from orchestrator.reach.prober import Prober
from tests.inspections import NOW, GivenChecks, check, no_files, planned_check, planned_host
from tests.sshd import ADDRESS, Sshd, known_hosts_of, needs_sshd, running_sshd

pytestmark = [needs_sshd, pytest.mark.xdist_group("testinfra-equality")]

OF_THE_LOGIN = {"SSH_CONNECTION", "SSH_CLIENT", "SHLVL", "_", "PWD", "OLDPWD"}
"""Differ from login to login, or from shell to shell."""


@dataclass(frozen=True)
class Target:
    """What the modules look at: files of every kind, a listening port, a process."""

    files: Path
    port: int
    sleeper: str
    """The arguments of a process that runs, and of no other."""
    pip: str


Case = Callable[[Any, Target], object]

CASES: Mapping[str, Case] = {
    "command": lambda h, t: _result(h.run("printf 'a\\nb'; echo err >&2; exit 3")),
    "command quoting": lambda h, t: h.check_output("printf %%s %s", 'it\'s "$HOME" `id` \\ %d'),
    "command binary": lambda h, t: h.run("printf '\\000\\001\\377\\n\\n'").stdout_bytes,
    "command failed": lambda h, t: h.check_output("echo no >&2; false"),
    "command expected": lambda h, t: h.run_expect([3], "exit 3").rc,
    "command tested": lambda h, t: h.run_test("exit 2"),
    "command non-ascii": lambda h, t: h.run("printf %s", "备份").rc,
    "command decoded": lambda h, t: h.run("printf '\\345\\244\\207'").stdout,
    "command undecodable": lambda h, t: h.run("printf '\\326\\320'").stdout,
    "command with nul": lambda h, t: h.run("echo a\0b"),
    "command exists": lambda h, t: [h.exists(name) for name in ("sh", "stat", "no-such-command")],
    "command module": lambda h, t: _result(h.command("echo %s", "a b")),
    "find_command": lambda h, t: h.find_command("sh"),
    "find_command sbin": lambda h, t: h.find_command("sysctl"),
    "find_command missing": lambda h, t: h.find_command("no-such-command"),
    "file regular": lambda h, t: _file(h.file(f"{t.files}/regular")),
    "file directory": lambda h, t: _file(h.file(f"{t.files}")),
    "file symlink": lambda h, t: _file(h.file(f"{t.files}/link")),
    "file dangling": lambda h, t: _file(h.file(f"{t.files}/dangling")),
    "file pipe": lambda h, t: _file(h.file(f"{t.files}/pipe")),
    "file socket": lambda h, t: _file(h.file(f"{t.files}/socket")),
    "file program": lambda h, t: _file(h.file(f"{t.files}/program")),
    "file missing": lambda h, t: _file(h.file(f"{t.files}/missing")),
    "file missing mode": lambda h, t: h.file(f"{t.files}/missing").mode,
    "file binary": lambda h, t: h.file(f"{t.files}/binary").content,
    "file binary as text": lambda h, t: h.file(f"{t.files}/binary").content_string,
    "file text": lambda h, t: h.file(f"{t.files}/中文").content_string,
    "file contains": lambda h, t: [h.file(f"{t.files}/regular").contains(x) for x in ("^b$", "zzz")],
    "file sums": lambda h, t: (h.file(f"{t.files}/binary").md5sum, h.file(f"{t.files}/binary").sha256sum),
    "file listdir": lambda h, t: h.file(f"{t.files}").listdir(),
    "file listdir of a file": lambda h, t: h.file(f"{t.files}/regular").listdir(),
    "file equality": lambda h, t: h.file(f"{t.files}/link") == f"{t.files}/regular",
    "package": lambda h, t: _package(h.package("bash")),
    "package missing": lambda h, t: h.package("no-such-package").is_installed,
    "package missing version": lambda h, t: h.package("no-such-package").version,
    "service": lambda h, t: h.service("cron").is_running,
    "service enabled": lambda h, t: h.service("cron").is_enabled,
    "service exists": lambda h, t: h.service("cron").exists,
    "service valid": lambda h, t: h.service("cron").is_valid,
    "service masked": lambda h, t: h.service("cron").is_masked,
    "service properties": lambda h, t: h.service("cron").systemd_properties,
    "service missing": lambda h, t: h.service("no-such-service").is_running,
    "socket": lambda h, t: h.socket(f"tcp://127.0.0.1:{t.port}").is_listening,
    "socket of any address": lambda h, t: h.socket(f"tcp://{t.port}").is_listening,
    "socket closed": lambda h, t: h.socket("tcp://127.0.0.1:1").is_listening,
    "socket clients": lambda h, t: h.socket(f"tcp://127.0.0.1:{t.port}").clients,
    "socket unix": lambda h, t: h.socket(f"unix://{t.files}/socket").is_listening,
    "socket wrong": lambda h, t: h.socket("nonsense").is_listening,
    "socket all": lambda h, t: f"tcp://127.0.0.1:{t.port}" in h.socket.get_listening_sockets(),
    "process": lambda h, t: _process(h.process.get(args=t.sleeper)),
    "process filter": lambda h, t: [one.pid for one in h.process.filter(args=t.sleeper)],
    "process attribute": lambda h, t: h.process.get(args=t.sleeper).ppid,
    "process missing": lambda h, t: h.process.get(comm="no-such-process"),
    "user": lambda h, t: _user(h.user("root")),
    "user logged in": lambda h, t: h.user().name,
    "user missing": lambda h, t: h.user("no-such-user").exists,
    "user missing uid": lambda h, t: h.user("no-such-user").uid,
    "users": lambda h, t: ["root" in found for found in (h.user().get_all_users, h.user().get_local_users)],
    "group": lambda h, t: (h.group("root").exists, h.group("root").gid, h.group("root").members),
    "group missing": lambda h, t: h.group("no-such-group").exists,
    "group missing gid": lambda h, t: h.group("no-such-group").gid,
    "interface": lambda h, t: (h.interface("lo").exists, h.interface("lo").addresses),
    "interface link": lambda h, t: h.interface("lo").link()["ifname"],
    "interface speed": lambda h, t: h.interface("lo").speed,
    "interface names": lambda h, t: h.interface.names(),
    "interface default": lambda h, t: str(h.interface.default()),
    "interface routes": lambda h, t: h.interface("lo").routes(),
    "interface missing": lambda h, t: h.interface("none0").exists,
    "interface missing addresses": lambda h, t: h.interface("none0").addresses,
    "addr": lambda h, t: _address(h.addr("localhost")),
    "addr reachable": lambda h, t: h.addr("127.0.0.1").is_reachable,
    "addr port": lambda h, t: h.addr("127.0.0.1").port(t.port).is_reachable,
    "addr missing": lambda h, t: h.addr("no-such-host.invalid").is_resolvable,
    "addr namespace": lambda h, t: h.addr("127.0.0.1", "none").namespace_exists,
    "sysctl": lambda h, t: (h.sysctl("kernel.ostype"), h.sysctl("net.ipv4.ip_forward")),
    "sysctl missing": lambda h, t: h.sysctl("no.such.key"),
    "mount_point": lambda h, t: _mount(h.mount_point("/")),
    "mount_point missing": lambda h, t: h.mount_point("/no/such/mount").exists,
    "mount_points": lambda h, t: sorted({mount.path for mount in h.mount_point.get_mountpoints()}),
    "system_info": lambda h, t: dict(h.system_info.sysinfo),
    "environment": lambda h, t: {k: v for k, v in h.environment().items() if k not in OF_THE_LOGIN},
    "block_device": lambda h, t: h.block_device("/dev/vda").size,
    "block_device missing": lambda h, t: h.block_device("/dev/none").is_writable,
    "pip": lambda h, t: (h.pip("pytest", pip_path=t.pip).version, h.pip("none", pip_path=t.pip).is_installed),
    "pip check": lambda h, t: h.pip.check(pip_path=t.pip).rc,
    "pip packages": lambda h, t: h.pip.get_packages(pip_path=t.pip),
    "pip missing": lambda h, t: h.pip("pytest", pip_path="/no/such/pip").is_installed,
    "iptables": lambda h, t: h.iptables.rules(),
    "docker": lambda h, t: h.docker("no-such-container").is_running,
    "podman": lambda h, t: h.podman("no-such-container").is_running,
    "supervisor": lambda h, t: h.supervisor("no-such-program").is_running,
    "puppet": lambda h, t: h.puppet_resource("user"),
    "facter": lambda h, t: h.facter(),
    "salt": lambda h, t: h.salt("test.ping"),
    "no such module": lambda h, t: h.no_such_module,
    "sudo": lambda h, t: _sudo(h, None),
    "sudo user": lambda h, t: _sudo(h, "nobody"),
    "sudo missing user": lambda h, t: _sudo(h, "no-such-user"),
    "sudo nested": lambda h, t: _nested_sudo(h),
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    files = tmp_path_factory.mktemp("files")
    (files / "regular").write_text("a\nb\n")
    (files / "binary").write_bytes(bytes(range(256)))
    (files / "中文").write_text("主机\n", encoding="utf-8")
    (files / "program").write_text("#!/bin/sh\n")
    (files / "program").chmod(0o4750)
    (files / "link").symlink_to(files / "regular")
    (files / "dangling").symlink_to("nowhere")
    os.mkfifo(files / "pipe")
    arguments = ["sleep", f"{86_400 + os.getpid()}"]
    with socket.socket(socket.AF_UNIX) as local, socket.socket() as listener:
        # A socket's path has room for 100 characters, a test's folder often has more.
        folder = os.open(files, os.O_RDONLY)
        local.bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)
        listener.bind((ADDRESS, 0))
        listener.listen()
        process = subprocess.Popen(arguments)
        try:
            pip = str(Path(sys.executable).parent / "pip")
            yield Target(files, listener.getsockname()[1], " ".join(arguments), pip)
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    # bash reads ~/.bashrc for each command over SSH, unless it thinks that it is a nested shell.
    with running_sshd(tmp_path_factory.mktemp("sshd"), options=["SetEnv SHLVL=2"]) as [server]:
        yield server


@pytest.fixture(scope="module")
def theirs(server: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """testinfra's host over the `ssh` command."""
    folder = tmp_path_factory.mktemp("ssh")
    (folder / "known_hosts").write_text(known_hosts_of([server]))
    config = folder / "config"
    config.write_text(
        f"Host target\n  HostName {ADDRESS}\n  Port {server.port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {server.client_key}\n  IdentitiesOnly yes\n  BatchMode yes\n"
        f"  UserKnownHostsFile {folder}/known_hosts\n  StrictHostKeyChecking yes\n"
        f"  ControlMaster auto\n  ControlPath ~/.ssh-wardround-%C\n  ControlPersist 60\n"
    )
    yield testinfra.get_host("ssh://target", ssh_config=str(config), controlpersist=0)
    subprocess.run(["ssh", "-F", str(config), "-O", "exit", "target"], capture_output=True)


@pytest.fixture(scope="module")
def ours(server: Sshd, target: Target) -> Mapping[str, object]:
    """What all the cases say through our backend, asked in one inspection."""
    found: dict[str, object] = {}
    plugins = {name: check(_recording(name, case, target, found)) for name, case in CASES.items()}

    async def run() -> None:
        pool = Pool(KnownHosts(known_hosts_of([server])), Prober())
        try:
            host = server.host("target")
            session = await pool.connect(host)
            planned = planned_host(*(planned_check(name, timeout=60.0) for name in CASES), name="target")
            outcome = await inspect(
                planned, host, session, GivenChecks(plugins), source=no_files, now=NOW, seconds=60.0
            )
            assert outcome.failure is None
            assert outcome.batches < 30
        finally:
            await pool.close()

    asyncio.run(run())
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_module_says_the_same_as_over_testinfras_own_ssh(
    name: str, theirs: Any, ours: Mapping[str, object], target: Target
) -> None:
    assert ours[name] == _said(CASES[name], theirs, target)


def _recording(
    name: str, case: Case, target: Target, found: dict[str, object]
) -> Callable[[Ask], Iterable[Observation]]:
    def observe(ask: Ask) -> Iterable[Observation]:
        found[name] = _said(case, ask.host, target)
        return [Observation("value", 1.0)]

    return observe


def _said(case: Case, host: Any, target: Target) -> object:
    """The value, or the kind of exception."""
    try:
        return case(host, target)
    except Exception as error:
        return type(error)


def _result(result: Any) -> object:
    return result.rc, result.stdout, result.stderr, result.stdout_bytes, result.command, result.failed


def _file(file: Any) -> object:
    kinds = (
        file.exists, file.is_file, file.is_directory, file.is_executable, file.is_pipe, file.is_socket,
        file.is_symlink, file.linked_to,
    )  # fmt: skip
    if not file.exists:
        return kinds
    return (*kinds, file.user, file.uid, file.group, file.gid, file.mode, file.mtime, file.size, file.inode)


def _package(package: Any) -> object:
    return package.is_installed, package.version


def _process(process: Any) -> object:
    return process.pid, process.comm, process.args, process.user, process.lstart


def _user(user: Any) -> object:
    return (
        user.exists, user.uid, user.gid, user.group, user.gids, user.groups, user.home, user.shell,
        user.gecos, user.password, user.password_max_days, user.password_min_days, user.expiration_date,
    )  # fmt: skip


def _address(address: Any) -> object:
    return address.is_resolvable, address.ip_addresses, address.ipv4_addresses, address.ipv6_addresses


def _mount(mount: Any) -> object:
    return mount.exists, mount.filesystem, mount.device, mount.options


def _sudo(host: Any, user: str | None) -> object:
    with host.sudo(user):
        inside = host.run("id -un; printf %s", "it's")
    return _result(inside), host.check_output("id -un")


def _nested_sudo(host: Any) -> object:
    with host.sudo():
        outer = host.run("id -un").stdout
        with host.sudo("nobody"):
            inner = host.run("id -un").stdout
    return outer, inner, host.user().name
