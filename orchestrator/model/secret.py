"""A value that must not be seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|secret|token|(^|_)pass$|(^|_)pwd$|api_?key|access_?key|private_?key|credential",
    re.IGNORECASE,
)
_ABOUT_A_SECRET = re.compile(
    r"_(files?|path|dir|names?|users?|days|age|expiry|length|policy|min|max|warn|crit|enabled|mechanism)$",
    re.IGNORECASE,
)
"""`token_file`, `password_expiry`: they speak of a secret and hold none."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Carries a secret past logs, reprs and tracebacks. `reveal()` is the one way to its value."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "********"


def looks_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret, vaulted or not. Better masked than shown."""
    return _SECRET_NAME.search(name) is not None and _ABOUT_A_SECRET.search(name) is None
