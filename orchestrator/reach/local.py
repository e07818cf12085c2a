"""`ansible_connection: local`: the kept shell as a child of this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import cast

from orchestrator.reach.pipe import Pipe
from orchestrator.reach.shortage import shortage

_PARTING = 1.0
"""Seconds that a shell gets to end by itself once its input is closed."""


class LocalProgram(asyncio.SubprocessProtocol):
    """A child process, its output handed to a pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._transport: asyncio.SubprocessTransport | None = None
        self._pid = 0
        self._ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._pid = self._transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._pipe.receive(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self._pipe.finish()

    def process_exited(self) -> None:
        self._ended.set()

    def write(self, data: bytes) -> None:
        stdin = self._transport and self._transport.get_pipe_transport(0)
        if isinstance(stdin, asyncio.WriteTransport) and not stdin.is_closing():
            stdin.write(data)

    def hang_up(self) -> None:
        stdin = self._transport and self._transport.get_pipe_transport(0)
        if stdin is not None:
            stdin.close()

    async def close(self) -> None:
        """End it and all that it started, and wait until it is gone."""
        self.hang_up()
        for urge in (signal.SIGTERM, signal.SIGKILL):
            if await self._parted():
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, urge)
        await self._ended.wait()
        if self._transport is not None:
            self._transport.close()
        self._pipe.finish()

    async def _parted(self) -> bool:
        """Whether the shell ends by itself, told by its output: its outer shell may be gone before."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PARTING):
                await self._pipe.until(lambda: False)
        return self._pipe.ended


class LocalLine:
    """This machine. It is always there."""

    alive = True

    def __init__(self) -> None:
        self._programs: list[LocalProgram] = []

    async def open(self, command: str) -> Pipe:
        """Start a program in a session of its own, so that `kill 0` in a check ends its shell and not us."""
        pipe = Pipe()
        loop = asyncio.get_running_loop()
        # The outer shell is the inner one's parent: a command that kills its parent would otherwise kill us.
        try:
            _, program = await loop.subprocess_exec(
                lambda: LocalProgram(pipe), "sh", "-c", f"{command}; :", start_new_session=True
            )
        except OSError as error:
            raise shortage(error) or error from error
        pipe.program = program
        self._programs.append(program)
        return pipe

    async def close(self) -> None:
        for program in self._programs:
            await program.close()
        self._programs.clear()
