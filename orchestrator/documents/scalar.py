"""What an unquoted scalar means, where YAML 1.1 and 1.2 agree; a refusal where they differ."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.documents.node import Plain
from orchestrator.language import Text

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_YES = frozenset({"y", "yes", "on"})
_NO = frozenset({"n", "no", "off"})

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?|\.[0-9]+(?:[eE][-+][0-9]+)?")

_NUMBER = Text("数", "a number")
_DIFFERENT = (
    (re.compile(r"[-+]?0[0-9_]+"), Text("八进制数", "an octal number")),
    (re.compile(r"0o[0-7]+"), Text("八进制数", "an octal number")),
    (re.compile(r"[-+]?0b[01_]+"), Text("二进制数", "a binary number")),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), Text("十六进制数", "a hexadecimal number")),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), Text("六十进制数", "a base-60 number")),
    (re.compile(r"[-+]?(?=[0-9.]*_)(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)"), _NUMBER),
    (re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+"), _NUMBER),
    (re.compile(r"[-+]\.[0-9]+"), _NUMBER),
    (re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE), Text("无穷大或非数", "infinity or not-a-number")),
    (
        re.compile(
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
            r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)?"
        ),
        Text("日期", "a date"),
    ),
    (re.compile(r"="), Text("默认值记号", "a default-value mark")),
)
# More digits are an order number or an id: text, which a float would round.
_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Two readers of YAML would read this scalar differently."""

    message: Text
    hint: Text


def resolve(text: str) -> Plain | Ambiguous:
    """The value of an unquoted scalar."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text.lower() in _YES or text.lower() in _NO:
        return _yes_or_no(text)
    if _HEXADECIMAL.fullmatch(text) or _INTEGER.fullmatch(text):
        return int(text, 0) if len(text) <= _DIGITS else _long(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else _long(text)
    for pattern, reading in _DIFFERENT:
        if pattern.fullmatch(text):
            return _different(text, reading)
    return text


def _yes_or_no(text: str) -> Ambiguous:
    boolean = "true" if text.lower() in _YES else "false"
    return Ambiguous(
        Text(
            f"{text} 在 YAML 1.1 里是布尔值，在 1.2 里是文字",
            f"{text} is a boolean in YAML 1.1 and text in 1.2",
        ),
        Text(
            f'要文字就加引号："{text}"；要布尔值就写 {boolean}',
            f'quote it where text is meant: "{text}"; write {boolean} where a boolean is',
        ),
    )


def _different(text: str, reading: Text) -> Ambiguous:
    word = text if len(text) <= 40 else f"{text[:37]}..."
    return Ambiguous(
        Text(
            f"{word} 在有的 YAML 版本里是{reading.zh}，在别的版本里不是",
            f"{word} is {reading.en} in one version of YAML and something else in another",
        ),
        Text(
            f'要文字就加引号："{word}"；要数就写成普通十进制',
            f'quote it: "{word}"; where a number is meant, write it as a plain decimal',
        ),
    )


def _long(text: str) -> Ambiguous:
    word = text if len(text) <= 40 else f"{text[:37]}..."
    return Ambiguous(
        Text(f"数 {word} 太长，读出来会走样", f"the number {word} is too long to be read exactly"),
        Text(f'要文字就加引号："{word}"', f'quote it where text is meant: "{word}"'),
    )
