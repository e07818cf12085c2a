"""The few marks that a drawing is made of; whatever is put into them is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from orchestrator_plugins.renderers.legibility import label


def element(tag: str, said: str) -> Markup:
    return Markup(f"<{tag}>{{}}</{tag}>").format(label(said))  # noqa: S704 - the tag is ours


def words(x: float, y: float, said: str, colour: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" font-size="9" fill="{}" text-anchor="{}">{}</text>').format(
        shortest(x), shortest(y), colour, anchor, label(said)
    )


def path(way: str, *, fill: str = "none", stroke: str = "none", **more: str) -> Markup:
    attributes = {"fill": fill, "stroke": stroke, **more}
    written = Markup(" ").join(
        Markup('{}="{}"').format(name.replace("_", "-"), value) for name, value in attributes.items()
    )
    return Markup('<path d="{}" {}/>').format(way, written)


def dot(x: float, y: float, radius: float, colour: str) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="{}" fill="{}"/>').format(
        shortest(x), shortest(y), radius, colour
    )


def line(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{shortest(x)} {shortest(y)}" for x, y in places)


def shortest(value: float) -> str:
    """With one decimal at most."""
    return f"{value:.1f}".rstrip("0").rstrip(".")
