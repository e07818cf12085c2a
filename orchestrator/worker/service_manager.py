"""Tells systemd how a worker fares: ready, alive, about to end. Speaks sd_notify(3) over its socket."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import MutableMapping

_SEND_SECONDS = 1.0
"""systemd reads at once. One that hangs must not keep a worker from its runs."""
_log = logging.getLogger(__name__)


class ServiceManager:
    """What started this process, where that is systemd and its unit is of `Type=notify`; else nobody."""

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        """
        Args:
            address: of its socket; "" when there is none.
            watchdog: seconds without a word after which it takes us for hung; None: it does not mind.
        """
        # A leading @ stands for the zero byte of a socket that has no file.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog = watchdog if address else None

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> ServiceManager:
        """As the environment tells. Takes it out: what we start is not who it waits for."""
        address = environment.pop("NOTIFY_SOCKET", "")
        period = environment.pop("WATCHDOG_USEC", "")
        watched = environment.pop("WATCHDOG_PID", "") in ("", str(os.getpid()))
        return cls(address, int(period) / 1e6 if watched and period.isdecimal() and int(period) else None)

    def ready(self, status: str) -> None:
        """What depends on this service may begin."""
        self._tell(f"READY=1\nSTATUS={status}")

    def stopping(self, status: str) -> None:
        """It ends because it was asked to."""
        self._tell(f"STOPPING=1\nSTATUS={status}")

    async def show_life(self) -> None:
        """Say that we live, again and again, for as long as the event loop that runs this turns."""
        if self._watchdog is None:
            return
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog / 3)

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
                speaker.settimeout(_SEND_SECONDS)
                speaker.sendto(words.encode(), self._address)
        except OSError as error:
            _log.warning("systemd could not be told %s: %s", words.partition("\n")[0], error)
