"""How many connections this process has file descriptors for; what is beyond that makes room first."""

from __future__ import annotations

import asyncio
import contextlib
import resource

from orchestrator.reach.host_session import HostSession

_OURS = 40
"""Descriptors that are not connections: libraries, database, event loop, reports, probes."""
_LEAST = 4


def connection_room() -> int:
    """Connections that fit beneath the limit of open files, which is raised as far as we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    if soft == resource.RLIM_INFINITY:
        soft = 1 << 20
    return max(_LEAST, soft - _OURS)


class Room:
    """The sessions that hold a connection, the one used longest ago first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: dict[str, HostSession] = {}
        self._turn = asyncio.Lock()

    async def enter(self, session: HostSession) -> None:
        """Count it among those that hold a connection; another's is given back if there is no more room."""
        name = session.host.name
        async with self._turn:
            self._held.pop(name, None)
            while len(self._held) >= self._size:
                oldest = next(iter(self._held))
                await self._held[oldest].rest()
                self._held.pop(oldest, None)
            self._held[name] = session

    def leave(self, session: HostSession) -> None:
        """It holds none any more."""
        if self._held.get(session.host.name) is session:
            del self._held[session.host.name]
