"""What pytest's marks say of a test function: with which values it is called, and when it is not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text

_REFUSED = ("xfail", "usefixtures")
_PARAMETER_SET = type(pytest.param())


@dataclass(frozen=True, slots=True)
class Case:
    """One call of a test function: several where it is parametrized."""

    name: str
    """pytest's id of it; empty where there is but one call."""
    values: Mapping[str, object]
    marks: tuple[Any, ...] = ()

    def check_skip(self) -> None:
        """
        Raises:
            NotApplicable: `skip` or `skipif` says so.
            CannotTell: a `skipif` holds a string, which pytest would evaluate.
        """
        for mark in self.marks:
            conditions = [*mark.args, *([mark.kwargs["condition"]] if "condition" in mark.kwargs else [])]
            if mark.name == "skip":
                raise skipped(mark.kwargs.get("reason") or "".join(map(str, mark.args[:1])))
            if mark.name == "skipif" and any(isinstance(condition, str) for condition in conditions):
                raise unsupported(
                    "skipif", "的条件是字符串，不支持", "with a string as condition is not supported"
                )
            if mark.name == "skipif" and any(conditions):
                raise skipped(mark.kwargs.get("reason", ""))


def cases(function: Callable[..., object]) -> Sequence[Case]:
    """Every call that the function's marks ask for.

    Raises:
        NotApplicable: it is parametrized with nothing.
        CannotTell: a mark changes what a test means, in a way that is not supported here.
    """
    marks = list(getattr(function, "pytestmark", ()))
    others = tuple(mark for mark in marks if mark.name != "parametrize")
    axes = [list(_axis(*mark.args, **mark.kwargs)) for mark in marks if mark.name == "parametrize"]
    found = [_joined(combination, others) for combination in itertools.product(*axes)]
    if not found:
        raise skipped("its parameter set is empty")
    for mark in itertools.chain.from_iterable(case.marks for case in found):
        if mark.name in _REFUSED:
            raise unsupported(mark.name, "标记不支持", "is a mark that is not supported")
    return found


def skipped(reason: str) -> NotApplicable:
    return NotApplicable(
        Text(f"测试函数跳过：{reason or '未说明原因'}", f"skipped: {reason or 'no reason given'}")
    )


def unsupported(what: str, zh: str, en: str) -> CannotTell:
    return CannotTell(Text(f"{what} {zh}", f"{what} {en}"))


def _joined(combination: Sequence[Case], marks: tuple[Any, ...]) -> Case:
    values = {name: value for case in combination for name, value in case.values.items()}
    own = tuple(mark for case in combination for mark in case.marks)
    return Case("-".join(case.name for case in combination), values, (*marks, *own))


def _axis(
    argnames: str | Sequence[str],
    argvalues: Iterable[object],
    indirect: object = False,
    ids: Any = None,
    scope: object = None,
) -> Iterator[Case]:
    """One `parametrize`, which this takes the arguments of."""
    if indirect:
        raise unsupported("parametrize(indirect=...)", "不支持", "is not supported")
    names = [name.strip() for name in argnames.split(",")] if isinstance(argnames, str) else list(argnames)
    for index, given in enumerate(argvalues):
        values, marks, name = _parameter_set(given, len(names))
        if len(values) != len(names):
            raise unsupported(
                "parametrize", "的值与名称个数不同", "has values that do not match its names in number"
            )
        yield Case(name or _name(ids, index, values), dict(zip(names, values, strict=True)), marks)


def _parameter_set(given: Any, width: int) -> tuple[Sequence[object], tuple[Any, ...], str]:
    """Values, marks and id of what may be a `pytest.param`, a tuple, or one bare value."""
    if isinstance(given, _PARAMETER_SET):
        marks = tuple(getattr(mark, "mark", mark) for mark in given.marks)
        return given.values, marks, str(given.id or "")
    return (given,) if width == 1 else tuple(given), (), ""


def _name(ids: Any, index: int, values: Sequence[object]) -> str:
    if callable(ids):
        return "-".join(str(ids(value)) for value in values)
    if ids is not None:
        return str(list(ids)[index])
    return "-".join(str(value) for value in values)
