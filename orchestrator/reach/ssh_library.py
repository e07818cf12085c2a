"""asyncssh, loaded without its search for a library that is not needed."""

from __future__ import annotations

import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "asyncssh",
    "get_default_certificate_algs",
    "get_default_encryption_algs",
    "get_default_kex_algs",
    "get_default_public_key_algs",
]


@contextmanager
def _without_liboqs() -> Iterator[None]:
    """asyncssh looks for liboqs, which adds one key exchange that no host demands, by starting ldconfig, the
    compiler and the linker, and that twice: 70 ms of each command that reaches a host."""
    find = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None if name.endswith("oqs") else find(name)
    try:
        yield
    finally:
        ctypes.util.find_library = find


with _without_liboqs():
    import asyncssh
    from asyncssh.encryption import get_default_encryption_algs
    from asyncssh.kex import get_default_kex_algs
    from asyncssh.public_key import get_default_certificate_algs, get_default_public_key_algs
