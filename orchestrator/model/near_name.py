"""What somebody meant who wrote a name that there is not: one that is a slip of the hand away, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

_SHORTEST = 3
"""Of two letters, one that differs is half of the name."""
_SAME_START = 0.8
"""Of what was written: `filesystems` for `filesystem_usage`."""


def near_names(word: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The nearest of `known`, nearest first. Far ones are worse than none: they send people the wrong way."""
    asked = word[:80].casefold()
    found: list[tuple[int, str]] = []
    for name in dict.fromkeys(known):
        folded = name.casefold()
        allowed = max(len(asked), len(folded)) // 3
        edits = _edits(asked, folded) if abs(len(asked) - len(folded)) <= allowed else None
        if asked == folded or (edits is not None and edits <= allowed):
            found.append((edits or 0, name))
        elif _starts_alike(asked, folded):
            found.append((allowed + 1, name))
    found.sort(key=lambda pair: pair[0])
    return tuple(name for edits, name in found[:most] if edits <= found[0][0] + 1)


def _starts_alike(asked: str, name: str) -> bool:
    return len(asked) >= _SHORTEST and name.startswith(asked[: ceil(_SAME_START * len(asked))])


def _edits(one: str, other: str) -> int:
    """How many letters to add, drop, change or swap with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before = before, row
        row = [i]
        for j, wanted in enumerate(other, 1):
            edits = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                edits = min(edits, last[j - 2] + 1)
            row.append(edits)
    return row[-1]
