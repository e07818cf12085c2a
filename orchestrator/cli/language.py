"""Which language the command line speaks. Decided once, before any help text is built."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from orchestrator.language import Language, Text

VARIABLE = "WARDROUND_LANG"
_chosen = Language.ZH


def choose_language(arguments: Sequence[str]) -> Language:
    """Take the language from `--lang`, else from WARDROUND_LANG, else Chinese.

    click builds its help when a command is imported, so this looks at the arguments before click does.
    An unknown word is left for click to refuse.
    """
    global _chosen  # noqa: PLW0603 - a process speaks one language, from its first line to its last
    words = list(arguments)
    asked = os.environ.get(VARIABLE, "")
    for index, word in enumerate(words):
        if word == "--lang" and index + 1 < len(words):
            asked = words[index + 1]
        elif word.startswith("--lang="):
            asked = word.partition("=")[2]
    known = {word.value: word for word in Language}
    _chosen = known.get(asked, Language.ZH)
    return _chosen


def language() -> Language:
    return _chosen


def say(zh: str, en: str) -> str:
    """The one of two texts that the user reads."""
    return Text(zh, en).say(_chosen)


def speak(text: Text) -> str:
    return text.say(_chosen)


def tell(text: Text) -> None:
    """Talk, which is never part of the data."""
    click.echo(speak(text), err=True)
