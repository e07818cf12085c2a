"""The data that templates/report.typ sets: the sheet, every kind of block, and the pieces of a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.legibility import label

_ENDLESS = re.compile(r"[^\s\u2e80-\uffef]{18}(?=[^\s\u2e80-\uffef])")
"""So many characters without a place to break a line: a narrow column would not hold them."""
_CONTROLS = {0x2400 + code: f"[{code:02X}]" for code in (*range(0x20), 0x21)}
"""Pictures of control characters: Chinese fonts have none, and would show an empty box."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. `k` is how it is set: bold, small (on its own line), soft, mark, or a verdict."""

    t: str
    k: str = ""


Cell = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section, and softly beside it what to know of it."""

    text: str
    small: str = ""
    kind: str = "heading"


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence under a heading or a table."""

    spans: Cell
    warned: bool = False
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; `widths` share the sheet, the columns of `right` are numbers."""

    widths: tuple[float, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[int, ...]
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Strip:
    """A few figures side by side: what it counts, the number, and what it comes to."""

    cells: tuple[tuple[str, str, str], ...]
    kind: str = "coverage"


@dataclass(frozen=True, slots=True)
class Form:
    """One finding, with room to write by hand under the titles of `form`."""

    verdict: str
    head: Cell
    change: Cell
    facts: tuple[tuple[str, Cell], ...]
    drawing: str
    """The name of a drawing; empty for none."""
    lines: tuple[tuple[str, Cell], ...]
    evidence: str
    left: str
    """How much of the evidence is not shown."""
    form: tuple[str, ...]
    kind: str = "finding"


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, by its name, with its title above and its words below."""

    title: Cell
    file: str
    words: str


@dataclass(frozen=True, slots=True)
class Charts:
    """Drawings side by side."""

    charts: tuple[Figure, ...]
    kind: str = "charts"


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs, and what there is to choose."""

    who: str
    choice: str


@dataclass(frozen=True, slots=True)
class Signatories:
    """Room for those who sign, and below it the place in the chain of events."""

    columns: tuple[Signatory, ...]
    labels: tuple[str, ...]
    anchor: Cell
    full: str
    kind: str = "sign"


Block = Heading | Remark | Table | Strip | Form | Charts | Signatories


@dataclass(frozen=True, slots=True)
class Document:
    """The head of the sheet, and all blocks below it."""

    lang: str
    hospital: str
    title: str
    partial: str
    record: str
    number: str
    footer: str
    page: tuple[str, str, str]
    """What stands around the number of a page and that of all pages."""
    meta: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    tone: str
    headline: str
    conclusion: str
    highlights: tuple[Cell, ...]
    blocks: tuple[Block, ...]


def cell(*spans: Span) -> Cell:
    """What is said of them. What begins a cell needs no line of its own."""
    said = [Span(soft(one.t), one.k) for one in spans if one.t]
    return tuple(Span(one.t, "soft") if one.k == "small" and not at else one for at, one in enumerate(said))


def count(verdict: Verdict, number: int) -> Cell:
    return cell(Span(str(number), verdict.value if number else "soft"))


def remark(text: str, *, warned: bool = False) -> Remark:
    return Remark(cell(Span(text)), warned)


def table(
    widths: Sequence[float], head: Iterable[str], rows: Iterable[Sequence[Cell]], right: Sequence[int] = ()
) -> Table:
    return Table(tuple(widths), tuple(head), tuple(tuple(row) for row in rows), tuple(right))


def soft(text: str, *, legible: bool = False) -> str:
    """`text` made legible, with places to break a line where it has none for too long."""
    shown = (text if legible else label(text)).translate(_CONTROLS)
    return _ENDLESS.sub(lambda found: f"{found[0]}\u200b", shown)
