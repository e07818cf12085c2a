"""Old events as signed, compressed files: out of the database, and still in the chain."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_head import sync_folder
from orchestrator.records.event_hash import EventLine
from orchestrator.records.models.segment import Segment
from orchestrator.records.signing_key import sign, signed

FOLDER = "segments"


class DamagedSegment(ValueError):
    """The file is not what was sealed."""


def write_segment(name: str, events: Iterator[EventLine]) -> str:
    """Write and sign a file of events; returns its SHA-256. Raises OSError, StoreError."""
    folder = audit_folder() / FOLDER
    folder.mkdir(exist_ok=True, mode=0o750)
    content = b"".join(_line(event) for event in events)
    key, signature = sign(audit_folder(), _message(content))
    footer = json.dumps({"key": key, "signature": signature}).encode() + b"\n"
    packed = gzip.compress(content + footer, mtime=0)
    part = folder / f".{name}.part"
    with part.open("wb") as file:
        file.write(packed)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)
    sync_folder(folder)
    return hashlib.sha256(packed).hexdigest()


def read_segment(segment: Segment) -> list[EventLine]:
    """Raises FileNotFoundError, OSError, DamagedSegment."""
    packed = (audit_folder() / FOLDER / Path(segment.file).name).read_bytes()
    try:
        *lines, last = gzip.decompress(packed).splitlines(keepends=True)
        footer = json.loads(last)
        if hashlib.sha256(packed).hexdigest() != segment.digest or not signed(
            audit_folder(), footer["key"], _message(b"".join(lines)), footer["signature"]
        ):
            raise DamagedSegment
        return [_event(line) for line in lines]
    except (EOFError, OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedSegment from error


def _line(event: EventLine) -> bytes:
    sequence, at, *rest = astuple(event)
    fields = [sequence, at.astimezone(UTC).isoformat(timespec="microseconds"), *rest]
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def _event(line: bytes) -> EventLine:
    sequence, at, *rest = json.loads(line)
    return EventLine(sequence, datetime.fromisoformat(at), *rest)


def _message(content: bytes) -> bytes:
    return b"wardround segment\n" + hashlib.sha256(content).digest()
