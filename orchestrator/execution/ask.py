"""All that a check may ask, answered from what is known in this round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from testinfra.backend.base import CommandResult
from testinfra.host import Host as TestinfraHost

from orchestrator.errors import CannotTell
from orchestrator.execution.backend import AnsweredBackend, answered_host
from orchestrator.execution.inquiry import Inquiry
from orchestrator.model.host import Host
from orchestrator.model.question import (
    HttpAnswer,
    HttpProbe,
    SqlAnswer,
    SqlProbe,
    TcpAnswer,
    TcpProbe,
    TlsAnswer,
    TlsProbe,
)
from orchestrator.planning.hosts import open_variables

Source = Callable[[str], bytes]
"""A site file of the plan, as frozen. Raises CannotTell when the plan has none of that path."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is the same for all checks of one host in one round."""

    name: str
    address: str
    variables: Mapping[str, object]
    now: datetime
    source: Source

    @classmethod
    def of(cls, host: Host, now: datetime, source: Source) -> Surroundings:
        return cls(host.name, host.connection.address, open_variables(host), now, source)


class AnsweredAsk:
    """An `Ask` for one check in one attempt."""

    def __init__(self, surroundings: Surroundings, inquiry: Inquiry) -> None:
        self._surroundings = surroundings
        self._inquiry = inquiry
        self._backend = AnsweredBackend(surroundings.name, inquiry)
        self._host: TestinfraHost | None = None

    @property
    def host(self) -> TestinfraHost:
        if self._host is None:
            self._host = answered_host(self._backend)
        return self._host

    @property
    def name(self) -> str:
        return self._surroundings.name

    @property
    def address(self) -> str:
        return self._surroundings.address

    @property
    def variables(self) -> Mapping[str, object]:
        return self._surroundings.variables

    @property
    def now(self) -> datetime:
        return self._surroundings.now

    def run(self, command: str, *arguments: str) -> CommandResult:
        return self._backend.ask(command, *arguments)

    def tcp(self, address: str, port: int) -> TcpAnswer:
        return self._inquiry.answer(TcpProbe(address, port, self._inquiry.timeout), TcpAnswer)

    def http(self, url: str, headers: Mapping[str, str] | None = None, *, verify: bool = True) -> HttpAnswer:
        probe = HttpProbe(url, tuple(sorted((headers or {}).items())), self._inquiry.timeout, verify)
        return self._inquiry.answer(probe, HttpAnswer)

    def tls(self, address: str, port: int, server_name: str = "") -> TlsAnswer:
        return self._inquiry.answer(TlsProbe(address, port, server_name, self._inquiry.timeout), TlsAnswer)

    def sql(self, url: str, statement: str) -> SqlAnswer:
        answer = self._inquiry.answer(SqlProbe(url, statement, self._inquiry.timeout), SqlAnswer)
        if answer.error is not None:
            raise CannotTell(answer.error)
        return answer

    def file(self, path: str) -> bytes:
        return self._surroundings.source(path)
