"""One pattern that must not be stored, and what takes its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MaskRule:
    """Tried only on texts that hold one of its words: looking for words is a hundred times faster."""

    words: tuple[str, ...]
    """In lower case; every match of the pattern holds at least one."""
    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str]


def apply(rules: Sequence[MaskRule], text: str) -> str:
    folded = text.casefold()
    for rule in rules:
        if any(word in folded for word in rule.words):
            text = rule.pattern.sub(rule.replace, text)
    return text
