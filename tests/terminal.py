"""A real terminal for a command: it is asked and answered there as a person is and does."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_PATIENCE = 60.0
"""Seconds: a busy machine must not fail a test."""

needs_setsid = pytest.mark.skipif(not shutil.which("setsid"), reason="setsid (util-linux) is missing")


class Screen:
    """What a command shows, and the keyboard before it."""

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self._process = process
        self._keyboard = keyboard
        self.text = ""
        """All that was shown so far, what was typed with echo too."""
        self._seen = 0

    def answer(self, question: str, line: str) -> str:
        """Wait until something is asked, and type a line; returns what was shown since the last answer."""
        while (at := self.text.find(question, self._seen)) < 0:
            if not self._read():
                raise AssertionError(f"ended without asking {question!r}:\n{self.text}")
        shown, self._seen = self.text[self._seen : at], at + len(question)
        os.write(self._keyboard, f"{line}\n".encode())
        return shown

    def wait(self) -> int:
        """Until it has ended; returns its exit status."""
        while self._read():
            pass
        return self._process.wait(_PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._keyboard], [], [], _PATIENCE)
        if not ready:
            raise AssertionError(f"nothing is said any more:\n{self.text}")
        try:
            block = os.read(self._keyboard, 65536)
        except OSError:  # Linux says so when nobody has the other end open
            return False
        self.text += block.decode("utf-8", "replace")
        return bool(block)


@contextmanager
def on_a_terminal(command: Sequence[str | Path], environment: Mapping[str, str]) -> Iterator[Screen]:
    """Run a command with a terminal of its own, and nothing but that to talk through."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    try:
        yield Screen(process, ours)
    finally:
        os.close(ours)
        end = time.monotonic() + 5
        while process.poll() is None and time.monotonic() < end:
            select.select([], [], [], 0.05)
        process.kill()
        process.wait()
