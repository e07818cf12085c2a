"""The filters and tests of Ansible that inventories use most, and that need nothing of Ansible's code."""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from jinja2 import Undefined, UndefinedError
from jinja2.exceptions import SecurityError

_TRUE = frozenset({"y", "yes", "on", "1", "true", "t"})
_FALSE = frozenset({"n", "no", "off", "0", "false", "f"})
_LONGEST = 65_536


def to_bool(value: object) -> bool:
    """Ansible's idea of yes and no.

    Raises:
        ValueError: it is neither.
    """
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{value!r} is neither yes nor no")


def _mandatory(value: object, message: str = "a mandatory variable is not defined") -> object:
    if isinstance(value, Undefined):
        raise UndefinedError(message)
    return value


def _combine(*terms: Mapping[str, Any] | list[Mapping[str, Any]], recursive: bool = False) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for term in terms:
        for mapping in term if isinstance(term, list) else [term]:
            merged = _merge(merged, mapping, recursive)
    return merged


def _merge(low: Mapping[str, Any], high: Mapping[str, Any], recursive: bool) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        both = isinstance(merged.get(key), Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(merged[key], value, True) if recursive and both else value
    return merged


def _ternary(value: object, if_true: object, if_false: object, if_none: object = None) -> object:
    if value is None and if_none is not None:
        return if_none
    return if_true if value else if_false


def _regex_replace(
    value: object,
    pattern: str,
    replacement: str,
    ignorecase: bool = False,
    multiline: bool = False,
    count: int = 0,
) -> str:
    return re.sub(pattern, replacement, str(value), count=count, flags=_flags(ignorecase, multiline))


def _replace(value: object, old: str, new: str, count: int = -1) -> str:
    """Jinja's, and refused before a page of `a` becomes a page of pages."""
    text = str(value)
    if text.count(old) * len(new) > _LONGEST:
        raise SecurityError("the replaced text would be too long")
    return text.replace(old, new, -1 if count is None else count)


def _dict2items(
    value: Mapping[str, Any], key_name: str = "key", value_name: str = "value"
) -> list[dict[str, Any]]:
    return [{key_name: key, value_name: inner} for key, inner in value.items()]


def _to_json(value: object, indent: int | None = None, sort_keys: bool = False) -> str:
    return json.dumps(value, indent=indent, sort_keys=sort_keys, default=_jsonable)


def _jsonable(value: object) -> object:
    if isinstance(value, Undefined):
        str(value)  # raises what is undefined
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def _flags(ignorecase: bool, multiline: bool) -> int:
    return (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)


def _match(value: object, pattern: str, ignorecase: bool = False, multiline: bool = False) -> bool:
    return re.match(pattern, str(value), _flags(ignorecase, multiline)) is not None


def _search(value: object, pattern: str, ignorecase: bool = False, multiline: bool = False) -> bool:
    return re.search(pattern, str(value), _flags(ignorecase, multiline)) is not None


FILTERS: Mapping[str, Callable[..., Any]] = {
    "b64decode": lambda text: b64decode(text, validate=True).decode(),
    "b64encode": lambda text: b64encode(str(text).encode()).decode(),
    "basename": lambda path: str(path).rpartition("/")[2],
    "bool": to_bool,
    "combine": _combine,
    "dict2items": _dict2items,
    "dirname": lambda path: str(PurePosixPath(path).parent) if "/" in str(path) else "",
    "from_json": json.loads,
    "mandatory": _mandatory,
    "quote": lambda value: shlex.quote(str(value)),
    "regex_replace": _regex_replace,
    "replace": _replace,
    "split": lambda text, separator=None, most=-1: str(text).split(separator, most),
    "ternary": _ternary,
    "to_json": _to_json,
}

TESTS: Mapping[str, Callable[..., bool]] = {"match": _match, "search": _search}
