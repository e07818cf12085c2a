"""Somebody wants a run to stop: told to all that it has under way."""

from __future__ import annotations

import asyncio


class Cancellation:
    """Asked for once, and seen by everybody who looks or waits."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    @property
    def requested(self) -> bool:
        return self._asked.is_set()

    def request(self) -> None:
        self._asked.set()

    async def wait(self, seconds: float) -> bool:
        """Wait so long at most; whether it is asked for by then."""
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        return True

    async def wait_for_it(self) -> None:
        """However long that takes."""
        await self._asked.wait()
