"""How the bytes of an SSH connection travel: over TCP, or through a proxy command's stdin and stdout."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

ProtocolFactory = Callable[[], asyncio.Protocol]
Address = tuple[socket.AddressFamily, tuple[str | int, ...] | tuple[int, bytes]]


class Road(Protocol):
    """What asyncssh takes as a tunnel."""

    heard: bool
    """Whether a single byte ever came back."""

    async def create_connection(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[asyncio.BaseTransport, asyncio.Protocol]: ...

    async def close(self) -> None: ...


class SocketRoad:
    """A connected socket."""

    def __init__(self, connected: socket.socket) -> None:
        self.heard = False
        self._socket = connected
        self._used = False

    async def create_connection(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[asyncio.BaseTransport, asyncio.Protocol]:
        """asyncssh calls it; host and port were settled before."""
        inner = factory()
        loop = asyncio.get_running_loop()
        self._used = True
        transport, _ = await loop.create_connection(lambda: _Ear(self, inner), sock=self._socket)
        return transport, inner

    async def close(self) -> None:
        if not self._used:
            self._socket.close()


class CommandRoad(SocketRoad):
    """A proxy command that runs, one end of a socket pair as its stdin and stdout."""

    def __init__(self, connected: socket.socket, process: asyncio.subprocess.Process) -> None:
        super().__init__(connected)
        self._process = process

    async def close(self) -> None:
        await super().close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        await self._process.communicate()

    async def last_words(self) -> str:
        """End it, and say what it wrote on stderr."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        _, words = await self._process.communicate()
        return (words or b"").decode("utf-8", "replace").strip()[-300:]


class _Ear(asyncio.Protocol):
    """Passes everything on to asyncssh, and re-arms quick acknowledgement after each read.

    Without it sshd waits for our delayed ACK in the middle of a login, 40 ms on loopback.
    """

    def __init__(self, road: SocketRoad, inner: asyncio.Protocol) -> None:
        self._road = road
        self._inner = inner
        self._tcp: socket.socket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        connected = transport.get_extra_info("socket")
        if connected.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_QUICKACK"):
            self._tcp = connected
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._road.heard = True
        self._inner.data_received(data)
        if self._tcp is not None and self._tcp.fileno() >= 0:
            self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tcp = None
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


class Resolver:
    """Looks names up in threads of its own: a dead name server blocks a thread for long, and the event loop's
    own few threads belong to everybody."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="dns")

    async def addresses(self, host: str, port: int) -> list[Address]:
        """All addresses, in the system's order.

        Raises:
            socket.gaierror: the name has none.
        """
        try:
            # A numeric address needs no name server, and so no thread.
            return _look_up(host, port, socket.AI_NUMERICHOST)
        except socket.gaierror:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def tcp_road(resolver: Resolver, host: str, port: int, budget: float) -> SocketRoad:
    """Connect to the first address that answers, each getting its share of the time.

    Raises:
        OSError: none does; the last one's error.
    """
    addresses = await resolver.addresses(host, port)
    failure: OSError = OSError("no address")
    for family, address in addresses:
        connected = socket.socket(family, socket.SOCK_STREAM)
        connected.setblocking(False)
        try:
            async with asyncio.timeout(budget / len(addresses)):
                await asyncio.get_running_loop().sock_connect(connected, address)
            return SocketRoad(connected)
        except OSError as error:
            connected.close()
            failure = error
        except BaseException:
            connected.close()
            raise
    raise failure


async def command_road(template: str, address: str, port: int, user: str) -> CommandRoad:
    """Start a proxy command as ssh does: with the shell, and %h %p %r filled in."""
    values = {
        "%h": shlex.quote(address),
        "%p": str(port),
        "%r": shlex.quote(user),
        "%%": "%",
    }
    command = "".join(values.get(part, part) for part in _tokens(template))
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *("sh", "-c", f"exec {command}"),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
    except BaseException:
        ours.close()
        raise
    return CommandRoad(ours, process)


def _look_up(host: str, port: int, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]


def _tokens(template: str) -> list[str]:
    parts: list[str] = []
    rest = template
    while rest:
        size = 2 if rest.startswith("%") else 1
        parts.append(rest[:size])
        rest = rest[size:]
    return parts
