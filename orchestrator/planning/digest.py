"""The canonical form of a value, its SHA-256, and the keyed fingerprint that stands for secrets."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from json.encoder import encode_basestring
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
    return _written(value, {}).encode()


def _written(value: object, done: dict[int, tuple[object, str]]) -> str:
    """`value` as JSON text.

    Args:
        done: what each dataclass and tuple came to, by its `id`, which is its own as long as it is held here.
            A plan's hosts share their checks, so that twenty checks on a thousand hosts are written once.
            It lives no longer than one call of `canonical`: nothing altered slips through.
    """
    known = done.get(id(value))
    if known is not None:
        return known[1]
    match value:
        case str():
            return encode_basestring(value)
        case Enum():
            return _written(value.value, done)
        case None | bool() | int() | float():
            return json.dumps(value, allow_nan=False)
        case Mapping():
            return _object({_key(key): _written(inner, done) for key, inner in value.items()})
        case tuple():
            done[id(value)] = value, _listed(value, done)
            return done[id(value)][1]
        case list():
            return _listed(value, done)
        case PurePath():
            return encode_basestring(str(value))
        case Secret():
            raise TypeError("a secret has no canonical form: reveal it for a fingerprint, or leave it out")
        case set() | frozenset():
            return f"[{','.join(sorted((_written(inner, done) for inner in value), key=str.encode))}]"
        case _ if is_dataclass(value) and not isinstance(value, type):
            content = {name: _written(getattr(value, name), done) for name in _names(type(value))}
            done[id(value)] = value, f"[{encode_basestring(type(value).__name__)},{_object(content)}]"
            return done[id(value)][1]
    raise TypeError(f"a {type(value).__name__} has no canonical form")


def _listed(values: Sequence[object], done: dict[int, tuple[object, str]]) -> str:
    return f"[{','.join([_written(inner, done) for inner in values])}]"


def _object(members: Mapping[str, str]) -> str:
    return f"{{{','.join([f'{encode_basestring(name)}:{members[name]}' for name in sorted(members)])}}}"


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is no text")
    return key
