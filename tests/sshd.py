"""Real OpenSSH servers on loopback for tests.

    with running_sshd(tmp_path, count=2) as servers:
        host = servers[0].host("his-db01")          # a Host that logs in as the user who runs the tests
        known_hosts.write_text(known_hosts_of(servers))

Each server has its own port and host key, accepts one shared client key, and ends with the block. Run by
root they let every user in whose account is not locked; run by another user, that user alone. A user made for
a test:

    with temporary_user() as user:                  # root only
        host = servers[0].host("a", user=user.name)
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from orchestrator.model.host import Become, Connection, Host, Jump, Transport
from orchestrator.model.secret import Secret

SSHD = shutil.which("sshd") or (shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or "")
ADDRESS = "127.0.0.1"

_NO_BASHRC = "SHLVL=2"
"""Else bash reads the .bashrc of whoever runs the tests at each login, with all that this starts."""

needs_sshd = pytest.mark.skipif(not SSHD, reason="OpenSSH server (sshd) is missing")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to log in as other users")


@dataclass(frozen=True)
class Sshd:
    """One server that runs."""

    port: int
    client_key: Path
    """The private key that it accepts."""
    host_key: Path
    """Its own private key; the public half lies beside it as `.pub`."""
    log: Path
    pid: int

    @property
    def known_hosts_line(self) -> str:
        kind, key = self.host_key.with_suffix(".pub").read_text().split()[:2]
        return f"[{ADDRESS}]:{self.port} {kind} {key}\n"

    def connection(
        self,
        *,
        user: str | None = None,
        password: str | None = None,
        become: Become | None = None,
        jumps: tuple[Jump, ...] = (),
        proxy_command: str | None = None,
        connect_timeout: float = 10.0,
    ) -> Connection:
        """How to log in: with the shared key, or with `password` and no key."""
        return Connection(
            transport=Transport.SSH,
            address=ADDRESS,
            port=self.port,
            user=user or getpass.getuser(),
            key_file=None if password else self.client_key,
            password=Secret(password) if password else None,
            jumps=jumps,
            proxy_command=proxy_command,
            connect_timeout=connect_timeout,
            become=become,
        )

    def host(
        self, name: str = "target", *, connection: Connection | None = None, user: str | None = None
    ) -> Host:
        return Host(name=name, groups=(), connection=connection or self.connection(user=user), variables={})

    @property
    def jump(self) -> Jump:
        return Jump(ADDRESS, self.port, getpass.getuser())

    def stop(self) -> None:
        """End the server and every login, as a host that loses its power."""
        # Stopped first, so that nobody logs in again meanwhile.
        os.kill(self.pid, signal.SIGSTOP)
        self.end_connections()
        os.kill(self.pid, signal.SIGKILL)

    def end_connections(self) -> None:
        """Kill every login, as a broken network does; the server itself goes on."""
        for pid in children_by_parent().get(self.pid, ()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def running_sshd(
    folder: Path, *, count: int = 1, options: Sequence[str] = (), program: Path | None = None
) -> Iterator[list[Sshd]]:
    """Start `count` servers; `options` are more lines of sshd_config (the first of a keyword wins).
    `program` is what runs sshd with the arguments that it is given, in a place of its own.
    """
    client_key = _keypair(folder / "client_key")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with contextlib.ExitStack() as stack:
        authorized = stack.enter_context(_readable_by_all(client_key.with_suffix(".pub").read_text()))
        yield [
            stack.enter_context(_server(folder / f"sshd{number}", client_key, authorized, options, program))
            for number in range(count)
        ]


def answers(port: int) -> bool:
    """Whether an SSH server greets there."""
    with contextlib.suppress(OSError), socket.create_connection((ADDRESS, port), timeout=1) as connection:
        return connection.recv(4) == b"SSH-"
    return False


def known_hosts_of(servers: Sequence[Sshd]) -> str:
    return "".join(server.known_hosts_line for server in servers)


def children_by_parent() -> Mapping[int, Sequence[int]]:
    """Of all processes of this machine."""
    families: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            families.setdefault(parent, []).append(int(stat.parent.name))
    return families


@dataclass(frozen=True)
class TemporaryUser:
    name: str
    password: str


@contextlib.contextmanager
def temporary_user(*, shell: str = "/bin/sh") -> Iterator[TemporaryUser]:
    """A system user with a password and no rights, removed afterwards."""
    user = TemporaryUser(f"wr{secrets.token_hex(4)}", secrets.token_hex(8))
    subprocess.run(["useradd", "--no-create-home", "--shell", shell, user.name], check=True)
    try:
        subprocess.run(["chpasswd"], input=f"{user.name}:{user.password}", text=True, check=True)
        yield user
    finally:
        # Forced: a shell of the user's that is just ending would keep the account.
        subprocess.run(["userdel", "--force", user.name], check=True, capture_output=True)


@contextlib.contextmanager
def _readable_by_all(text: str) -> Iterator[Path]:
    """A file outside of pytest's private folders: sshd reads authorized keys as the user who logs in."""
    with tempfile.TemporaryDirectory(prefix="sshd-") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "authorized_keys")
        path.write_text(text)
        path.chmod(0o644)
        yield path


@contextlib.contextmanager
def _server(
    folder: Path, client_key: Path, authorized: Path, options: Sequence[str], program: Path | None
) -> Iterator[Sshd]:
    folder.mkdir(mode=0o711)
    host_key = _keypair(folder / "host_key")
    for _ in range(10):
        port = _free_port()
        config = folder / "sshd_config"
        config.write_text(_config(port, host_key, authorized, options))
        log = folder / "sshd.log"
        process = subprocess.Popen(
            [program or SSHD, "-D", "-f", str(config), "-E", str(log)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        if _comes(port, process):
            break
    else:
        raise RuntimeError(f"sshd does not start: {log.read_text() if log.exists() else 'no log'}")
    server = Sshd(port, client_key, host_key, log, process.pid)
    try:
        yield server
    finally:
        # Logins outlive the listener, so they are ended first.
        server.end_connections()
        process.terminate()
        process.wait(timeout=10)


def _config(port: int, host_key: Path, authorized: Path, options: Sequence[str]) -> str:
    lines = [
        *(f"{option} {_NO_BASHRC}" if option.startswith("SetEnv ") else option for option in options),
        f"ListenAddress {ADDRESS}:{port}",
        f"HostKey {host_key}",
        f"AuthorizedKeysFile {authorized}",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        "PasswordAuthentication yes",
        "KbdInteractiveAuthentication no",
        "MaxStartups 500",
        "MaxSessions 100",
        "PrintMotd no",
        "LogLevel VERBOSE",
        f"SetEnv {_NO_BASHRC}",  # of several, sshd takes the first line alone
    ]
    return "\n".join(lines) + "\n"


def _keypair(path: Path) -> Path:
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519")
        path.touch(mode=0o600)
        key.write_private_key(path)
        key.write_public_key(path.with_suffix(".pub"))
    return path


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((ADDRESS, 0))
        port: int = listener.getsockname()[1]
        return port


def _comes(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether this very server greets on that port."""
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        if answers(port):
            return process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    return False
