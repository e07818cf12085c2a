"""Finding ports on loopback that nobody uses."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from orchestrator.errors import InputError
from orchestrator.language import Text

_STEP, _TRIES = 100, 40
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


def free_shift(ports: Collection[int]) -> int:
    """How far to shift all `ports` so that none is in use, on no address at all.

    They move together, so that two demos at once have no port in common, not even that of a stopped service:
    hosts share this machine's network, and would take the other's service for their own.

    Raises:
        InputError: there is no room.
    """
    for shift in range(0, _STEP * _TRIES, _STEP):
        if all(is_free(port + shift) for port in ports):
            return shift
    raise InputError(
        Text("回环网络上找不到空闲端口", "there are no free ports on the loopback network"),
        Text("结束其他演示医院：wardround demo down", "end other demo hospitals: wardround demo down"),
    )


def is_free(port: int) -> bool:
    """Whether nobody uses that port on any address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def answers(address: str, port: int, greeting: bytes = b"") -> bool:
    """Whether somebody accepts connections there, and begins to speak with `greeting`."""
    with suppress(OSError), socket.create_connection((address, port), timeout=2) as connection:
        return not greeting or connection.recv(len(greeting)) == greeting
    return False
