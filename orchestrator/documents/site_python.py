"""Site Python that a check runs: `files/x.py::test_name`, read from beside the runbook and never run here."""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import Path

from orchestrator.documents.beside import fault, read_beside
from orchestrator.documents.findings import did_you_mean, one_of, shown
from orchestrator.errors import Diagnostic, Position
from orchestrator.language import Text

_REFERENCE = re.compile(r"(?P<file>[^:\0]+\.py)::(?P<function>[A-Za-z_]\w*)")
_RULE = "site-python"


def read_site_python(folder: Path, text: str, position: Position) -> tuple[str, bytes | Diagnostic]:
    """The file that `text` names, and its bytes once it is certain that it has the function; or the fault."""
    reference = _REFERENCE.fullmatch(text)
    if reference is None:
        return "", fault(
            position,
            _RULE,
            Text(f"“{shown(text)}”不是 文件.py::函数", f"'{shown(text)}' is not FILE.py::FUNCTION"),
            Text("例如 files/ward.py::test_spooler", "for example files/ward.py::test_spooler"),
        )
    name = reference["file"]
    source = read_beside(folder, name, position, _RULE)
    if isinstance(source, bytes):
        source = _with_function(source, name, reference["function"], position)
    return name, source


def _with_function(source: bytes, name: str, function: str, position: Position) -> bytes | Diagnostic:
    """`source`, once it is certain that it defines `function`. It is parsed and never run here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the author's, and nobody here can mend them
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        return fault(
            position,
            _RULE,
            Text(
                f"{name} 第 {line} 行有 Python 语法错误", f"{name} has a Python syntax error in line {line}"
            ),
        )
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if function in functions:
        return source
    return fault(
        position,
        _RULE,
        Text(f"{name} 里没有函数 {function}", f"{name} has no function {function}"),
        did_you_mean(function, functions) if functions else one_of([]),
    )
