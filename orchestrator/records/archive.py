"""The file that a backup is: a zip of one member a table, and a manifest that vouches for each."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError, NotFound, StoreTooNew
from orchestrator.language import Text
from orchestrator.records.fault import store_error

PRODUCT = "wardround"
FORMAT = 1
_MANIFEST = "manifest.json"
_BLOCK = 1 << 20
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError),
    *(NotImplementedError, RuntimeError),
)
"""What reading a damaged zip raises: a method or an encryption that we never wrote is damage too."""


@dataclass(frozen=True, slots=True)
class Member:
    """One table."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of."""

    product: str
    format: int
    version: str
    """Of the program."""
    database: str
    """`sqlite` or `postgresql`: it may be restored onto either."""
    hospital: str
    reason: str
    made_at: str
    migrations: tuple[str, ...]
    anchor: str
    """The last event; empty where there is none."""
    tables: Mapping[str, Member]
    site_key: str = ""
    """The fingerprint of the key that second factors are encrypted with, which is in no backup; empty where
    there was none."""

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    @property
    def rows(self) -> int:
        return sum(member.rows for member in self.tables.values())


class DamagedArchive(InputError):
    """Not a backup, or no longer what was written."""


def write_table(archive: zipfile.ZipFile, table: str, blocks: Iterable[bytes]) -> Member:
    """One JSON array a line, as `blocks` give them."""
    digest, rows = hashlib.sha256(), 0
    with archive.open(f"{table}.jsonl", "w", force_zip64=True) as member:
        for block in blocks:
            digest.update(block)
            rows += block.count(b"\n")
            member.write(block)
    return Member(rows, digest.hexdigest())


def write_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    archive.writestr(_MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))


def read_manifest(path: Path) -> Manifest:
    """Raises NotFound, DamagedArchive, StoreTooNew or StoreError."""
    try:
        if not path.is_file():
            raise NotFound(
                Text(f"没有备份文件 {path}", f"there is no backup {path}"),
                Text("用 wardround db backups 查看", "see wardround db backups"),
            )
        with zipfile.ZipFile(path) as archive:
            content = json.loads(archive.read(_MANIFEST))
    except OSError as error:
        raise store_error(error, path) from error
    except KeyError:
        raise _foreign(path) from None
    except _BROKEN as error:
        raise _damaged(path, str(error)) from error
    return _manifest(path, content)


def verify(path: Path, manifest: Manifest) -> None:
    """Read all of it once. Raises DamagedArchive where a member is not what was written, or was added."""
    _require_members(path, manifest)
    for table, member in manifest.tables.items():
        digest, rows = hashlib.sha256(), 0
        for block in _blocks(path, table):
            digest.update(block)
            rows += block.count(b"\n")
        if (rows, digest.hexdigest()) != (member.rows, member.sha256):
            raise _damaged(path, f"{table}.jsonl")


def read_rows(path: Path, table: str) -> Iterator[list[Any]]:
    """The rows of a table that was verified."""
    rest = b""
    for block in _blocks(path, table):
        whole, _, rest = (rest + block).rpartition(b"\n")
        if whole:
            yield from json.loads(b"[" + whole.replace(b"\n", b",") + b"]")


def _require_members(path: Path, manifest: Manifest) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except OSError as error:
        raise store_error(error, path) from error
    except _BROKEN as error:
        raise _damaged(path, str(error)) from error
    expected = {_MANIFEST, *(f"{table}.jsonl" for table in manifest.tables)}
    added = [name for name in names if name not in expected or names.count(name) > 1]
    if added:
        shown = ", ".join(repr(name) for name in dict.fromkeys(added))
        raise DamagedArchive(
            Text(
                f"{path} 中有备份时没有写入的内容：{shown}",
                f"{path} holds what no backup wrote into it: {shown}",
            ),
            Text("换一个备份文件；现有数据没有改动", "take another backup; nothing was changed"),
        )


def _blocks(path: Path, table: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{table}.jsonl") as member:
            while block := member.read(_BLOCK):
                yield block
    except OSError as error:
        raise store_error(error, path) from error
    except _BROKEN as error:
        raise _damaged(path, str(error)) from error


def _manifest(path: Path, content: Any) -> Manifest:
    if not isinstance(content, dict) or content.get("product") != PRODUCT:
        raise _foreign(path)
    if content.get("format") != FORMAT:
        raise StoreTooNew(
            Text(f"{path} 由更新版本的程序写出", f"{path} was written by a newer version of this program"),
            Text("升级 wardround", "upgrade wardround"),
        )
    try:
        tables = {str(name): Member(**member) for name, member in content.pop("tables").items()}
        found = Manifest(tables=tables, **{**content, "migrations": tuple(content["migrations"])})
        _ = found.at
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise _damaged(path, _MANIFEST) from error
    return found


def _foreign(path: Path) -> DamagedArchive:
    return DamagedArchive(
        Text(f"{path} 不是本程序的备份", f"{path} is no backup of this program"),
        Text("用 wardround db backups 查看已有的备份", "see the backups there are with wardround db backups"),
    )


def _damaged(path: Path, detail: str) -> DamagedArchive:
    return DamagedArchive(
        Text(
            f"{path} 已损坏、不完整或不是备份：{detail}",
            f"{path} is damaged, cut short or no backup: {detail}",
        ),
        Text("换一个备份文件；现有数据没有改动", "take another backup; nothing was changed"),
    )
