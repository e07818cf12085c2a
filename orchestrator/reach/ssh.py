"""Logs in over SSH: keys checked, algorithms chosen for speed, jump hosts shared."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import Exhausted, Unreachable, UnreachableReason
from orchestrator.language import Text
from orchestrator.model.host import Connection, Host, Jump
from orchestrator.reach.credentials import Credentials, Proof
from orchestrator.reach.host_keys import KeyStatus, KnownHosts, ScannedKey, TrustedKeys, place, scanned
from orchestrator.reach.login_failure import changed_key, explain_login, unknown_key
from orchestrator.reach.pipe import STDERR, STDOUT, Pipe
from orchestrator.reach.road import CommandRoad, Resolver, Road, command_road, tcp_road
from orchestrator.reach.shortage import shortage
from orchestrator.reach.ssh_library import (
    asyncssh,
    get_default_certificate_algs,
    get_default_encryption_algs,
    get_default_kex_algs,
    get_default_public_key_algs,
)


def _first(preferred: str, known: Sequence[bytes]) -> list[str]:
    """`known` in the order of asyncssh's own `^`, which asyncssh would work out anew at each login."""
    return list(dict.fromkeys((*preferred.split(","), *(name.decode() for name in known))))


_OPTIONS: dict[str, object] = {
    # Nothing from ~/.ssh/config: a round must mean the same whoever runs it.
    "config": None,
    "gss_host": None,
    "x509_trusted_certs": None,
    "x509_trusted_cert_paths": [],
    "preferred_auth": ["publickey", "keyboard-interactive", "password"],
    # asyncssh's own first choice, chacha20, costs 10-15% more CPU a login (measurements, conclusion 5).
    "encryption_algs": _first(
        "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr", get_default_encryption_algs()
    ),
    "kex_algs": _first("curve25519-sha256,curve25519-sha256@libssh.org", get_default_kex_algs()),
    "compression_algs": None,
    "keepalive_interval": 15,
    "keepalive_count_max": 3,
    # Ours covers name, TCP and login; asyncssh's begins later.
    "login_timeout": 0,
    # Login banners in GBK are no reason not to log in.
    "utf8_decode_errors": "replace",
}


_PARTING = 5.0
"""Seconds for a connection to be closed in good order."""
_NOTHING = Proof((), None, None)


class _Client(asyncssh.SSHClient):
    """Remembers the key that a server shows. It is asked only about keys that are not trusted."""

    def __init__(self, recorded: TrustedKeys) -> None:
        self.recorded = recorded
        self.shown: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = key
        return False

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = key
        return False


class _Channel(asyncssh.SSHClientSession[bytes]):
    """Hands a channel's bytes to a pipe; asyncssh's own stream objects cost more."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._pipe.receive(STDERR if datatype == asyncssh.EXTENDED_DATA_STDERR else STDOUT, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipe.finish()


class _ChannelProgram:
    """The writing end of a channel."""

    def __init__(self, channel: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = channel

    def write(self, data: bytes) -> None:
        if not self._channel.is_closing():
            self._channel.write(data)

    def hang_up(self) -> None:
        self._channel.close()


class SshLine:
    """One login. Shells are opened over it."""

    def __init__(
        self, host: str, connection: asyncssh.SSHClientConnection, road: Road | None, limit: float
    ) -> None:
        self._host = host
        self._limit = limit
        self._connection = connection
        self._road = road

    @property
    def connection(self) -> asyncssh.SSHClientConnection:
        """For the logins behind it, where this is a jump host."""
        return self._connection

    @property
    def alive(self) -> bool:
        return not self._connection.is_closed()

    async def open(self, command: str) -> Pipe:
        """Start a program.

        Raises:
            Unreachable: the server does not let us, or is gone.
        """
        pipe = Pipe()
        try:
            async with asyncio.timeout(self._limit):
                channel, _ = await self._connection.create_session(
                    lambda: _Channel(pipe), f"exec {command}", encoding=None
                )
        except TimeoutError as error:
            raise explain_login(self._host, self._host, error) from error
        except (asyncssh.Error, OSError) as error:
            raise Unreachable(
                self._host,
                UnreachableReason.PROTOCOL,
                Text(f"已登录，但不能运行命令：{error}", f"logged in, but it runs no commands: {error}"),
            ) from error
        pipe.program = _ChannelProgram(channel)
        return pipe

    async def close(self) -> None:
        self._connection.close()
        try:
            async with asyncio.timeout(_PARTING):
                await self._connection.wait_closed()
        except TimeoutError:
            # A host that reads nothing any more would keep us waiting for our own farewell.
            self._connection.abort()
        if self._road is not None:
            await self._road.close()


@dataclass(frozen=True, slots=True)
class _Target:
    """One server to log in on: the host itself, or a jump host on the way to it."""

    host: str
    """The inventory name that a failure is reported for."""
    user: str
    address: str
    port: int
    proof: Proof
    limit: float
    """Seconds for name, TCP and login together."""
    way: SshLine | None
    """The jump host before it."""
    proxy_command: str | None

    @property
    def place(self) -> str:
        return place(self.address, self.port)

    def __str__(self) -> str:
        return f"{self.user}@{self.place}"


class Logins:
    """Makes logins for a pool: credentials and trusted keys are read once, jump hosts logged in on once."""

    def __init__(self, known: KnownHosts, concurrency: int) -> None:
        self._known = known
        self._options = asyncssh.SSHClientConnectionOptions(known_hosts=_nobody, agent_path=None, **_OPTIONS)
        self._credentials = Credentials()
        self._resolver = Resolver(concurrency)
        # Only a server that took our TCP connection holds a slot: dead hosts never hold up the others.
        self._slots = asyncio.Semaphore(concurrency)
        self._jumps: dict[tuple[tuple[Jump, ...], Path | None], asyncio.Task[SshLine]] = {}

    async def login(self, host: str, connection: Connection) -> SshLine:
        """Log in.

        Raises:
            Unreachable: with the one reason.
            Exhausted: not the host but this machine is at fault.
        """
        password = connection.password.reveal() if connection.password else None
        target = _Target(
            host=host,
            user=connection.user or getpass.getuser(),
            address=connection.address,
            port=connection.port,
            proof=self._credentials.proof(host, connection.key_file, password),
            limit=connection.connect_timeout,
            way=await self._way(host, connection, connection.jumps),
            proxy_command=None if connection.jumps else connection.proxy_command,
        )
        return await self._login(target)

    async def scan(self, host: Host) -> ScannedKey:
        """The key that the host shows, or that of the first jump host on the way whose key is not trusted.

        Raises:
            Unreachable: it shows none.
        """
        connection = host.connection
        steps = [*connection.jumps, Jump(connection.address, connection.port)]
        for index, step in enumerate(steps):
            target = _Target(
                host=host.name,
                user="wardround",
                address=step.address,
                port=step.port,
                proof=_NOTHING,
                limit=connection.connect_timeout,
                way=await self._way(host.name, connection, connection.jumps[:index]),
                proxy_command=None if index else connection.proxy_command,
            )
            key = await self._shown(target, is_jump=step is not steps[-1])
            if key.status is not KeyStatus.KNOWN:
                break
        return key

    async def close(self) -> None:
        """End the logins on jump hosts. Those behind them should be closed before."""
        self._resolver.close()
        tasks = list(self._jumps.values())
        self._jumps.clear()
        for task in reversed(tasks):
            task.cancel()
            for line in await asyncio.gather(task, return_exceptions=True):
                if isinstance(line, SshLine):
                    await line.close()

    async def _way(self, host: str, connection: Connection, jumps: Sequence[Jump]) -> SshLine | None:
        """The login on the last of the jump hosts; all that need it share it."""
        if not jumps:
            return None
        key = (tuple(jumps), connection.key_file)
        task = self._jumps.get(key)
        if task is None or _over(task):
            lost = task
            task = self._jumps[key] = asyncio.create_task(self._jump(host, connection, jumps))
            if lost is not None and not lost.cancelled() and not lost.exception():
                await lost.result().close()
        try:
            # Shielded: the others still need it when this host's turn is cancelled.
            return await asyncio.shield(task)
        except Unreachable as error:
            raise Unreachable(host, error.reason, error.message, error.hint) from error

    async def _jump(self, host: str, connection: Connection, jumps: Sequence[Jump]) -> SshLine:
        *before, jump = jumps
        target = _Target(
            host=host,
            user=jump.user or getpass.getuser(),
            address=jump.address,
            port=jump.port,
            # Never the host's own password: a jump host is another machine.
            proof=self._credentials.proof(host, connection.key_file, None, fallback=True),
            limit=connection.connect_timeout,
            way=await self._way(host, connection, before),
            proxy_command=None if before else connection.proxy_command,
        )
        return await self._login(target)

    async def _login(self, target: _Target) -> SshLine:
        trusted = self._known.trusted(target.address, target.port)
        return await self._connect(target, _Client(trusted), trusted)

    async def _shown(self, target: _Target, *, is_jump: bool) -> ScannedKey:
        recorded = self._known.trusted(target.address, target.port)
        client = _Client(recorded)
        try:
            # Trusting nobody ends the handshake at the key: no login is tried.
            line = await self._connect(target, client, TrustedKeys())
            await line.close()
        except Unreachable:
            if client.shown is None:
                raise
        if client.shown is None:
            raise explain_login(target.host, target.place, asyncssh.KeyExchangeFailed("no host key"))
        return scanned(target.host, target.place, client.shown, recorded, is_jump=is_jump)

    async def _connect(self, target: _Target, client: _Client, trusted: TrustedKeys) -> SshLine:
        """TCP (or what stands for it), then SSH, within one time limit that does not count our own queue."""
        road: Road | None = None
        started = time.monotonic()
        try:
            async with asyncio.timeout(target.limit):
                road = await self._road(target)
            left = max(0.1, target.limit - (time.monotonic() - started))
            async with self._slots, asyncio.timeout(left):
                connection = await asyncssh.connect(
                    target.address,
                    target.port,
                    options=self._options,
                    config=None,
                    tunnel=road if target.way is None else target.way.connection,
                    client_factory=lambda: client,
                    known_hosts=_trusting(trusted),
                    server_host_key_algs=_algorithms(client.recorded),
                    username=target.user,
                    # None would rule the agent out as well.
                    client_keys=list(target.proof.keys) if target.proof.keys or target.proof.agent else None,
                    password=target.proof.password,
                    agent_path=target.proof.agent,
                )
        except (OSError, asyncssh.Error, ValueError) as error:
            raise await _failure(target, road, client, error) from error
        except BaseException:
            if road is not None:
                await road.close()
            raise
        return SshLine(target.host, connection, road, target.limit)

    async def _road(self, target: _Target) -> Road | None:
        if target.way is not None:
            return None
        if target.proxy_command:
            return await command_road(target.proxy_command, target.address, target.port, target.user)
        return await tcp_road(self._resolver, target.address, target.port, target.limit)


async def scan_host_key(host: Host, known: KnownHosts) -> ScannedKey:
    """The key that a host shows, without logging in on it, within its connect_timeout.

    See `ScannedKey.place` for hosts behind jump hosts: record what it returns, read `known` again and repeat
    while `is_jump`.

    Raises:
        Unreachable: it shows none.
    """
    logins = Logins(known, 1)
    try:
        return await logins.scan(host)
    finally:
        await logins.close()


def _over(task: asyncio.Task[SshLine]) -> bool:
    """Whether a login on a jump host has failed, or was lost since."""
    return task.done() and (task.cancelled() or bool(task.exception()) or not task.result().alive)


async def _failure(
    target: _Target, road: Road | None, client: _Client, error: Exception
) -> Unreachable | Exhausted:
    stderr = await road.last_words() if isinstance(road, CommandRoad) else ""
    if road is not None:
        await road.close()
    if own := shortage(error):
        return own
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        if client.shown is not None and not client.recorded.keys:
            return unknown_key(target.host, target.place, client.shown)
        return changed_key(target.host, target.place, client.shown, client.recorded)
    heard = road.heard if road is not None else True
    return explain_login(target.host, str(target), error, heard=heard, stderr=stderr)


def _nobody(host: str, address: str, port: int | None) -> tuple[list[str], list[str], list[str]]:
    return [], [], []


def _trusting(trusted: TrustedKeys) -> object:
    keys = list(trusted.keys), list(trusted.authorities), list(trusted.revoked)
    return lambda host, address, port: keys


def _algorithms(trusted: TrustedKeys) -> list[str]:
    """The recorded key's type first, so that a host with several keys shows the one we know; then all others,
    so that a host whose key type has changed is told from one that speaks no SSH."""
    certificates = get_default_certificate_algs() if trusted.authorities else []
    known = [algorithm for key in trusted.keys for algorithm in key.sig_algorithms]
    wanted = dict.fromkeys((*certificates, *known, *get_default_public_key_algs()))
    return [algorithm.decode() for algorithm in wanted]
