"""What this process has file descriptors for; connections beyond that make room first."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from typing import Protocol

_OURS = 30
"""Descriptors that are neither connections nor probes: libraries, database, event loop, reports."""
_PROBES = 200
"""Probes under way at once, at most."""
_LEAST = 4


class Guest(Protocol):
    """Who holds a connection."""

    @property
    def cost(self) -> int:
        """Descriptors that it holds."""

    @property
    def idle(self) -> bool:
        """Whether it is asked nothing now."""

    async def rest(self) -> None:
        """Give the connection back."""


def connection_room() -> int:
    """Descriptors for connections to hosts."""
    return max(_LEAST, _limit() - _OURS - probe_room())


def probe_room() -> int:
    """Descriptors for probes: as many connections to anywhere at once."""
    return max(_LEAST, min(_PROBES, _limit() // 6))


class Room:
    """The guests that hold a connection, the one used longest ago first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._guests: dict[Guest, None] = {}
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    async def enter(self, guest: Guest) -> None:
        """Count it among those that hold a connection, once others have given back what it needs."""
        if guest in self._guests:
            return  # without waiting: whoever makes room may be waiting for this very guest
        async with self._turn:
            while self._guests and self._taken + guest.cost > self._size:
                await self._make_room()
            self._guests[guest] = None
            self._taken += guest.cost

    def used(self, guest: Guest) -> None:
        """It has been asked something, and is idle again."""
        if guest in self._guests:
            self._guests[guest] = self._guests.pop(guest)
        self._changed.set()

    def leave(self, guest: Guest) -> None:
        """It holds none any more."""
        if guest in self._guests:
            del self._guests[guest]
            self._taken -= guest.cost
        self._changed.set()

    async def _make_room(self) -> None:
        """Only an idle guest gives its connection back: a slow host must not hold up those that wait."""
        idle = next((guest for guest in self._guests if guest.idle), None)
        if idle is None:
            self._changed.clear()
            await self._changed.wait()
            return
        self.leave(idle)
        await idle.rest()


def _limit() -> int:
    """The limit of open files, raised as far as we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
