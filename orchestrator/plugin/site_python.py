"""Site Python: test functions that a hospital's people wrote, compiled from the text that was accepted."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePath
from types import CodeType
from typing import Any

from _pytest.assertion.rewrite import rewrite_asserts

from orchestrator.errors import CannotTell
from orchestrator.language import Text


def load_function(path: str, source: bytes, name: str) -> Callable[..., object]:
    """The function `name` of a site file, in a module of its own: nothing that one host's run leaves in a
    global is seen by another.

    The file stands alone. It may import what is installed, but neither its neighbours nor a `conftest.py`:
    only its own text was accepted.

    Raises:
        CannotTell: it is no Python, fails while it is loaded, or has no such function.
    """
    namespace: dict[str, Any] = {"__name__": PurePath(path).stem, "__file__": path}
    code = _compiled(path, source)
    try:
        exec(code, namespace)  # noqa: S102 - a second person accepted this very text
    except Exception as error:
        kind = type(error).__name__
        raise CannotTell(
            Text(f"{path} 无法加载（{kind}）", f"{path} can't be loaded ({kind})"), f"{kind}: {error}"
        ) from error
    function = namespace.get(name)
    if not callable(function):
        raise CannotTell(Text(f"{path} 中没有函数 {name}", f"{path} has no function {name}"))
    found: Callable[..., object] = function
    return found


@lru_cache(maxsize=256)
def _compiled(path: str, source: bytes) -> CodeType:
    """Compiled once, its asserts rewritten as pytest does, so that a failed one shows what it compared."""
    try:
        tree = ast.parse(source, filename=path)
        rewrite_asserts(tree, source, path)
        return compile(tree, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise CannotTell(
            Text(f"{path}:{line} 不是有效的 Python", f"{path}:{line} is no valid Python"), str(error)
        ) from None
