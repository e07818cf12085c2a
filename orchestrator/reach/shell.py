"""A kept `sh` on some host: fed with batches over any pipe, until it ends or is given up."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Sequence

from orchestrator.model.question import Command
from orchestrator.reach.batch import CAP, DIRECTORIES, GRACE, Batch, Outcome, Streamed, prelude
from orchestrator.reach.pipe import STDERR, STDOUT, Frame, Pipe

_PATIENCE = 15.0
"""Seconds beyond all time limits of a batch. The host's own watchdog acts long before; this is for a host
that is frozen as a whole."""

_UNSWEPT = 200
"""Commands whose small files may lie on the host until they are removed, which costs a program each time."""


class Shell:
    """One shell. After it has ended, or a batch was not answered in time, it is of no more use."""

    def __init__(self, pipe: Pipe, directories: Sequence[str] = DIRECTORIES) -> None:
        self.name = f".wardround-{secrets.token_hex(8)}"
        """Its private directory on the host."""
        self._pipe = pipe
        self._directories = directories
        self._batches = 0
        self._unswept = 0
        self._streams = False
        self._given_up = False
        self.frozen = False
        """Whether a batch was not answered in all the time that its commands had, and more."""

    @property
    def usable(self) -> bool:
        return not (self._given_up or self._pipe.ended)

    async def start(self, stale: str = "", limit: float = 10.0) -> bool:
        """Say hello. False when it ends instead, or says nothing within `limit` seconds: no POSIX shell.

        `stale` names the directory of a lost shell on the same host, to be removed.
        """
        ready = secrets.token_hex(16), secrets.token_hex(16)
        frame = Frame(*ready)
        self._pipe.catch(STDOUT, frame)
        self._pipe.write(prelude(ready, self.name, stale, self._directories))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._pipe.until(lambda: frame.content is not None)
        self._streams = not frame.content
        # Something that only echoes what it is told has the words as well, but not this between them.
        return frame.content in (b"", b"held")

    async def run(self, commands: Sequence[Command]) -> Outcome:
        """Ask them in one exchange. What the shell did not live to answer is missing from the outcome."""
        if not self._streams:
            outcome = await self._run_batch(commands)
            if not outcome.no_room:
                return outcome
            self._streams = True
        return await self._run_streamed(commands)

    def close(self) -> None:
        """Close its input: it removes its directory and ends."""
        self._given_up = True
        self._pipe.hang_up()

    async def _run_batch(self, commands: Sequence[Command]) -> Outcome:
        self._batches += 1
        self._unswept += len(commands)
        batch = Batch(commands, self._batches, self._unswept > _UNSWEPT)
        if batch.sweeps:
            self._unswept = 0
        frame = Frame(batch.token, batch.end)
        self._pipe.catch(STDOUT, frame)
        self._pipe.write(batch.script())
        await self._answered((frame,), commands)
        return Outcome({}) if frame.content is None else batch.parse(frame.content)

    async def _run_streamed(self, commands: Sequence[Command]) -> Outcome:
        answers = {}
        for index, command in enumerate(commands):
            streamed = Streamed(command)
            frames = [Frame(streamed.token, streamed.end, CAP + 1) for _ in (STDOUT, STDERR)]
            for descriptor, frame in zip((STDOUT, STDERR), frames, strict=True):
                self._pipe.catch(descriptor, frame)
            self._pipe.write(streamed.script())
            await self._answered(frames, (command,))
            stdout, stderr = (frame.content for frame in frames)
            if stdout is None or stderr is None:
                break
            answers[index] = streamed.parse(stdout, stderr).answers[0]
        return Outcome(answers)

    async def _answered(self, frames: Sequence[Frame], commands: Sequence[Command]) -> None:
        limit = sum(command.timeout + GRACE for command in commands) + _PATIENCE
        try:
            async with asyncio.timeout(limit):
                await self._pipe.until(lambda: all(frame.content is not None for frame in frames))
        except TimeoutError:
            self.frozen = True
        finally:
            # Also when this task is cancelled: what still comes belongs to no batch that is waited for.
            if any(frame.content is None for frame in frames):
                self._given_up = True
