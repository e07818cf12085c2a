"""A run's journal as its leg writes it: many hosts at once, one transaction for all that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime

from orchestrator.model.run import Intent, RunEventKind, TaskOutcome
from orchestrator.records.journal import Entered, Line, write_journal

_AT_ONCE = 500


class RunJournal:
    """Writes in the records' thread. What was awaited outlives a crash; after one failure nothing more is
    written, and everybody who wants to write learns why."""

    def __init__(self, number: int, epoch: int, records: Executor, clock: Callable[[], datetime]) -> None:
        self._number = number
        self._epoch = epoch
        self._records = records
        self._clock = clock
        self._waiting: list[tuple[Line, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None

    async def intend(self, intent: Intent) -> None:
        """Before anything leaves.

        Raises:
            Fenced: another worker has the run: nothing may be sent.
            StoreError: likewise.
        """
        await self._write(intent)

    async def conclude(self, outcome: TaskOutcome) -> None:
        """After something that was intended. Raises as `intend`."""
        await self._write(outcome)

    async def enter(self, intent: Intent, outcome: TaskOutcome) -> None:
        """After something that changed nothing. Raises as `intend`."""
        await self._write(Entered(intent, outcome))

    async def tell(self, kind: RunEventKind, host: str, task: str, data: Mapping[str, object]) -> None:
        """For whoever follows. Raises as `intend`."""
        await self._write((kind, host, task, data))

    async def _write(self, line: Line) -> None:
        if self._broken is not None:
            raise self._broken
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((line, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        # Shielded: whoever is cancelled while it waits does not take the others' lines with it.
        await asyncio.shield(written)

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            lines = [line for line, _ in group]
            try:
                await loop.run_in_executor(
                    self._records, write_journal, self._number, self._epoch, lines, self._clock()
                )
            except BaseException as error:
                self._broken = error
                for _, written in (*group, *self._waiting):
                    _fail(written, error)
                self._waiting = []
                if not isinstance(error, Exception):
                    raise
                return
            for _, written in group:
                if not written.done():
                    written.set_result(None)


def _fail(written: asyncio.Future[None], error: BaseException) -> None:
    if not written.done():
        written.set_exception(error)
        written.exception()  # looked at: nobody may be waiting for it any more
