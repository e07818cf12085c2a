"""What a database or file error means to a user, and how to mend it."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.language import Text

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_ROOM = 64 * 1024
"""With less than this left, an I/O error means a full disk: SQLite can't always tell."""


def store_error(error: BaseException, path: Path) -> StoreError:
    """The one clear error for whatever went wrong with the file or folder at `path`."""
    if isinstance(error, OSError):
        return _of_system(error, path)
    cause = error if isinstance(error, sqlite3.Error) else error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    return _other(error, path) if code is None else _of_sqlite(code & 0xFF, error, path)


def _of_system(error: OSError, path: Path) -> StoreError:
    if error.errno in _FULL:
        return _full(path)
    if error.errno in _FORBIDDEN:
        return _forbidden(path)
    return _unusable(path, error.strerror or str(error))


def _of_sqlite(code: int, error: BaseException, path: Path) -> StoreError:
    match code:
        case sqlite3.SQLITE_FULL:
            return _full(path)
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return damaged(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return locked(path)
    if not os.access(path.parent, os.W_OK):
        return _forbidden(path)
    if shutil.disk_usage(path.parent).free < _ROOM:
        return _full(path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return _forbidden(path)
    return _other(error, path)


def _full(path: Path) -> StoreError:
    return StoreError(
        Text(f"磁盘已满，无法写入 {path}", f"the disk is full: {path} can't be written"),
        Text(
            f"在 {path.parent} 所在的文件系统上腾出空间，然后重试",
            f"free some space on the file system of {path.parent}, then try again",
        ),
    )


def _forbidden(path: Path) -> StoreError:
    return StoreError(
        Text(f"{path} 只读或无权写入", f"{path} is read-only, or we may not write it"),
        Text(
            f"检查 {path.parent} 的属主、权限和挂载方式（wardround doctor 说明属主不符的文件），"
            "或在 wardround.yml 中换一个 state 文件夹",
            f"see owner, mode and mount of {path.parent} (wardround doctor tells which files are another "
            "account's), or name another state folder in wardround.yml",
        ),
    )


def damaged(path: Path) -> StoreError:
    return StoreError(
        Text(f"{path} 已损坏，或不是本程序的数据库", f"{path} is damaged, or no database of this program"),
        Text(
            "把它改名保留，再从备份恢复；不恢复则会新建一个空的",
            "rename it (keep it), then restore a backup; without one a new, empty database is made",
        ),
    )


def foreign(place: str) -> StoreError:
    return StoreError(
        Text(f"{place} 里有其他程序的表", f"{place} holds tables of another program"),
        Text("给本程序一个自己的库", "give this program a database of its own"),
    )


def locked(path: Path) -> StoreError:
    return StoreError(
        Text(f"{path} 正被另一个程序占用", f"{path} is held by another program"),
        Text(
            f"稍后重试；仍不行，用 fuser {path} 查看是谁占用",
            f"try again in a moment; if that does not help, see with fuser {path} who holds it",
        ),
    )


def _unusable(path: Path, detail: str) -> StoreError:
    return StoreError(
        Text(f"{path} 无法使用：{detail}", f"{path} can't be used: {detail}"),
        Text(f"检查 {path.parent} 及其上级文件夹", f"look at {path.parent} and the folders above it"),
    )


def _other(error: BaseException, path: Path) -> StoreError:
    return _unusable(path, str(error))
