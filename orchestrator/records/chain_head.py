"""The signed head: how far the log goes, kept outside the database so that its tail can't be cut unseen."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ChainBroken
from orchestrator.language import Text
from orchestrator.model.audit import Anchor
from orchestrator.records.event_hash import GENESIS
from orchestrator.records.signing_key import sign, signed

FILE = "head.json"
START = Anchor(0, GENESIS)
"""Of a log without events."""


@dataclass(frozen=True, slots=True)
class Head:
    """A transaction announces the tail that it will leave, so that a crash is told apart from a cut."""

    confirmed: Anchor
    pending: tuple[Anchor, ...] = ()
    """Tails that a transaction was about to leave: it may have got there or not."""

    def allows(self, tail: Anchor) -> bool:
        return tail == self.confirmed or tail in self.pending


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """One process at a time reads and replaces the head. Held briefly, never while waiting for a write."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_head(folder: Path) -> Head | None:
    """None where there is none.

    Raises:
        ChainBroken: it is damaged, or not signed by the key whose public half is there.
        OSError: it can't be read.
    """
    try:
        content = json.loads((folder / FILE).read_bytes())
        head = Head(_anchor(content["confirmed"]), tuple(_anchor(one) for one in content["pending"]))
        if signed(folder, content["key"], _message(head), content["signature"]):
            return head
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ChainBroken(
        Text(
            f"审计链头 {folder / FILE} 已损坏或被改动，签名不符",
            f"the head of the audit log {folder / FILE} is damaged or was changed: "
            "its signature does not hold",
        ),
        MEND,
    )


def write_head(folder: Path, head: Head) -> None:
    """Replace it, whole or not at all, safe from a power cut. Raises OSError, StoreError."""
    key, signature = sign(folder, _message(head))
    content = {**_plain(head), "key": key, "signature": signature}
    part = folder / f".{FILE}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / FILE)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """A new name is safe only when its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


MEND = Text(
    "用 wardround audit verify 查看详情；查明原因后由审计管理员执行 wardround audit restart --reason 说明",
    "see wardround audit verify; once the cause is known, the audit administrator runs "
    "wardround audit restart --reason WHY",
)


def _message(head: Head) -> bytes:
    return b"wardround head\n" + json.dumps(_plain(head), sort_keys=True).encode()


def _plain(head: Head) -> dict[str, object]:
    pending = [[one.sequence, one.hash] for one in head.pending]
    return {"confirmed": [head.confirmed.sequence, head.confirmed.hash], "pending": pending}


def _anchor(pair: list[object]) -> Anchor:
    sequence, stored = pair
    if not isinstance(sequence, int) or not isinstance(stored, str):
        raise TypeError("not an anchor")
    return Anchor(sequence, stored)
