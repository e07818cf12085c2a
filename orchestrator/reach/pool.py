"""Warm connections to all hosts of a round, in one event loop."""

from __future__ import annotations

import asyncio

from orchestrator.model.host import Host, Transport
from orchestrator.reach.host_keys import KnownHosts
from orchestrator.reach.host_session import HostSession, Line
from orchestrator.reach.local import LocalLine
from orchestrator.reach.prober import Prober
from orchestrator.reach.room import Room, connection_room
from orchestrator.reach.ssh import Logins


class Pool:
    """Implements `orchestrator.reach.session.Reach`."""

    def __init__(self, known: KnownHosts, prober: Prober, *, concurrency: int = 50) -> None:
        """`concurrency` bounds the logins under way at once. The prober is the pool's from now on."""
        self._logins = Logins(known, concurrency)
        self._prober = prober
        self._sessions: dict[str, HostSession] = {}
        self._room = Room(connection_room())

    async def connect(self, host: Host) -> HostSession:
        """The warm session of that host, or a new one.

        Raises:
            Unreachable: with the one reason.
            Exhausted: not the host but this machine is at fault.
        """
        session = self._sessions.get(host.name)
        if session is not None and session.host.connection != host.connection:
            await session.close()
            self._room.leave(session)
        if session is None or session.closed:
            session = HostSession(host, self._dial, self._prober, self._room.used)
            self._sessions[host.name] = session
        try:
            await session.open()
        except BaseException:
            self._room.leave(session)
            raise
        return session

    async def close(self) -> None:
        """End all connections, those behind jump hosts before the jump hosts."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        await asyncio.gather(*(session.close() for session in sessions))
        await self._logins.close()
        await self._prober.close()

    async def _dial(self, session: HostSession) -> Line:
        await self._room.enter(session)
        host = session.host
        if host.connection.transport is Transport.LOCAL:
            return LocalLine()
        return await self._logins.login(host.name, host.connection)
