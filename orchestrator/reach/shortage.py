"""Tells a shortage on this machine from a fault of the host that was to be reached."""

from __future__ import annotations

import errno
import getpass
import os
import socket

from orchestrator.errors import Exhausted
from orchestrator.language import Text

_SHORT = (errno.EMFILE, errno.ENFILE)


def shortage(error: BaseException) -> Exhausted | None:
    """What to raise instead, if `error` is our own lack of file descriptors."""
    match error:
        case socket.gaierror():
            # The resolver reports a file that it could not open as a name that does not exist.
            short = not _can_open()
        case ValueError():
            # asyncssh asks for our own name each time, and /etc/passwd could not be opened.
            short = "local username" in str(error) and (_has_name() or not _can_open())
        case _:
            short = isinstance(error, OSError) and error.errno in _SHORT
    return exhausted() if short else None


def exhausted() -> Exhausted:
    return Exhausted(
        Text("本机打开的文件太多，没有去检查它", "this machine has too many files open, so it was not asked"),
        Text("用 ulimit -n 提高本机的限制", "raise this machine's limit with ulimit -n"),
    )


def _has_name() -> bool:
    try:
        return bool(getpass.getuser())
    except (KeyError, OSError):
        return False


def _can_open() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno not in _SHORT
    return True
