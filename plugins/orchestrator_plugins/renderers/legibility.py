"""Text from hosts, made safe to look at: nothing hidden, nothing reordered, nothing endless."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LABEL_LIMIT = 2_000
EVIDENCE_LIMIT = 1_600
EVIDENCE_LINES = 16

_KEPT = frozenset("\n\t\u200c\u200d")
"""Line breaks and tabs, and the joiners that some scripts can't be written without."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a piece of evidence."""

    text: str
    left_out: int
    """Characters that are not shown."""


def legible(text: str) -> str:
    """`text` with every invisible or reordering character made visible.

    A right-to-left override could make a report read otherwise than what was seen, and an escape
    sequence could hide it; so they are shown and do nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    unified = text.replace("\r\n", "\n")
    return "".join(_visible(one) if _hides(one) else one for one in unified)


@lru_cache(maxsize=4_096)
def label(text: str) -> str:
    """`text` made legible and short enough for a cell.

    Kept: a report says the same words thousands of times.
    """
    cut = text if len(text) <= LABEL_LIMIT else text[: LABEL_LIMIT - 1] + "…"
    return legible(cut)


def excerpt(evidence: str) -> Excerpt:
    """The first lines of `evidence`, made legible."""
    whole = evidence.rstrip()
    lines = whole.split("\n", EVIDENCE_LINES)[:EVIDENCE_LINES]
    shown = "\n".join(lines)[:EVIDENCE_LIMIT]
    return Excerpt(legible(shown), len(whole) - len(shown))


def _hides(character: str) -> bool:
    if character in _KEPT:
        return False
    return unicodedata.category(character) in _HIDDEN or _is_noncharacter(ord(character))


def _is_noncharacter(code: int) -> bool:
    """What is no character of any text, and not allowed in XML."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"[U+{code:04X}]"
