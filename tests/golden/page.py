"""A report page taken apart, for tests that look at what is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser


@dataclass
class Element:
    """One element: its attributes, and its text until the next tag other than an icon's."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


@dataclass
class _Reader(HTMLParser):
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._last: Element | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in ("svg", "use"):
            self._last = self.elements[-1]

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("svg", "use"):
            self._last = None

    def handle_data(self, data: str) -> None:
        if self._last is not None:
            self._last.text += data


@lru_cache(maxsize=32)
def elements(page: bytes) -> tuple[Element, ...]:
    """Every element of the page, in its order."""
    reader = _Reader()
    reader.feed(page.decode())
    reader.close()
    return tuple(reader.elements)


def text(page: bytes) -> str:
    """All that a reader sees, without its style sheet."""
    return " ".join(" ".join(one.text for one in elements(page) if one.tag != "style").split())
