"""How numbers and their units are written, in both languages."""

from __future__ import annotations

import math

from orchestrator.language import Text

_UNITS = {
    "s": Text("秒", "s"),
    "min": Text("分钟", "min"),
    "h": Text("小时", "h"),
    "d": Text("天", "d"),
}


def number(value: float) -> str:
    """At most two decimals, no trailing zeros, thousands set apart."""
    if not math.isfinite(value):
        return "?"
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    if 0 < abs(value) < 0.01:
        return f"{value:.2g}"
    written = f"{value:,.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def signed(value: float) -> str:
    """With a plus, or a true minus as wide as that; `±0` for what is written as none."""
    written = number(abs(value))
    return "±0" if written == "0" else f"{'+' if value > 0 else '−'}{written}"


def unit(name: str) -> Text:
    """The unit as it follows a number, with the space that keeps it there; a percent sign has none."""
    if not name or name == "%":
        return Text(name, name)
    word = _UNITS.get(name, Text(name, name))
    return Text(f"\u00a0{word.zh}", f"\u00a0{word.en}")


def quantity(value: float, name: str) -> Text:
    return _with_unit(number(value), name)


def span(low: float, high: float, name: str) -> Text:
    """Somewhere between the two, written no finer than they lie apart."""
    first, last = _written(low, high - low), _written(high, high - low)
    return _with_unit(first if first == last else f"{first}–{last}", name)


def _written(value: float, width: float) -> str:
    if not math.isfinite(width) or width <= 0:
        return number(value)
    return number(round(value, max(0, 1 - math.floor(math.log10(width)))))


def _with_unit(written: str, name: str) -> Text:
    follows = unit(name)
    return Text(f"{written}{follows.zh}", f"{written}{follows.en}")
