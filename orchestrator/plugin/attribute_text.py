"""The texts below the attributes of a class, read from its source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise


def attribute_texts(cls: type) -> Mapping[str, str]:
    """Attribute -> the string below it, inherited ones included; none where there is no source."""
    texts: dict[str, str] = {}
    for one in reversed(cls.__mro__[:-1]):
        try:
            source = inspect.getsource(one)
        except (OSError, TypeError):
            continue
        texts |= _texts(ast.parse(textwrap.dedent(source)).body[0])
    return texts


def _texts(definition: ast.stmt) -> Mapping[str, str]:
    return {
        attribute.target.id: inspect.cleandoc(text.value.value)
        for attribute, text in pairwise(definition.body if isinstance(definition, ast.ClassDef) else ())
        if isinstance(attribute, ast.AnnAssign)
        and isinstance(attribute.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
