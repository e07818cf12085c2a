"""Files that lie beside a runbook and belong to it."""

from __future__ import annotations

from pathlib import Path

from orchestrator.documents.encoding import SIZE_LIMIT
from orchestrator.documents.file import read_bytes
from orchestrator.documents.findings import shown
from orchestrator.errors import Diagnostic, Position
from orchestrator.language import Text


def read_beside(folder: Path, name: str, position: Position, rule: str) -> bytes | Diagnostic:
    """The file's bytes, or why it can't be used. It must not lie outside of `folder`, not even by a link."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        return fault(
            position,
            rule,
            Text(f"{shown(name)} 不在运行手册的文件夹里", f"{shown(name)} lies outside the runbook's folder"),
            Text("把文件放到运行手册旁边", "put the file beside the runbook"),
        )
    try:
        content = read_bytes(path)
    except OSError as error:
        return fault(
            position,
            rule,
            Text(f"读不了 {shown(name)}：{error.strerror}", f"can't read {shown(name)}: {error.strerror}"),
            Text("路径相对于运行手册所在的文件夹", "the path is relative to the runbook's folder"),
        )
    if len(content) > SIZE_LIMIT:
        return fault(position, rule, Text(f"{name} 太大", f"{name} is too large"))
    return content


def fault(position: Position, rule: str, message: Text, hint: Text | None = None) -> Diagnostic:
    return Diagnostic(position, rule, message, hint)
