"""For tests of check plugins, yours as well as ours: a host that answers from what it was given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host as TestinfraHost

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.question import (
    CommandAnswer,
    CommandEnd,
    HttpAnswer,
    SqlAnswer,
    TcpAnswer,
    TlsAnswer,
)

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class CannedAsk:
    """An `Ask` that answers from canned answers, and fails the test on a question that it does not know.

    Commands are keyed by their text after quoting, probes by what is asked for: `(address, port)`, URL or
    statement; site files by their path. `asked` lists the commands in the order of asking.
    """

    def __init__(
        self,
        commands: Mapping[str, CommandAnswer | str] | None = None,
        *,
        name: str = "host",
        address: str = "192.0.2.10",
        variables: Mapping[str, object] | None = None,
        now: datetime = datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
        tcp: Mapping[tuple[str, int], TcpAnswer] | None = None,
        http: Mapping[str, HttpAnswer] | None = None,
        tls: Mapping[tuple[str, int], TlsAnswer] | None = None,
        sql: Mapping[str, SqlAnswer] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        """A string among `commands` is what a command wrote that succeeded."""
        self.name = name
        self.address = address
        self.variables = dict(variables or {})
        self.now = now
        self._backend = _CannedBackend(name, commands or {})
        self.host = TestinfraHost(self._backend)
        self._backend.set_host(self.host)
        self._tcp, self._http, self._tls, self._sql = tcp or {}, http or {}, tls or {}, sql or {}
        self._files = files or {}

    @property
    def asked(self) -> tuple[str, ...]:
        return tuple(self._backend.asked)

    def run(self, command: str, *arguments: str) -> CommandResult:
        return self._backend.run(command, *arguments)

    def tcp(self, address: str, port: int) -> TcpAnswer:
        return _canned(self._tcp, (address, port))

    def http(self, url: str, headers: Mapping[str, str] | None = None, *, verify: bool = True) -> HttpAnswer:
        return _canned(self._http, url)

    def tls(self, address: str, port: int, server_name: str = "") -> TlsAnswer:
        return _canned(self._tls, (address, port))

    def sql(self, url: str, statement: str) -> SqlAnswer:
        answer = _canned(self._sql, statement)
        if answer.error is not None:
            raise CannotTell(answer.error)
        return answer

    def file(self, path: str) -> bytes:
        if path not in self._files:
            raise CannotTell(Text(f"计划中没有文件 {path}", f"the plan has no file {path}"))
        return self._files[path]


class _CannedBackend(BaseBackend):  # type: ignore[misc]  # testinfra ships no types
    """testinfra's way to the canned commands, so that its modules work as well."""

    NAME = "canned"

    def __init__(self, hostname: str, commands: Mapping[str, CommandAnswer | str]) -> None:
        super().__init__(hostname)
        self._commands = commands
        self.asked: list[str] = []

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        text = self.get_command(command, *args)
        self.asked.append(text)
        answer = _canned(self._commands, text)
        if isinstance(answer, str):
            answer = CommandAnswer(0, answer.encode(), b"")
        if answer.rc is None or answer.end is not CommandEnd.EXITED:
            raise CannotTell(Text(f"命令没有结束：{answer.end}", f"the command did not end: {answer.end}"))
        return self.result(answer.rc, text.encode(), answer.stdout, answer.stderr)

    def get_encoding(self) -> str:
        """No question to the host: a test cans what its check asks, and nothing else."""
        return "utf-8"


def _canned(answers: Mapping[Asked, Answered], question: Asked) -> Answered:
    if question not in answers:
        raise AssertionError(f"no answer is canned for {question!r}; there is one for {list(answers)!r}")
    return answers[question]
