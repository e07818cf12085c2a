"""The shapes in which a secret turns up in output: encoded, quoted, in a URL, after `password=`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from orchestrator.records.mask_rule import MaskRule, apply

SECRET_MASK = "*" * 8
ENCODED = 6
"""Shorter secrets are not looked for in encoded form: the encoding would turn up by chance."""
LINE = 16
"""From a secret of several lines, each line this long is a secret too: output is shown by the line."""

_NAME = (
    r"(?:passw(?:or)?d|passphrase|secret(?:[_-]?(?:key|id))?|token|(?<![a-z])pwd|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|credentials?|密码|口令)"
)
_VALUE = r"""(?:"(?P<double>(?:[^"\\\n]|\\.)*)|'(?P<single>(?:[^'\\\n]|\\.)*)|(?P<bare>[^\s"'<>&;]+))"""
_NAMED = rf"""(?P<name>{_NAME}["']?[ \t]{{0,8}}(?:={{1,3}}>?|:=?|：|＝)[ \t]{{0,8}}){_VALUE}"""
_OPTION = rf"(?P<name>(?<![\w-])--?[a-z-]{{0,16}}{_NAME}[ \t]{{1,8}})(?!-){_VALUE}"
_HEADER = (
    r"""(?P<name>authorization["']?[ \t]{0,8}[=:][ \t]{0,8}["']?(?:bearer|basic|digest|token)[ \t]{1,8})"""
    r"""(?P<bare>[^\s"'<>]+)"""
)
_URL = r"(?P<name>://[^\s/:@]*:)[^\s/\"'<>]*@"


def forms(secret: str) -> Iterator[str]:
    """All texts that give `secret` away."""
    if not secret.strip("*"):
        return  # nothing, or asterisks that no mask could be told from
    yield from (secret, secret.strip())
    if len(secret) >= ENCODED:
        yield from _encoded(secret)
    lines = [line.strip() for line in secret.splitlines()]
    yield from (line for line in lines if len(line) >= LINE and line != secret)


def mask_named_secrets(text: str) -> str:
    """What stands after a name that means a secret, or before the host of a URL."""
    return apply(_RULES, text)


def _encoded(secret: str) -> Iterator[str]:
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield secret.replace("'", "'\"'\"'")  # as a shell command quotes it
    data = secret.encode("utf-8", "surrogatepass")
    for shift in range(3):
        yield from _base64(data, shift)


def _base64(data: bytes, shift: int) -> Iterator[str]:
    """The characters that stand for `data` alone, when `shift` bytes of something else come before it."""
    whole = base64.b64encode(bytes(shift) + data).decode()
    first = (0, 2, 3)[shift]
    last = len(whole.rstrip("=")) - (1 if (shift + len(data)) % 3 else 0)
    yield whole[first:last]
    yield whole[first:last].replace("+", "-").replace("/", "_")


def _masked(match: re.Match[str]) -> str:
    quoted = match["bare"] is None
    return f"{match['name']}{match[0][len(match['name'])] if quoted else ''}{SECRET_MASK}"


_NAMES = ("passw", "passphrase", "secret", "token", "pwd", "key", "credential", "密码", "口令")
_RULES = (
    MaskRule(("://",), _URL, lambda match: f"{match['name']}{SECRET_MASK}@"),
    MaskRule(("authorization",), _HEADER, _masked),
    MaskRule(_NAMES, _NAMED, _masked),
    MaskRule(_NAMES, _OPTION, _masked),
)
