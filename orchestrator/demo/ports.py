"""Finding ports on loopback that nobody uses."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

from orchestrator.errors import InputError
from orchestrator.language import Text

_TRIES = 200
_PATIENCE = 60.0
_TURN = "\0wardround-demo-ports"
"""An abstract socket: known to this network alone, and gone with its process, so nothing is left behind."""


@contextmanager
def own_turn() -> Iterator[None]:
    """Wait until no other demo is between choosing its ports and using them."""
    deadline = time.monotonic() + _PATIENCE
    with socket.socket(socket.AF_UNIX) as turn:
        while True:
            with suppress(OSError):
                turn.bind(_TURN)
                break
            if time.monotonic() > deadline:
                break  # whoever holds it is no demo; a taken port is said where it hurts
            time.sleep(0.05)
        yield


def free_port(addresses: Sequence[str], first: int, taken: Collection[int] = ()) -> int:
    """The first port from `first` on that is free on all addresses.

    Raises:
        InputError: there is none, or the addresses are not this machine's.
    """
    for port in range(first, first + _TRIES):
        if port not in taken and all(_is_free(address, port) for address in addresses):
            return port
    raise InputError(
        Text(
            f"回环地址 {addresses[0]} 上找不到空闲端口（{first} 起）",
            f"no free port on the loopback address {addresses[0]} from {first} on",
        ),
        Text("演示医院需要 Linux 的回环网络", "the demo hospital needs Linux's loopback network"),
    )


def answers(address: str, port: int, greeting: bytes = b"") -> bool:
    """Whether somebody accepts connections there, and begins to speak with `greeting`."""
    with suppress(OSError), socket.create_connection((address, port), timeout=2) as connection:
        return not greeting or connection.recv(len(greeting)) == greeting
    return False


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
