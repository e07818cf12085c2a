"""What a user reads exists in Chinese and in English, side by side, so that neither can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """The language of console, reports and messages."""

    ZH = "zh"
    """Chinese, the default: the hospital reads it."""
    EN = "en"
    """English, by `--lang en` or WARDROUND_LANG=en."""


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or label in both languages."""

    zh: str
    en: str

    def say(self, language: Language) -> str:
        return self.zh if language is Language.ZH else self.en

    def __str__(self) -> str:
        """English: for logs and tracebacks, which developers read."""
        return self.en
