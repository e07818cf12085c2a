"""Limits: the text a person writes (`> 85`), the comparison it means, and where it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

Value = float | str
"""What a check observes: a number, or a word such as `active`. Booleans are the words `true` and `false`."""


class Comparison(StrEnum):
    """How a value is held against a limit. The limit is broken when the comparison is true."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    IS = "=="
    IS_NOT = "!="
    OUTSIDE = "outside"
    """Not within `low..high`, ends included."""


class Direction(StrEnum):
    """What a bare number means as a limit (domain.md 3.1, `rule`)."""

    HIGH = "high"
    """The larger the worse: `85` means `>= 85`."""
    LOW = "low"
    """The smaller the worse: `10` means `<= 10`."""
    NONE = "none"
    """No order: a bare number is refused."""


_LIMIT = re.compile(r"^\s*(?P<sign>>=|<=|==|!=|>|<|outside\b)\s*(?P<operand>.+?)\s*$", re.DOTALL)
_RANGE = re.compile(r"^(?P<low>\S+?)\s*\.\.\s*(?P<high>\S+)$")
_ORDERED = (Comparison.ABOVE, Comparison.AT_LEAST, Comparison.BELOW, Comparison.AT_MOST)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, such as `> 85`, `!= active` or `outside 18..27`."""

    comparison: Comparison
    operand: Value
    upper: float | None = None
    """The high end of `outside`; None otherwise."""

    @classmethod
    def parse(cls, text: str | float, direction: Direction = Direction.NONE) -> Self:
        """Read what a person wrote.

        Raises:
            ValueError: it is no limit; the message says in English what was expected.
        """
        if isinstance(text, bool):
            raise ValueError("a limit is a number or a comparison such as '> 85', not a yes or no")
        if isinstance(text, int | float):
            return cls._bare(float(text), direction)
        match = _LIMIT.match(text)
        if match is None:
            return cls._bare(_number(text), direction)
        comparison = Comparison(match["sign"])
        operand = match["operand"]
        if comparison is Comparison.OUTSIDE:
            ends = _RANGE.match(operand)
            if ends is None:
                raise ValueError(f"'outside' takes a range such as 18..27, not {operand!r}")
            low, high = _number(ends["low"]), _number(ends["high"])
            if low > high:
                raise ValueError(f"the range {operand} ends before it begins")
            return cls(comparison, low, high)
        if comparison in _ORDERED:
            return cls(comparison, _number(operand))
        try:
            return cls(comparison, _number(operand))
        except ValueError:
            return cls(comparison, operand.strip("'\""))

    @classmethod
    def _bare(cls, number: float, direction: Direction) -> Self:
        match direction:
            case Direction.HIGH:
                return cls(Comparison.AT_LEAST, number)
            case Direction.LOW:
                return cls(Comparison.AT_MOST, number)
            case Direction.NONE:
                raise ValueError("a bare number says nothing here; write a comparison such as '> 85'")

    def broken_by(self, value: Value) -> bool:
        """Whether `value` is beyond this limit.

        Raises:
            ValueError: a word is compared with a number by order.
        """
        match self.comparison:
            case Comparison.IS:
                return _same(value, self.operand)
            case Comparison.IS_NOT:
                return not _same(value, self.operand)
        number = _number(value)
        low = _number(self.operand)
        match self.comparison:
            case Comparison.ABOVE:
                return number > low
            case Comparison.AT_LEAST:
                return number >= low
            case Comparison.BELOW:
                return number < low
            case Comparison.AT_MOST:
                return number <= low
            case Comparison.OUTSIDE:
                return not low <= number <= (self.upper if self.upper is not None else low)

    def __str__(self) -> str:
        operand = f"{self.operand:g}" if isinstance(self.operand, float) else self.operand
        if self.upper is not None:
            return f"outside {operand}..{self.upper:g}"
        return f"{self.comparison} {operand}"


class Evidence(StrEnum):
    """How well a threshold is founded (domain.md, legend)."""

    SEED = "seed"
    """The procurement document says so."""
    VERIFIED = "verified"
    """Public material says so."""
    PRACTICE = "practice"
    """Common practice: shown as 默认值，待确认 until the hospital confirms it."""
    SITE = "site"
    """The site wrote it: a runbook, a threshold file or an inventory variable."""


@dataclass(frozen=True, slots=True)
class ThresholdSource:
    """Where a limit comes from, as the report prints it."""

    evidence: Evidence
    origin: str
    """`domain.md 3.2 LNX05 [S20]`, `runbooks/inspection/morning.yml:12:9`, `inventory: his-db01` ..."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The two limits of one metric. A missing limit can't be broken."""

    warn: Limit | None
    crit: Limit | None
    source: ThresholdSource


def _number(text: Value) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"{text!r} is no finite number")
    return number


def _same(value: Value, operand: Value) -> bool:
    try:
        return _number(value) == _number(operand)
    except ValueError:
        return str(value) == str(operand)
