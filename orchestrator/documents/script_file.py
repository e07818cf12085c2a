"""The file that a `script:` task sends to a host, read from beside the runbook."""

from __future__ import annotations

import shlex
from pathlib import Path

from orchestrator.documents.beside import fault, read_beside
from orchestrator.documents.findings import shown
from orchestrator.documents.template import is_template
from orchestrator.errors import Diagnostic, Position
from orchestrator.language import Text

_RULE = "script-file"


def read_script(folder: Path, cmd: str, position: Position) -> tuple[str, bytes | Diagnostic]:
    """The file that `cmd` begins with, and its bytes; else the fault."""
    words = _words(cmd)
    if not words or is_template(words[0]) or words[0].startswith("/"):
        return "", fault(
            position,
            _RULE,
            Text(f"“{shown(cmd)}”没有写脚本文件", f"'{shown(cmd)}' names no script"),
            Text(
                "写运行手册旁的文件，如 files/upgrade.sh --full",
                "name a file beside the runbook, as in files/upgrade.sh --full",
            ),
        )
    content = read_beside(folder, words[0], position, _RULE)
    if isinstance(content, bytes) and not _is_text(content):
        content = fault(
            position,
            _RULE,
            Text(f"{shown(words[0])} 不是 UTF-8 文本", f"{shown(words[0])} is no UTF-8 text"),
            Text("脚本须是文本文件", "a script is a text file"),
        )
    return words[0], content


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _words(cmd: str) -> list[str]:
    """A script's file and its arguments; nothing where quotes are not closed, which its document says."""
    try:
        return shlex.split(cmd)
    except ValueError:
        return []
