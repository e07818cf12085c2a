"""Does somebody accept a TCP connection?"""

from __future__ import annotations

import asyncio
import contextlib
import time

from orchestrator.language import Text
from orchestrator.model.question import TcpAnswer, TcpProbe
from orchestrator.reach.network_error import explain


async def ask_tcp(probe: TcpProbe) -> TcpAnswer:
    """Connect, close, and say how long it took."""
    started = time.perf_counter()
    error: Text | None = None
    try:
        async with asyncio.timeout(probe.timeout):
            _, writer = await asyncio.open_connection(probe.address, probe.port)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    except OSError as failure:
        error = explain(failure)
    return TcpAnswer(connected=error is None, seconds=time.perf_counter() - started, error=error)
