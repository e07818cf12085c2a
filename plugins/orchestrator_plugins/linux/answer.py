"""A command's answer: read it, split it into sections, or say honestly that it is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite

from testinfra.backend.base import CommandResult

from orchestrator.errors import CannotTell
from orchestrator.language import Text

SBIN = 'PATH="$PATH:/usr/sbin:/sbin"'
"""A login without privilege often lacks these folders, where half of the tools that we ask lie."""

_MISSING = ("not found", "No such file or directory")
_FORBIDDEN = ("Permission denied", "Operation not permitted", "must be root", "permission denied")


def stdout(result: CommandResult) -> str:
    """What it wrote. Logs of old systems hold bytes of any encoding: they are replaced, not fatal."""
    return str(result.stdout_bytes, "utf-8", "replace")


def stderr(result: CommandResult) -> str:
    return str(result.stderr_bytes, "utf-8", "replace")


def output(result: CommandResult) -> str:
    """What a command wrote that succeeded.

    Raises:
        CannotTell: it failed.
    """
    if result.rc != 0:
        raise refusal(result)
    return stdout(result)


def refusal(result: CommandResult) -> CannotTell:
    """Why a failed command gave no answer, as far as its words say."""
    return inability(result.rc, stderr(result).strip() or stdout(result).strip())


def inability(rc: int, said: str) -> CannotTell:
    """The same, where the words of the failure stand elsewhere."""
    return CannotTell(_reason(rc, said), excerpt(said.splitlines()))


def unreadable(said: str) -> CannotTell:
    """The command succeeded, and its output is not what we know."""
    return CannotTell(
        Text("命令输出无法解析", "the command's output can't be read"), excerpt(said.strip().splitlines())
    )


def forbidden(said: str) -> bool:
    """Whether these words mean that the login user may not ask."""
    return any(word in said for word in _FORBIDDEN)


def sections(said: str) -> Mapping[str, str]:
    """Split the output of a command that marks its parts with lines `@@@ name`.

    `===` would be nicer to read, and smartctl prints it.
    """
    parts: dict[str, list[str]] = {"": []}
    lines = parts[""]
    for line in said.splitlines():
        if line.startswith("@@@ "):
            lines = parts.setdefault(line[4:].strip(), [])
        else:
            lines.append(line)
    return {name: "\n".join(found) for name, found in parts.items()}


def number(written: str) -> float:
    """A measured number; Python would take `nan` and `inf` for ones.

    Raises:
        ValueError: it is none.
    """
    value = float(written)
    if not isfinite(value):
        raise ValueError(written)
    return value


def excerpt(lines: Iterable[str], last: int = 3, width: int = 300) -> str:
    """The last lines, trimmed: what goes into a report as evidence."""
    found = [line.strip() for line in lines if line.strip()]
    return "\n".join(line if len(line) <= width else f"{line[: width - 1]}…" for line in found[-last:])


def _reason(rc: int, said: str) -> Text:
    if forbidden(said):
        return Text("登录用户没有权限", "the login user is not permitted")
    if rc == 127:
        return Text("主机上没有所需的命令", "the host lacks a command that this check needs")
    if any(word in said for word in _MISSING):
        return Text("主机上没有所需的文件或命令", "the host lacks a file or command that this check needs")
    return Text(f"命令失败，退出码 {rc}", f"the command failed with exit status {rc}")
