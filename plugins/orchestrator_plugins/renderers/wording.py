"""How numbers, limits, times and names are written in a report, in one language."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.language import Language, Text
from orchestrator.model import quantity
from orchestrator.model.system import Component
from orchestrator.model.threshold import Evidence, Value

FOUNDED = {
    Evidence.PRACTICE: Text("默认值，待确认", "default, to be confirmed"),
    Evidence.SEED: Text("采购文件要求", "required by contract"),
    Evidence.VERIFIED: Text("公开依据", "published"),
    Evidence.SITE: Text("本院设定", "set by the site"),
}
"""How well a limit is founded."""
_WORDS = {"true": Text("是", "yes"), "false": Text("否", "no")}
_SIGNS = {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}
_LIMIT = re.compile(r"^(?P<sign>>=|<=|!=|==|>|<)\s*(?P<operand>.*)$", re.DOTALL)
_OUTSIDE = re.compile(r"^outside (?P<low>\S+?)\.\.(?P<high>\S+)$")


@dataclass(frozen=True, slots=True)
class Wording:
    """One reader's language and clock."""

    language: Language
    zone: ZoneInfo

    def t(self, zh: str, en: str) -> str:
        """A label of the template, both languages side by side."""
        return zh if self.language is Language.ZH else en

    def say(self, text: Text | None) -> str:
        return "" if text is None else text.say(self.language)

    def amount(self, value: Value | None, unit: str = "") -> str:
        """A value with its unit; `—` for none."""
        if value is None:
            return "—"
        if isinstance(value, str):
            return self.say(_WORDS[value]) if value in _WORDS else value or "—"
        return self.say(quantity.quantity(value, unit))

    def unit(self, unit: str) -> str:
        return self.say(quantity.unit(unit))

    def limit(self, text: str, unit: str = "") -> str:
        """A limit as a reader writes it: `>= 85` becomes `≥ 85 %`; `—` for none."""
        if not text:
            return "—"
        span = _OUTSIDE.match(text)
        if span:
            outside = self.t("超出", "outside")
            return f"{outside} {span['low']}–{span['high']}{self.unit(unit)}"
        match = _LIMIT.match(text)
        if match is None:
            return text
        sign, operand = match["sign"], match["operand"]
        if _is_number(operand):
            return f"{_SIGNS.get(sign, sign)}\u00a0{operand}{self.unit(unit)}"
        return f"{_SIGNS.get(sign, sign)}\u00a0{self.amount(operand)}"

    def difference(self, value: Value | None, previous: Value | None) -> str:
        """How much `value` moved since `previous`, with its sign; empty where it can't be said."""
        if not isinstance(value, int | float) or not isinstance(previous, int | float):
            return ""
        moved = value - previous
        return quantity.signed(moved) if math.isfinite(moved) else ""

    def when(self, moment: datetime | None) -> str:
        return "—" if moment is None else f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def day(self, moment: datetime) -> str:
        """A day as short as it goes."""
        return f"{moment.astimezone(self.zone):%m-%d}"

    def exactly(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def until(self, moment: datetime | None, started: datetime) -> str:
        """The end of something, without the date where the date is that of its start."""
        if moment is None:
            return self.t("未结束", "not ended")
        same_day = moment.astimezone(self.zone).date() == started.astimezone(self.zone).date()
        return f"{moment.astimezone(self.zone):%H:%M:%S}" if same_day else self.exactly(moment)

    def duration(self, length: timedelta | None) -> str:
        if length is None:
            return "—"
        seconds = max(0, round(length.total_seconds()))
        hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
        parts = [
            *([f"{hours}\u00a0{self.t('小时', 'h')}"] if hours else []),
            *([f"{minutes}\u00a0{self.t('分', 'min')}"] if hours or minutes else []),
            f"{seconds}\u00a0{self.t('秒', 's')}",
        ]
        return " ".join(parts[:2] if hours else parts)

    def join(self, words: Iterable[str]) -> str:
        return self.t("、", ", ").join(words)

    def names(self, components: Iterable[Component]) -> str:
        return self.join(self.say(component.title) for component in components)

    def components(self, components: tuple[Component, ...], most: int = 6) -> str:
        """Business systems first, by name; beyond `most` only how many more."""
        names = [self.say(one.title) for one in components]
        if len(names) <= most + 1:
            return self.join(names)
        more = len(names) - most
        return self.join(names[:most]) + self.t(f" 等\u00a0{len(names)}\u00a0个", f" and {more} more")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
