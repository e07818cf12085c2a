"""A thread for Python that is not ours: it may sleep or never end, and must hold up no other host."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

Returned = TypeVar("Returned")


async def in_thread(work: Callable[[], Returned]) -> Returned:
    """Run `work`, which raises nothing, in a thread of its own.

    When the caller stops waiting, the thread is left behind. It is a daemon, unlike those of an executor, so
    that it can't keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Returned] = loop.create_future()
    context = copy_context()

    def deliver(result: Returned) -> None:
        if not future.done():
            future.set_result(result)

    def run() -> None:
        result = context.run(work)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, result)

    threading.Thread(target=run, name="site-python", daemon=True).start()
    return await future
