"""One line an event, outside the database: which event was changed, when all hashes after it were redone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.audit import Anchor
from orchestrator.records.chain_head import START

FILE = "events.log"
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Lines:
    """The file, read."""

    hashes: dict[int, str]
    last: int
    garbled: int | None = None
    """Number of the first line that is none of ours, or out of order."""


def append_lines(folder: Path, events: Iterable[Anchor]) -> None:
    """Raises OSError."""
    with (folder / FILE).open("a", encoding="ascii") as file:
        file.writelines(f"{event.sequence} {event.hash}\n" for event in events)
        file.flush()
        os.fsync(file.fileno())


def last_line(folder: Path) -> Anchor | None:
    """START where there is no file yet; None when its end is no line of ours."""
    try:
        with (folder / FILE).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LONGEST))
            end = file.read()
    except FileNotFoundError:
        return START
    if not end:
        return START
    return _parse(end.rstrip(b"\n").rpartition(b"\n")[2]) if end.endswith(b"\n") else None


def cut_back(folder: Path, end: Anchor) -> Anchor | None:
    """Remove what is after a line; returns the last one then: None when that line is not there.

    For what a crash left of lines that were being written. Raises OSError.
    """
    path = folder / FILE
    line = b"" if end == START else f"{end.sequence} {end.hash}\n".encode("ascii")
    # With a newline before the first line too, so that 1 is not found in 11.
    place = (b"\n" + path.read_bytes()).rfind(b"\n" + line) if line else 0
    if place < 0:
        return None
    with path.open("r+b") as file:
        file.truncate(place + len(line))
        os.fsync(file.fileno())
    return end


def read_lines(folder: Path) -> Lines | None:
    """None where there is no file. Raises OSError."""
    hashes: dict[int, str] = {}
    last = 0
    try:
        with (folder / FILE).open("rb") as file:
            for number, text in enumerate(file, 1):
                line = _parse(text.removesuffix(b"\n"))
                if line is None or line.sequence <= last or not text.endswith(b"\n"):
                    return Lines(hashes, last, number)
                last = line.sequence
                hashes[last] = line.hash
    except FileNotFoundError:
        return None
    return Lines(hashes, last)


def _parse(text: bytes) -> Anchor | None:
    sequence, _, stored = text.partition(b" ")
    if not sequence.isdigit() or not stored.isascii() or b":" not in stored:
        return None
    return Anchor(int(sequence), stored.decode("ascii"))
