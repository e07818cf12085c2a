"""Both ends of a program that runs somewhere: bytes in, bytes out, and when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

STDOUT = 1
STDERR = 2

_NOTES = 4_096
"""Bytes kept of what nobody waits for: enough to say why a shell did not start."""


class Program(Protocol):
    """What a transport offers of a started program."""

    def write(self, data: bytes) -> None: ...

    def hang_up(self) -> None:
        """Close its input and stop listening. It ends by itself."""


class Frame:
    """Catches what comes between two tokens, and forgets what is far beyond `limit`."""

    def __init__(self, start: str, end: str, limit: int | None = None) -> None:
        self._start = start.encode()
        self._end = end.encode()
        self._limit = limit
        self._bytes = bytearray()
        self._started = False
        self.content: bytes | None = None

    @property
    def noise(self) -> bytes:
        """The last of what came before the first token."""
        return b"" if self._started else bytes(self._bytes)

    def feed(self, data: bytes) -> None:
        searched = max(0, len(self._bytes) - len(self._end))
        self._bytes += data
        if not self._started:
            at = self._bytes.find(self._start)
            if at < 0:
                del self._bytes[:-_NOTES]
                return
            del self._bytes[: at + len(self._start)]
            self._started = True
            searched = 0
        at = self._bytes.find(self._end, searched)
        if at >= 0:
            self.content = bytes(self._bytes[:at])
            self._bytes.clear()
        elif self._limit is not None and len(self._bytes) > 2 * self._limit:
            # The very end stays: it holds the status, or half of the token.
            del self._bytes[self._limit : -256]


class Pipe:
    """What a program wrote, for somebody who waits for it."""

    def __init__(self) -> None:
        self.program: Program | None = None
        self.ended = False
        self._frames: dict[int, Frame] = {}
        self._notes = {STDOUT: b"", STDERR: b""}
        self._news = asyncio.Event()

    def receive(self, descriptor: int, data: bytes) -> None:
        """The transport calls it with everything that arrives."""
        frame = self._frames.get(descriptor)
        if frame is None:
            self._notes[descriptor] = (self._notes[descriptor] + data)[-_NOTES:]
            self._news.set()
            return
        frame.feed(data)
        if frame.content is not None:
            del self._frames[descriptor]
            self._news.set()

    def finish(self) -> None:
        """The transport calls it when nothing more will come."""
        self.ended = True
        self._news.set()

    def write(self, data: bytes) -> None:
        if self.program is not None and not self.ended:
            self.program.write(data)

    def hang_up(self) -> None:
        if self.program is not None:
            self.program.hang_up()

    def catch(self, descriptor: int, frame: Frame) -> None:
        self._frames[descriptor] = frame

    def notes(self, descriptor: int) -> bytes:
        """The last of what came and was not caught."""
        frame = self._frames.get(descriptor)
        return self._notes[descriptor] + (frame.noise if frame else b"")

    async def until(self, condition: Callable[[], bool]) -> bool:
        """Wait until it holds; False when the program ended before."""
        while not condition():
            if self.ended:
                return False
            self._news.clear()
            await self._news.wait()
        return True
