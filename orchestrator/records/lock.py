"""One round of a name at a time, held by the operating system: it lets go when the process dies."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from orchestrator.errors import Busy
from orchestrator.language import Text
from orchestrator.records.fault import store_error

_ALL = ".rounds"
"""Every round holds it beside its own, shared."""


@contextmanager
def round_lock(
    state: Path, runbook: str, actor: str, at: datetime, *, fenced: bool = False
) -> Iterator[None]:
    """Hold the name of a runbook while its round runs.

    Args:
        fenced: whoever may hold it still had this very round, and can't write into it any more: a process
            that is frozen lets no lock go. Its round is gone on with all the same.

    Raises:
        Busy: a round of that name is under way; says who started it, when, and in which process.
        StoreError: the lock's folder can't be written to.
    """
    with _open(state, runbook) as file, _open(state, _ALL) as everything:
        if not _try(everything, fcntl.LOCK_SH):
            raise _replaced()
        if _try(file):
            _sign(file, actor, at)
        elif not fenced:
            raise _busy(runbook, file.read())
        yield


@contextmanager
def no_round(state: Path) -> Iterator[None]:
    """Hold off all rounds while the records are replaced.

    Raises:
        Busy: a round is under way.
    """
    with _open(state, _ALL) as everything:
        if not _try(everything, fcntl.LOCK_EX):
            raise Busy(
                Text("有巡检正在运行，不能替换数据库", "a round is under way: the records can't be replaced"),
                Text(
                    "等它结束，或中断它（wardround round list）", "wait until it ends (wardround round list)"
                ),
            )
        yield


@contextmanager
def lock_if_free(state: Path, runbook: str) -> Iterator[bool]:
    """Hold the name of a runbook unless somebody else does. Yields whether it is held now."""
    with _open(state, runbook) as file:
        yield _try(file)


def _open(state: Path, runbook: str) -> TextIO:
    path = state / "locks" / f"{runbook.replace('/', '%2F')}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        raise store_error(error, path) from error


def _try(file: TextIO, kind: int = fcntl.LOCK_EX) -> bool:
    file.seek(0)
    try:
        # flock, not lockf: it also keeps two rounds within one process apart.
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: TextIO, actor: str, at: datetime) -> None:
    """Leave a name for whom we keep waiting. A full disk must not stop the round for it."""
    try:
        file.truncate(0)
        json.dump({"pid": os.getpid(), "actor": actor, "started": at.isoformat()}, file)
        file.flush()
    except OSError as error:
        raise store_error(error, Path(file.name)) from error


def _busy(runbook: str, holder: str) -> Busy:
    zh, en = "", ""
    try:
        found = json.loads(holder)
        started = datetime.fromisoformat(found["started"])
        when = f"{started:%Y-%m-%d %H:%M:%S %z}"
        zh = f"（{found['actor']} 于 {when} 启动，进程号 {found['pid']}）"
        en = f" (started by {found['actor']} at {when}, process {found['pid']})"
    except (ValueError, KeyError, TypeError):
        pass  # it has the lock and has not signed yet
    return Busy(
        Text(f"{runbook} 正在运行{zh}", f"{runbook} is running already{en}"),
        Text("等它结束，或中断那个进程", "wait until it ends, or interrupt that process"),
    )


def _replaced() -> Busy:
    return Busy(
        Text("数据库正在恢复", "the records are being restored"),
        Text("等它完成后重试", "try again when that is done"),
    )
