"""Reads and extends the files of acceptances: whose word it is that free commands only read."""

from __future__ import annotations

import hashlib
import os
import tempfile
import textwrap
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel

from orchestrator.documents.findings import Findings
from orchestrator.documents.node import ListNode, Node
from orchestrator.documents.validation import DIGEST, FILLED, validate
from orchestrator.documents.yaml import read_yaml
from orchestrator.errors import Diagnostic, InvalidDocument, Position, StoreError
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance

_Filled = Annotated[str, Field(min_length=1, pattern=FILLED)]


class _AcceptanceModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: Annotated[str, Field(pattern=DIGEST)]
    effect: Effect
    by: _Filled
    reason: _Filled
    what: _Filled


class _AcceptedModel(RootModel[list[_AcceptanceModel]]):
    root: list[_AcceptanceModel]


def acceptance_digest(text: str | bytes) -> str:
    """SHA-256 (hex) of exactly what would run."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def read_acceptances(path: str, data: bytes) -> tuple[Acceptance, ...]:
    """The list of acceptances in `data`. A file of comments alone holds none.

    Raises:
        InvalidDocument: with all that is wrong.
    """
    findings = Findings(path)
    root = read_yaml(path, data, findings)
    if root is None:
        findings.check()
        return ()
    model = validate(_AcceptedModel, root, findings, where="accepted")
    if model is None:
        raise findings.error()
    _refuse_duplicates(model, root, findings)
    findings.check()
    return tuple(Acceptance(item.digest, item.effect, item.by, item.reason, item.what) for item in model.root)


def append_acceptance(path: Path, acceptance: Acceptance) -> None:
    """Add one acceptance at the end of the file, which keeps its text and comments; made where it is missing.

    Raises:
        InvalidDocument: the file has errors, is no block list, or has this acceptance already.
        StoreError: it can't be written.
    """
    try:
        before = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise _unwritable(path, error) from error
    after = _extended(str(path), before, acceptance)
    read_acceptances(str(path), after)  # nothing is replaced by what could not be read back
    try:
        _replace(path.resolve(), after)
    except OSError as error:
        raise _unwritable(path, error) from error


def _refuse_duplicates(model: _AcceptedModel, root: Node, findings: Findings) -> None:
    seen: dict[tuple[str, Effect], Position] = {}
    items = root.items if isinstance(root, ListNode) else ()
    for item, node in zip(model.root, items, strict=True):
        first = seen.setdefault((item.digest, item.effect), node.position)
        if first is not node.position:
            findings.add(
                node.position,
                "duplicate-acceptance",
                Text("这一项已被认可过", "this is accepted already"),
                Text(
                    f"第 {first.line} 行已有相同的 digest 与 effect",
                    f"line {first.line} has the same digest and effect",
                ),
            )


def _extended(path: str, before: bytes, acceptance: Acceptance) -> bytes:
    """The file's bytes with one item more."""
    read_acceptances(path, before)
    root = read_yaml(path, before, Findings(path))
    text = before.decode("utf-8-sig").rstrip()
    if isinstance(root, ListNode) and not root.items:
        text, root = text.removesuffix("[]").rstrip(), None
    if root is not None and not _is_block(text, root.position):
        raise InvalidDocument([_flow(root.position)])
    indent = " " * (root.position.column - 1) if root else ""
    item = textwrap.indent(_written(acceptance), indent)
    joined = f"{text}\n{item}" if text else item
    return (joined.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else joined).encode()


def _is_block(text: str, position: Position) -> bool:
    return text.splitlines()[position.line - 1][position.column - 1] == "-"


def _flow(position: Position) -> Diagnostic:
    return Diagnostic(
        position,
        "flow-list",
        Text(
            "这个列表写在方括号里，无法在末尾追加",
            "this list is written in brackets: nothing can be appended",
        ),
        Text("改成每项一行、以 “- ” 开头", "write one item a line, each after '- '"),
    )


class _Prose(str):
    """Text that is written quoted, or as a block where it has several lines."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes prose so that no reader of YAML can take it for anything else."""


def _represent(dumper: yaml.SafeDumper, text: _Prose) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|" if "\n" in text else '"')


_Dumper.add_representer(_Prose, _represent)


def _written(acceptance: Acceptance) -> str:
    item = {
        "digest": _Prose(acceptance.digest),
        "effect": acceptance.effect.value,
        "by": _Prose(acceptance.by),
        "reason": _Prose(acceptance.reason),
        "what": _Prose(acceptance.what),
    }
    written: str = yaml.dump([item], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
    return written


def _replace(path: Path, data: bytes) -> None:
    """Write beside the file and rename over it, so that a full disk leaves the old one whole."""
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        Text(f"无法写入 {path}：{error.strerror}", f"can't write {path}: {error.strerror}"),
        Text("检查文件夹的权限与剩余空间", "check the folder's permissions and free space"),
    )
