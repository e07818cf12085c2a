"""One line that tells how far a round is: on a terminal alone, and never between the data."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Self, TextIO

from orchestrator.cli.language import say, speak
from orchestrator.cli.style import paint
from orchestrator.cli.visible import one_line
from orchestrator.model.round import Progress
from orchestrator.model.verdict import Verdict

_SHOWN = (Verdict.CRIT, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK)


class ProgressLine:
    """Rewrites one line on a terminal; a host that could not be asked gets a line that stays."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def show(self, progress: Progress) -> None:
        if not self._live:
            return
        self._clear()
        if progress.failure is not None:
            reason = one_line(f"{progress.host}: {speak(progress.failure.detail)}")
            print(paint(f"✗ {reason}", Verdict.UNKNOWN, self._stream), file=self._stream)
        counts = "  ".join(
            paint(f"{speak(verdict.label)} {progress.counts.get(verdict, 0)}", verdict, self._stream)
            for verdict in _SHOWN
            if progress.counts.get(verdict)
        )
        hosts = f"{say('主机', 'hosts')} {progress.hosts_done}/{progress.hosts_all}"
        self._stream.write(f"{hosts}  {counts}  {one_line(progress.host)}")
        self._stream.flush()

    def _clear(self) -> None:
        if self._live:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
