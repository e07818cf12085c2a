"""Files kept under the SHA-256 of their content, so that nobody changes what a round was carried out with."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

from orchestrator.errors import NotFound, StoreError
from orchestrator.language import Text
from orchestrator.model.plan import Plan
from orchestrator.records.fault import store_error


class Store:
    """The folder `state/store`. What is in it is never changed, and written once however often it is put."""

    def __init__(self, state: Path) -> None:
        self._root = state / "store"

    def put(self, content: bytes) -> str:
        """Keep `content`, safe from a crash and a power cut; returns its SHA-256.

        Raises:
            StoreError: it can't be written.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        try:
            if not path.exists():
                _write_whole(path, content)
        except OSError as error:
            raise store_error(error, path) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The content of that SHA-256, verified.

        Raises:
            NotFound: there is none.
            StoreError: it is not what it was, or can't be read.
        """
        path = self._path(digest)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFound(
                Text(f"内容库中没有 {digest}", f"nothing is stored under {digest}"),
                Text(f"检查 {self._root} 是否被清理过", f"see whether {self._root} was tidied up"),
            ) from None
        except OSError as error:
            raise store_error(error, path) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise StoreError(
                Text(f"{path} 的内容已被改动或损坏", f"{path} was changed or damaged"),
                Text("从备份恢复该文件", "restore this file from a backup"),
            )
        return content

    def freeze(self, plan: Plan, files: Mapping[str, bytes]) -> str:
        """Keep a plan and the files that it was made of; returns the SHA-256 of their manifest.

        Raises:
            StoreError: a file is not the one that the plan was made of, or can't be written.
        """
        stored = {path: self.put(content) for path, content in sorted(files.items())}
        for path, digest in stored.items():
            if plan.documents.get(path, digest) != digest:
                raise StoreError(
                    Text(f"{path} 在制定计划之后被改动", f"{path} was changed after the plan was made"),
                    Text("重新开始这一轮", "start the round again"),
                )
        manifest = {"plan": self.put(_json(_plain(plan, {}))), "files": stored}
        return self.put(_json(manifest))

    def thaw(self, manifest: str) -> Mapping[str, bytes]:
        """The files of a frozen plan, by path, verified.

        Raises:
            NotFound, StoreError: as `get`.
        """
        files = json.loads(self.get(manifest))["files"]
        return {path: self.get(digest) for path, digest in files.items()}

    def plan(self, manifest: str) -> bytes:
        """A frozen plan as JSON, verified. Raises as `get`."""
        return self.get(json.loads(self.get(manifest))["plan"])

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]


def _write_whole(path: Path, content: bytes) -> None:
    """All of it or nothing: readers and crashes never see a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o440)
        part.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """A new name is safe only when its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: object, done: dict[int, object]) -> object:
    """`done` holds what each dataclass and tuple of the plan came to: what hosts share is done once."""
    if id(value) in done:
        return done[id(value)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, done) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, done) for inner in value]
    if isinstance(value, tuple):
        done[id(value)] = [_plain(inner, done) for inner in value]
        return done[id(value)]
    if is_dataclass(value):
        done[id(value)] = {one.name: _plain(getattr(value, one.name), done) for one in fields(value)}
        return done[id(value)]
    return value
