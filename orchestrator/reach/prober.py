"""Questions that the worker asks over the network itself, without a shell on the host."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.model.question import Answer, HttpProbe, SqlProbe, TcpProbe, TlsProbe
from orchestrator.reach.http_probe import ask_http
from orchestrator.reach.room import probe_room
from orchestrator.reach.tcp_probe import ask_tcp
from orchestrator.reach.tls_probe import ask_tls

if TYPE_CHECKING:
    from orchestrator.reach.sql_probe import Databases

Probe = TcpProbe | HttpProbe | TlsProbe | SqlProbe


class Prober:
    """Answers probes. A failed probe is an answer with its error, never an exception."""

    def __init__(self) -> None:
        self._databases: Databases | None = None
        self._places = asyncio.Semaphore(probe_room())

    async def ask(self, question: Probe) -> Answer:
        """Ask once it is its turn: hundreds at once would take the file descriptors of the connections.

        Raises:
            Exhausted: not what was asked but this machine is at fault.
        """
        async with self._places:
            return await self._ask(question)

    async def close(self) -> None:
        if self._databases is not None:
            self._databases.close()

    async def _ask(self, question: Probe) -> Answer:
        match question:
            case TcpProbe():
                return await ask_tcp(question)
            case HttpProbe():
                return await ask_http(question)
            case TlsProbe():
                return await ask_tls(question)
            case SqlProbe():
                return await self._sql().ask(question)

    def _sql(self) -> Databases:
        if self._databases is None:
            # SQLAlchemy takes 0.2 s to import: only rounds that ask a database pay for it.
            from orchestrator.reach.sql_probe import Databases

            self._databases = Databases()
        return self._databases
