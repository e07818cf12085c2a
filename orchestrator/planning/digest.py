"""The canonical form of a value, its SHA-256, and the keyed fingerprint that stands for secrets."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from pathlib import PurePath

from orchestrator.model.plan import Plan
from orchestrator.model.secret import Secret


def plan_digest(plan: Plan) -> str:
    """What `plan.digest` must be: over everything else in it."""
    return digest({field.name: getattr(plan, field.name) for field in fields(plan) if field.name != "digest"})


def digest(value: object) -> str:
    """SHA-256 (hex) over the canonical form: equal values, equal digests."""
    return sha256(canonical(value)).hexdigest()


def fingerprint(value: object, key: bytes) -> str:
    """HMAC-SHA256 (hex): shows that secrets changed, and without the key not even a guess can be tried."""
    return hmac.new(key, canonical(value), sha256).hexdigest()


def canonical(value: object) -> bytes:
    """JSON with sorted keys, no spaces and UTF-8. Dataclasses carry their type's name.

    Raises:
        ValueError: a number is not finite, or a text is no Unicode.
        TypeError: a value has no canonical form.
    """
    plain = _plain(value)
    return json.dumps(
        plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case Secret():
            raise TypeError("a secret has no canonical form: reveal it for a fingerprint, or leave it out")
        case None | bool() | int() | float() | str():
            return value
        case PurePath():
            return str(value)
        case Mapping():
            return {_key(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case set() | frozenset():
            return sorted((_plain(inner) for inner in value), key=canonical)
        case _ if is_dataclass(value):
            content = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
            return [type(value).__name__, content]
    raise TypeError(f"a {type(value).__name__} has no canonical form")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is no text")
    return key
