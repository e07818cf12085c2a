"""Free commands, SQL and site Python in a runbook, and whether somebody accepted each of them.

Planning and lint ask the same two functions, so that what lint lets pass a plan does not refuse.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.documents.accepted import acceptance_digest
from orchestrator.documents.encoding import SIZE_LIMIT
from orchestrator.documents.file import read_bytes
from orchestrator.documents.findings import did_you_mean, one_of, shown
from orchestrator.errors import Diagnostic, Position
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance
from orchestrator.model.runbook import CheckTask, Runbook
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

# How a check of site Python names what it runs: `files/x.py::test_name`, beside the runbook.
_REFERENCE = re.compile(r"(?P<file>[^:\0]+\.py)::(?P<function>[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class FreeItem:
    """One parameter that holds what no plugin vouches for."""

    task: str
    """Id of its task."""
    check: str
    parameter: str
    text: str
    """As written: the command, the statement, or `files/x.py::test_name`."""
    position: Position
    content: bytes
    """What is accepted: the text, or the bytes of the file that it names."""
    file: str = ""
    """The file that it names, relative to the runbook; "" where the text itself is what runs."""
    fault: Diagnostic | None = None
    """Why there is nothing to accept: the file is missing, lacks the function, or lies elsewhere."""

    @property
    def digest(self) -> str:
        return acceptance_digest(self.content)

    @property
    def what(self) -> str:
        """What a person reads in the file of acceptances."""
        return self.file or self.text


def free_items(runbook: Runbook, checks: Registry[CheckPlugin]) -> tuple[FreeItem, ...]:
    """Every free parameter of `runbook`, in order. Site Python is read from beside `runbook.path`."""
    folder = Path(runbook.path).parent
    return tuple(
        _site_python(task, name, folder) if spec.site_python else _text(task, name)
        for play in runbook.plays
        for task in play.checks
        for spec in (checks.get(task.check).spec,)
        for name in spec.free
        if name in task.arguments
    )


def unaccepted(items: Iterable[FreeItem], acceptances: Sequence[Acceptance]) -> list[Diagnostic]:
    """What stands between these items and an inspection: nobody's word that they only read."""
    effects = {acceptance.digest: acceptance.effect for acceptance in acceptances}
    found = []
    for item in items:
        if item.fault is not None:
            found.append(item.fault)
        elif effects.get(item.digest) is not Effect.READ:
            found.append(_refuse(item, effects.get(item.digest)))
    return found


def _refuse(item: FreeItem, effect: Effect | None) -> Diagnostic:
    what = shown(item.text)
    if effect is None:
        message = Text(f"“{what}”尚未被认可为只读", f"nobody has accepted that '{what}' only reads")
    else:
        message = Text(
            f"“{what}”被认可为 {effect}，巡检只能是 read",
            f"'{what}' is accepted as {effect}; an inspection takes read alone",
        )
    hint = Text(
        "由另一人审阅后执行 wardround runbook accept RUNBOOK",
        "a second person reads it, then runs wardround runbook accept RUNBOOK",
    )
    return Diagnostic(item.position, "not-accepted", message, hint)


def _text(task: CheckTask, name: str) -> FreeItem:
    value = task.arguments[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    position = task.argument_positions.get(name, task.position)
    return FreeItem(task.id, task.check, name, text, position, text.encode())


def _site_python(task: CheckTask, name: str, folder: Path) -> FreeItem:
    item = _text(task, name)
    reference = _REFERENCE.fullmatch(item.text)
    if reference is None:
        fault = _fault(
            item.position,
            Text(f"“{shown(item.text)}”不是 文件.py::函数", f"'{shown(item.text)}' is not FILE.py::FUNCTION"),
            Text("例如 files/ward.py::test_spooler", "for example files/ward.py::test_spooler"),
        )
        return replace(item, content=b"", fault=fault)
    content = _source(folder, reference["file"], reference["function"], item.position)
    if isinstance(content, Diagnostic):
        return replace(item, content=b"", file=reference["file"], fault=content)
    return replace(item, content=content, file=reference["file"])


def _source(folder: Path, name: str, function: str, position: Position) -> bytes | Diagnostic:
    """The file's bytes, once it is certain that it lies beside the runbook and has that function."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        return _fault(
            position,
            Text(f"{shown(name)} 不在运行手册的文件夹里", f"{shown(name)} lies outside the runbook's folder"),
            Text("把文件放到运行手册旁边", "put the file beside the runbook"),
        )
    try:
        source = read_bytes(path)
    except OSError as error:
        return _fault(
            position,
            Text(f"读不了 {shown(name)}：{error.strerror}", f"can't read {shown(name)}: {error.strerror}"),
            Text("路径相对于运行手册所在的文件夹", "the path is relative to the runbook's folder"),
        )
    return _with_function(source, name, function, position)


def _with_function(source: bytes, name: str, function: str, position: Position) -> bytes | Diagnostic:
    """`source`, once it is certain that it defines `function`. It is parsed and never run here."""
    if len(source) > SIZE_LIMIT:
        return _fault(position, Text(f"{name} 太大", f"{name} is too large"), None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the author's, and nobody here can mend them
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        return _fault(
            position,
            Text(
                f"{name} 第 {line} 行有 Python 语法错误", f"{name} has a Python syntax error in line {line}"
            ),
            None,
        )
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if function in functions:
        return source
    return _fault(
        position,
        Text(f"{name} 里没有函数 {function}", f"{name} has no function {function}"),
        did_you_mean(function, functions) if functions else one_of([]),
    )


def _fault(position: Position, message: Text, hint: Text | None) -> Diagnostic:
    return Diagnostic(position, "site-python", message, hint)
