"""A run's journal as its leg writes it: many hosts at once, one transaction for all that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime

from orchestrator.model.run import Intent, RunEventKind, TaskOutcome
from orchestrator.records.journal import Entered, Line, write_journal

_AT_ONCE = 500
_LIE_SECONDS = 0.005
"""How long a line lies there that nobody waits for. The intent that comes next takes it along: a step
costs one transaction then, and not three."""


class RunJournal:
    """Writes in the records' thread, in the order in which it was told. What was awaited outlives a crash,
    and so does all that was told before it. After one failure nothing more is written, and everybody who
    wants to write learns why."""

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

    def conclude(self, outcome: TaskOutcome) -> None:
        """After something that was intended. Nobody waits for it: whoever dies before it is written has an
        attempt without outcome, and the host is asked. Raises as `intend` when an earlier line failed."""
        self._leave(outcome)

    def enter(self, intent: Intent, outcome: TaskOutcome) -> None:
        """After something that changed nothing. Nobody waits for it: it may be done again. Raises as
        `conclude`."""
        self._leave(Entered(intent, outcome))

    def note(self, kind: RunEventKind, host: str, task: str, data: Mapping[str, object]) -> None:
        """For whoever follows. Raises as `conclude`."""
        self._leave((kind, host, task, data))

    async def settle(self) -> None:
        """Returns when all that was told is written. Raises as `intend`."""
        self._begin()
        if self._writer is not None:
            await asyncio.shield(self._writer)
        if self._broken is not None:
            raise self._broken

    async def _write(self, line: Line) -> None:
        written = self._append(line)
        self._begin()
        # Shielded: whoever is cancelled while it waits does not take the others' lines with it.
        await asyncio.shield(written)

    def _leave(self, line: Line) -> None:
        self._append(line)
        asyncio.get_running_loop().call_later(_LIE_SECONDS, self._begin)

    def _append(self, line: Line) -> asyncio.Future[None]:
        if self._broken is not None:
            raise self._broken
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((line, written))
        return written

    def _begin(self) -> None:
        if self._waiting and (self._writer is None or self._writer.done()):
            self._writer = asyncio.create_task(self._write_all())

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
