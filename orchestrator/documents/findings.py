"""Collects what is wrong with one file, so that its author sees all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.errors import Diagnostic, InvalidDocument, Position
from orchestrator.language import Text
from orchestrator.model.near_name import near_names

LIMIT = 100
"""A file with more errors than this is not the file that its author meant to give."""


class Findings:
    """The diagnostics of one file, in the order in which they were found."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: list[Diagnostic] = []
        self._places: set[Position] = set()

    @property
    def full(self) -> bool:
        return len(self._found) > LIMIT

    def add(self, position: Position, rule: str, message: Text, hint: Text | None = None) -> None:
        self.extend([Diagnostic(position, rule, message, hint)])

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            if len(self._found) < LIMIT:
                self._found.append(diagnostic)
                self._places.add(diagnostic.position)
            elif len(self._found) == LIMIT:
                self._found.append(_too_many(diagnostic.position))

    def at(self, position: Position) -> bool:
        """Whether something was found there already: one mistake is said once."""
        return position in self._places

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(self._found)

    def error(self) -> InvalidDocument:
        return InvalidDocument(self._found)

    def check(self) -> None:
        """End here when anything was found.

        Raises:
            InvalidDocument: with all of it.
        """
        if self._found:
            raise self.error()


def did_you_mean(word: str, choices: Iterable[str]) -> Text:
    """The nearest of `choices`, or all of them where none is near."""
    known = list(choices)
    if near := near_names(word[:80].strip("“”‘’\"'` \u3000"), known):
        zh, en = "、".join(near), " or ".join(near)
        return Text(f"是不是 {zh}？", f"did you mean {en}?")
    return one_of(known)


def one_of(choices: Sequence[str]) -> Text:
    """What may stand there."""
    if not choices:
        return Text("这里不能写任何内容", "nothing may be written here")
    listed = ", ".join(choices[:40]) + (" …" if len(choices) > 40 else "")
    return Text(f"可用：{listed}", f"known: {listed}")


def shown(value: object) -> str:
    """A value within a message: on one line, and never long."""
    text = "".join(char if char.isprintable() else " " for char in str(value)[:200])
    return text if len(text) <= 60 else f"{text[:57]}..."


def _too_many(position: Position) -> Diagnostic:
    return Diagnostic(
        position,
        "too-many-errors",
        Text(f"错误超过 {LIMIT} 个，其余不再列出", f"more than {LIMIT} errors; the rest is not listed"),
        Text("先改正以上错误再检查", "mend these first, then check again"),
    )
