"""One attempt on a host that is lost while it is being started, and one that nobody wants any more."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.execution import launching
from orchestrator.execution.cancellation import Cancellation
from orchestrator.execution.launching import Attempted, Launching
from orchestrator.execution.run_journal import RunJournal
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.run import Intent, TaskState
from orchestrator.reach.session import Session
from orchestrator.records.masking import Masker
from tests.launches import Stage, stage


class Line:
    """The way to a host, that breaks a few times first."""

    def __init__(self, on: Stage, breaks: int, cancellation: Cancellation | None = None) -> None:
        self._on = on
        self._breaks = breaks
        self._cancellation = cancellation

    async def __call__(self) -> Session:
        if self._breaks:
            self._breaks -= 1
            if self._cancellation is not None:
                self._cancellation.request()
            raise Unreachable("here", UnreachableReason.TIMEOUT, Text("断了", "it broke"))
        return self._on.session


def attempt(on: Stage, line: Line, folder: Path, cancellation: Cancellation) -> Launching:
    intent = Intent("here", "task", 1, Effect.ONCE, secrets.token_hex(16), on.spool)
    journal = RunJournal(1, 1, ThreadPoolExecutor(1), lambda: datetime.now(UTC))
    text = f"echo x >> '{folder}/effect'"
    return Launching(
        Attempted(intent, text, None, None), line, journal, Masker((), b"salt"), cancellation, folder / "out"
    )


async def test_a_start_that_did_not_get_through_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "_PAUSE", 0.01)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with stage(tmp_path) as on:
        cancellation = Cancellation()
        outcome = await attempt(on, Line(on, 3), tmp_path, cancellation).start()
    assert outcome is not None
    assert outcome.state is TaskState.OK
    assert (tmp_path / "effect").read_text() == "x\n"


async def test_what_is_cancelled_before_it_got_through_does_not_begin_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "_PAUSE", 0.01)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with stage(tmp_path) as on:
        cancellation = Cancellation()
        outcome = await attempt(on, Line(on, 2, cancellation), tmp_path, cancellation).start()
    assert outcome is not None
    assert outcome.state is TaskState.SKIPPED
    assert not (tmp_path / "effect").exists()
