"""Texts that people or hosts gave, as a terminal may show them: nothing in them moves, hides or turns around.

The records and JSON keep every character: a note of several lines is kept so, and is one line of a list.
"""

from __future__ import annotations


def visible(text: str) -> str:
    """With its lines; control characters, right-to-left overrides and the like are named instead of sent."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t\u3000" else _named(char) for char in text)


def one_line(text: str) -> str:
    """`visible`, and on one line."""
    return visible(" ".join(text.split()))


def _named(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
